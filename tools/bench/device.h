// A device of a mailbox, for a load that calls the server without the client library.
#ifndef LABYRINTH_TOOLS_BENCH_DEVICE_H_
#define LABYRINTH_TOOLS_BENCH_DEVICE_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/client.h"
#include "common/random.h"
#include "crypto/primitives/secret.h"
#include "proto/labyrinth/v1/mailbox.grpc.pb.h"

namespace labyrinth::bench {

inline constexpr char kSessionHeader[] = "x-labyrinth-session";

// What the client library's keychain holds, signed in by hand. Encrypting is left out of every measurement: the load is
// random bytes. Thread-compatible.
class Device {
 public:
  // Makes the account's mailbox, with this as its first device. The profile goes to `profile_dir`.
  static absl::StatusOr<std::unique_ptr<Device>> Create(const std::string& endpoint, const std::string& account,
                                                        const std::string& profile_dir);
  // Joins it by a recovery code, which opens an epoch: whoever saves goes by this device's epoch_id() from then on.
  static absl::StatusOr<std::unique_ptr<Device>> Join(const std::string& endpoint, const std::string& account,
                                                      const std::string& profile_dir, const crypto::Secret& code);

  // Two calls and a signature; returns the session header's text.
  absl::StatusOr<std::string> SignIn(v1::MailboxService::Stub& stub);
  // For as long as a session lasts: 15 minutes.
  const std::string& session() const { return session_; }
  uint64_t epoch_id() const { return epoch_id_; }
  client::LabyrinthClient& client() { return *client_; }

 private:
  explicit Device(std::unique_ptr<client::LabyrinthClient> client) : client_(std::move(client)) {}
  // Of a client that is a device by now.
  static absl::StatusOr<std::unique_ptr<Device>> SignedIn(const std::string& endpoint,
                                                          std::unique_ptr<client::LabyrinthClient> client);

  const std::unique_ptr<client::LabyrinthClient> client_;
  std::string token_;
  std::string session_;
  uint64_t epoch_id_ = 0;
};

// The development server's options for an account.
client::ClientOptions DevOptions(const std::string& endpoint, const std::string& account);

// A connection of its own, with nothing shared.
std::shared_ptr<grpc::Channel> NewChannel(const std::string& endpoint);

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_DEVICE_H_
