// What the log calls a mailbox.
#ifndef LABYRINTH_SERVICE_LOG_PSEUDONYM_H_
#define LABYRINTH_SERVICE_LOG_PSEUDONYM_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "common/ids.h"
#include "crypto/primitives/secret.h"
#include "service/log/fields.h"

namespace labyrinth::service {

// pseudonym = "p" || period || ":" || first 4 bytes of mac(partition, mac(u64 period, key)), period being the UTC day.
// Lines of one mailbox and day belong together; across days, or without the key, they can't be joined. Whoever
// holds the store's key can compute them, which is how an operator finds a mailbox's lines. Thread-safe.
class Pseudonyms {
 public:
  static constexpr int64_t kPeriodMs = int64_t{24} * 3600 * 1000;

  // Both outlive the object.
  Pseudonyms(const crypto::Secret& key, const Clock& clock) : key_(key), clock_(clock) {}

  Pseudonym Of(std::string_view partition) const { return At(clock_.NowMs() / kPeriodMs, partition); }
  // What the log of that day calls it.
  Pseudonym At(int64_t period, std::string_view partition) const;
  // The period that a pseudonym's text begins with; nullopt if it is none.
  static std::optional<int64_t> PeriodOf(std::string_view text);

  // "d:8f2c91d0": what the operator's tools call a device of a mailbox, on any day. Never in a log.
  std::string DeviceHandle(std::string_view partition, DeviceId id) const;

 private:
  struct Period {
    int64_t number;
    crypto::Secret key;
  };

  std::shared_ptr<const Period> PeriodAt(int64_t number) const ABSL_LOCKS_EXCLUDED(mutex_);

  const crypto::Secret& key_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  mutable std::shared_ptr<const Period> period_ ABSL_GUARDED_BY(mutex_);  // the last one asked for
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_LOG_PSEUDONYM_H_
