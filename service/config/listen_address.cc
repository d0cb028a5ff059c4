#include "service/config/listen_address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

namespace labyrinth::service {

std::optional<ListenAddress> ListenAddress::Parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  ListenAddress out;
  const std::string_view port = text.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (error != std::errc() || end != port.data() + port.size() || port.empty()) return std::nullopt;

  std::string_view host = text.substr(0, colon);
  if (host == "localhost") host = "127.0.0.1";
  out.is_v6 = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (out.is_v6) host = host.substr(1, host.size() - 2);
  out.host = std::string(host);
  in6_addr scratch;
  if (inet_pton(out.is_v6 ? AF_INET6 : AF_INET, out.host.c_str(), &scratch) != 1) return std::nullopt;
  return out;
}

bool ListenAddress::is_loopback() const {
  if (is_v6) {
    in6_addr address;
    return inet_pton(AF_INET6, host.c_str(), &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
  }
  in_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

std::string ListenAddress::ToString() const {
  return is_v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace labyrinth::service
