// HOST:PORT with a numeric host.
#ifndef LABYRINTH_SERVICE_CONFIG_LISTEN_ADDRESS_H_
#define LABYRINTH_SERVICE_CONFIG_LISTEN_ADDRESS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace labyrinth::service {

// Names are refused, but for "localhost" (127.0.0.1): what a name resolves to can change between the check and the
// bind.
struct ListenAddress {
  std::string host;  // without brackets
  uint16_t port = 0;
  bool is_v6 = false;

  static std::optional<ListenAddress> Parse(std::string_view text);
  bool is_loopback() const;
  std::string ToString() const;  // as gRPC takes it
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_CONFIG_LISTEN_ADDRESS_H_
