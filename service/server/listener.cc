#include "service/server/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "service/config/listen_address.h"

namespace labyrinth::service {

namespace {

// A full batch of messages and its ids.
constexpr int kMaxRequestBytes = 3 << 20;
// One page, and room for what isn't ciphertext.
constexpr int kMaxReplyBytes = 4 << 20;
constexpr unsigned kCertificateRefreshSeconds = 10;
// The longest account token, a session and what gRPC adds; gRPC's default would refuse the longest token.
constexpr int kMaxMetadataBytes = 16 << 10;
// On one connection: a client library holds dozens at once, not thousands.
constexpr int kMaxConcurrentCalls = 1024;
// Clients that went away without a word are found out in about a minute.
constexpr int kKeepaliveMs = 45'000;
constexpr int kKeepaliveTimeoutMs = 15'000;
constexpr int kLeastClientPingMs = 10'000;

std::shared_ptr<grpc::ServerCredentials> CredentialsOf(const ServerConfig& config) {
  if (config.dev) return grpc::InsecureServerCredentials();
  using grpc::experimental::FileWatcherCertificateProvider;
  auto provider = std::make_shared<FileWatcherCertificateProvider>(config.tls.key_file, config.tls.cert_file,
                                                                   kCertificateRefreshSeconds);
  grpc::experimental::TlsServerCredentialsOptions options(provider);
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE);
  return grpc::experimental::TlsServerCredentials(options);
}

// gRPC doesn't tell, so the address is tried by hand.
std::string WhyNotBound(const ListenAddress& address) {
  sockaddr_storage storage{};
  socklen_t size;
  if (address.is_v6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port);
    inet_pton(AF_INET6, address.host.c_str(), &v6.sin6_addr);
    size = sizeof(v6);
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    inet_pton(AF_INET, address.host.c_str(), &v4.sin_addr);
    size = sizeof(v4);
  }
  const int fd = socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool bound = fd >= 0 && bind(fd, reinterpret_cast<const sockaddr*>(&storage), size) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  return bound ? "can't be bound" : std::strerror(error);
}

}  // namespace

absl::StatusOr<Listener> Listen(const ServerConfig& config, const std::vector<grpc::Service*>& services) {
  const auto address = ListenAddress::Parse(config.listen);
  if (!address.has_value()) return absl::InvalidArgumentError(fmt::format("listen: {}: not HOST:PORT", config.listen));
  grpc::EnableDefaultHealthCheckService(true);

  Listener listener;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address->ToString(), CredentialsOf(config), &listener.port);
  // Two servers on one port would share its connections, and each see half of a client's calls.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kLeastClientPingMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, kMaxMetadataBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxConcurrentCalls);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.SetMaxSendMessageSize(kMaxReplyBytes);
  for (grpc::Service* service : services) builder.RegisterService(service);
  listener.server = builder.BuildAndStart();
  if (listener.server == nullptr || listener.port == 0) {
    return absl::FailedPreconditionError(fmt::format("listen: {}: {}", config.listen, WhyNotBound(*address)));
  }
  return listener;
}

absl::Status WritePortFile(const std::string& path, int port) {
  const auto failure = [&] { return absl::FailedPreconditionError(fmt::format("{}: {}", path, strerror(errno))); };
  const std::string temporary = path + ".new";
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return failure();
  const std::string text = fmt::format("{}\n", port);
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(file);
  if (!written || rename(temporary.c_str(), path.c_str()) != 0) return failure();
  return absl::OkStatus();
}

}  // namespace labyrinth::service
