#include "service/server/admin_listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grpcpp/security/server_credentials.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace labyrinth::service {

namespace {

using ExternalConnectionType = grpc::ServerBuilder::experimental_type::ExternalConnectionType;

}  // namespace

absl::StatusOr<std::unique_ptr<AdminListener>> AdminListener::Listen(const std::string& path, mode_t mode,
                                                                     grpc::Service& service, Log& log) {
  auto socket = UnixListener::Open(path, mode);
  if (!socket.ok()) return socket.status();
  const int stop = eventfd(0, EFD_CLOEXEC);
  if (stop < 0) return absl::FailedPreconditionError(fmt::format("{}: no descriptor is left", path));
  std::unique_ptr<AdminListener> listener(new AdminListener(*std::move(socket), stop, log));

  grpc::ServerBuilder builder;
  listener->acceptor_ = builder.experimental().AddExternalConnectionAcceptor(ExternalConnectionType::FROM_FD,
                                                                             grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  listener->server_ = builder.BuildAndStart();
  if (listener->server_ == nullptr) return absl::FailedPreconditionError(fmt::format("{}: can't be served", path));
  listener->accepting_ = std::thread([raw = listener.get()] { raw->AcceptLoop(); });
  return listener;
}

void AdminListener::AcceptLoop() {
  for (;;) {
    pollfd waits[] = {{stop_, POLLIN, 0}, {socket_.descriptor(), POLLIN, 0}};
    if (poll(waits, 2, -1) < 0) continue;  // EINTR
    if (waits[0].revents != 0) return;
    const int fd = accept4(socket_.descriptor(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      // It went away, or there is no descriptor left: then looking again at once would only burn time.
      pollfd rest = {stop_, POLLIN, 0};
      poll(&rest, 1, 100);
      continue;
    }
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) {
      log_.Event(LogLevel::kInfo, "admin_connected").Count("uid", peer.uid);
    }
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.listener_fd = socket_.descriptor();
    connection.fd = fd;
    acceptor_->HandleNewConnection(&connection);
  }
}

void AdminListener::Shutdown(std::chrono::system_clock::time_point deadline) {
  if (accepting_.joinable()) {
    const uint64_t one = 1;
    (void)!write(stop_, &one, sizeof(one));
    accepting_.join();
  }
  if (server_ == nullptr) return;
  server_->Shutdown(deadline);
  server_->Wait();
  server_.reset();
}

AdminListener::~AdminListener() {
  Shutdown(std::chrono::system_clock::now());
  close(stop_);
}

}  // namespace labyrinth::service
