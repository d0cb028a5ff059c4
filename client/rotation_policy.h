// When a device opens a fresh epoch of its own accord (protocol section 5). Pure: no calls, no clock.
#ifndef LABYRINTH_CLIENT_ROTATION_POLICY_H_
#define LABYRINTH_CLIENT_ROTATION_POLICY_H_

#include <cstdint>

namespace labyrinth::client {

inline constexpr int64_t kDayMs = 24 * 3'600 * 1'000;

// A rotation bounds what a stolen copy of a device's keys is good for: an epoch's key opens all before it, and nothing
// after the next rotation that the thief has no part in. Cheap (one call, an entropy a member), so on by default.
struct RotationPolicy {
  int64_t max_epoch_age_ms = 30 * kDayMs;  // 0: never for its age
  int64_t max_absence_ms = 30 * kDayMs;    // 0: never for an absence
};

struct RotationTimes {
  int64_t now_ms = 0;
  int64_t opened_ms = 0;      // the newest epoch, by its opener's clock
  int64_t last_write_ms = 0;  // this device last saved or rotated, by its own clock; 0: not known
};

enum class RotationDue { kNo, kEpochAge, kAbsence };

// A time that lies ahead is another clock's fault and never makes a rotation due, or two devices whose clocks differ
// would rotate in turn for ever.
RotationDue DecideRotation(const RotationPolicy& policy, const RotationTimes& times);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ROTATION_POLICY_H_
