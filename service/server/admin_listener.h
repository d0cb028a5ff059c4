// The sockets that operators reach: unix sockets, with a gRPC server of their own.
#ifndef LABYRINTH_SERVICE_SERVER_ADMIN_LISTENER_H_
#define LABYRINTH_SERVICE_SERVER_ADMIN_LISTENER_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "common/unix_socket.h"
#include "service/log/log.h"

namespace labyrinth::service {

// Serves one service on one unix socket. gRPC tells no handler who its peer is, so connections are accepted here and
// the peer's uid is logged then (`admin_connected`). Thread-compatible.
class AdminListener {
 public:
  // `service` and `log` outlive it. FAILED_PRECONDITION in one line that names the path.
  static absl::StatusOr<std::unique_ptr<AdminListener>> Listen(const std::string& path, mode_t mode,
                                                               grpc::Service& service, Log& log);
  // As Shutdown, at once.
  ~AdminListener();
  AdminListener(const AdminListener&) = delete;
  AdminListener& operator=(const AdminListener&) = delete;

  // Takes no more connections, lets running calls end until the deadline, and cancels the rest. Removes the socket.
  void Shutdown(std::chrono::system_clock::time_point deadline);

 private:
  AdminListener(UnixListener socket, int stop, Log& log) : socket_(std::move(socket)), stop_(stop), log_(log) {}

  void AcceptLoop();

  UnixListener socket_;
  const int stop_;  // an eventfd that wakes the loop for its end
  Log& log_;
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::unique_ptr<grpc::Server> server_;
  std::thread accepting_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_SERVER_ADMIN_LISTENER_H_
