// The socket that clients reach.
#ifndef LABYRINTH_SERVICE_SERVER_LISTENER_H_
#define LABYRINTH_SERVICE_SERVER_LISTENER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/config/server_config.h"

namespace labyrinth::service {

struct Listener {
  std::unique_ptr<grpc::Server> server;
  int port = 0;  // that was bound
};

// Serves `services` (which outlive the server) and the health service, over TLS from files that are read again when
// they change, or over plaintext on a development server's loopback. FAILED_PRECONDITION in one line, naming the
// address, if it can't be bound.
absl::StatusOr<Listener> Listen(const ServerConfig& config, const std::vector<grpc::Service*>& services);

// Writes the bound port for whoever started the server, whole or not at all.
absl::Status WritePortFile(const std::string& path, int port);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_SERVER_LISTENER_H_
