#include "client/rotation_policy.h"

namespace labyrinth::client {
namespace {

bool Passed(int64_t limit_ms, int64_t since_ms, int64_t now_ms) {
  return limit_ms > 0 && now_ms > since_ms && now_ms - since_ms > limit_ms;
}

}  // namespace

RotationDue DecideRotation(const RotationPolicy& policy, const RotationTimes& times) {
  if (times.last_write_ms > 0 && Passed(policy.max_absence_ms, times.last_write_ms, times.now_ms)) {
    return RotationDue::kAbsence;
  }
  if (Passed(policy.max_epoch_age_ms, times.opened_ms, times.now_ms)) return RotationDue::kEpochAge;
  return RotationDue::kNo;
}

}  // namespace labyrinth::client
