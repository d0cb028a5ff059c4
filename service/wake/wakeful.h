// What happens to a partition by itself, because its time has come.
#ifndef LABYRINTH_SERVICE_WAKE_WAKEFUL_H_
#define LABYRINTH_SERVICE_WAKE_WAKEFUL_H_

#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"

namespace labyrinth::service {

// Sees to the due partitions of one kind. Thread-safe.
class Wakeful {
 public:
  using Done = absl::AnyInvocable<void(absl::Status) &&>;

  virtual ~Wakeful() = default;

  // Whether the partition is of this kind.
  virtual bool Owns(std::string_view partition) const = 0;

  // Does a bounded part of what is due there, and sets the wake time to what is due next. Idempotent: partitions are
  // woken for nothing, and again by other nodes. Answers by the deadline; after an error the partition is still due.
  virtual void Wake(const std::string& partition, absl::Time deadline, Done done) = 0;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_WAKE_WAKEFUL_H_
