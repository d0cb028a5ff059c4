// The connection: TLS, or plaintext that can't leave the machine.
#ifndef LABYRINTH_CLIENT_CHANNEL_H_
#define LABYRINTH_CLIENT_CHANNEL_H_

#include <grpcpp/channel.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace labyrinth::client {

// True for unix sockets, "localhost", 127.0.0.0/8 and [::1], each with a port (sockets without).
bool IsLoopback(std::string_view endpoint);

// With `ca_file`: TLS that trusts the certificates in it alone. Without: plaintext. INVALID_ARGUMENT for plaintext to
// anything but loopback, an empty endpoint, or a CA file that can't be read. Doesn't connect yet.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& endpoint, const std::string& ca_file);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_CHANNEL_H_
