// What the clients of a recorded history share: the counter of their calls, and what they know of each other.
#ifndef LABYRINTH_TESTS_FAULT_HISTORY_STAGE_H_
#define LABYRINTH_TESTS_FAULT_HISTORY_STAGE_H_

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "tests/fault/history.h"

namespace labyrinth::fault {

struct Message {
  std::string id, thread_id;
  int64_t timestamp_ms = 0;
};

// What the actors share. Thread-safe.
class Stage {
  static constexpr std::size_t kRecent = 64;
  static constexpr int kThreads = 3;  // of messages

 public:
  explicit Stage(uint64_t calls) : calls_(calls) {}

  uint64_t Tick() { return ++now_; }
  bool over() const { return made_ >= calls_ || absl::Now() > give_up_; }
  uint64_t made() const { return made_; }

  void Write(CallRecord record) ABSL_LOCKS_EXCLUDED(mutex_) {
    ++made_;
    absl::MutexLock lock(&mutex_);
    records_.push_back(std::move(record));
  }
  Message NewMessage() {
    const int64_t at = ++timestamp_ms_;
    return {fmt::format("m{}", at), fmt::format("t{}", at % kThreads), at};
  }
  void Saved(const Message& message) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    recent_.push_back(message);
    if (recent_.size() > kRecent) recent_.pop_front();
  }
  std::optional<Message> Recent(uint64_t draw) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (recent_.empty()) return std::nullopt;
    return recent_[draw % recent_.size()];
  }
  void Comes(uint64_t device_id) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    acting_.insert(device_id);
  }
  void Goes(uint64_t device_id) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    acting_.erase(device_id);
  }
  // Registered by a call without an answer, so that nobody acts as it.
  bool IsStray(uint64_t device_id) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return !acting_.contains(device_id);
  }
  std::vector<CallRecord> Take() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return std::move(records_);
  }

 private:
  const uint64_t calls_;
  const absl::Time give_up_ = absl::Now() + absl::Minutes(20);
  std::atomic<uint64_t> now_{0}, made_{0};
  std::atomic<int64_t> timestamp_ms_{0};
  absl::Mutex mutex_;
  std::vector<CallRecord> records_ ABSL_GUARDED_BY(mutex_);
  std::deque<Message> recent_ ABSL_GUARDED_BY(mutex_);
  std::set<uint64_t> acting_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_HISTORY_STAGE_H_
