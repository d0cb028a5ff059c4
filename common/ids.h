// Identifiers of the protocol's objects. Numbers are random, non-zero, below 2^63 and never reused; the epoch id is
// printed in decimal inside the key schedule.
#ifndef LABYRINTH_COMMON_IDS_H_
#define LABYRINTH_COMMON_IDS_H_

#include <compare>
#include <cstdint>
#include <utility>

#include "common/bytes.h"

namespace labyrinth {

// A number that names one kind of object. It has no stream operator on purpose: ids stay out of logs and error texts.
template <typename Tag>
class NumericId {
 public:
  constexpr NumericId() = default;  // zero, which names nothing
  explicit constexpr NumericId(uint64_t value) : value_(value) {}

  constexpr uint64_t value() const { return value_; }
  constexpr bool valid() const { return value_ != 0 && value_ >> 63 == 0; }

  friend bool operator==(NumericId, NumericId) = default;
  friend std::strong_ordering operator<=>(NumericId, NumericId) = default;

  template <typename H>
  friend H AbslHashValue(H h, NumericId id) {
    return H::combine(std::move(h), id.value_);
  }

 private:
  uint64_t value_ = 0;
};

using DeviceId = NumericId<struct DeviceIdTag>;  // a physical or virtual device
using EpochId = NumericId<struct EpochIdTag>;

using MailboxId = FixedBytes<16, struct MailboxIdTag>;  // the protocol's labyrinthID
using VirtualDeviceId =
    FixedBytes<16, struct VirtualDeviceIdTag>;          // derived from a recovery code; not the device's number
using RequestId = FixedBytes<16, struct RequestIdTag>;  // drawn by the client, makes a repeated call one call

}  // namespace labyrinth

#endif  // LABYRINTH_COMMON_IDS_H_
