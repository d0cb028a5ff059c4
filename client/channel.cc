#include "client/channel.h"

#include <arpa/inet.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <fstream>
#include <sstream>

namespace labyrinth::client {

bool IsLoopback(std::string_view endpoint) {
  if (endpoint.starts_with("unix:")) return true;
  const std::size_t colon = endpoint.rfind(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view port = endpoint.substr(colon + 1);
  if (port.empty() || port.find_first_not_of("0123456789") != std::string_view::npos) return false;
  const std::string host(endpoint.substr(0, colon));
  if (host == "localhost" || host == "[::1]") return true;
  // Parsed, not compared: "127.0.0.1.example.org" is somebody else's name.
  in_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 && (ntohl(address.s_addr) >> 24) == 127;
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const std::string& endpoint, const std::string& ca_file) {
  if (endpoint.empty()) return absl::InvalidArgumentError("endpoint: required");
  if (ca_file.empty()) {
    if (!IsLoopback(endpoint)) {
      return absl::InvalidArgumentError("endpoint: plaintext is for loopback only: name a CA file (ca_file)");
    }
    return grpc::CreateChannel(endpoint, grpc::InsecureChannelCredentials());
  }
  std::ifstream file(ca_file, std::ios::binary);
  std::ostringstream pem;
  pem << file.rdbuf();
  if (!file || pem.str().find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
    return absl::InvalidArgumentError("ca_file: can't be read, or holds no PEM certificate");
  }
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = pem.str();
  return grpc::CreateChannel(endpoint, grpc::SslCredentials(options));
}

}  // namespace labyrinth::client
