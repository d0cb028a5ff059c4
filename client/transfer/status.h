// Statuses with a place in front of their text.
#ifndef LABYRINTH_CLIENT_TRANSFER_STATUS_H_
#define LABYRINTH_CLIENT_TRANSFER_STATUS_H_

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace labyrinth::client {

inline std::string_view TextOf(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

// "place: text"; code and payloads stay.
inline absl::Status In(std::string_view place, const absl::Status& status) {
  absl::Status out(status.code(), fmt::format("{}: {}", place, TextOf(status)));
  status.ForEachPayload([&out](auto url, const absl::Cord& payload) { out.SetPayload(url, payload); });
  return out;
}

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_STATUS_H_
