#include "storage/rocksdb/commit_queue.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "common/errors.h"
#include "storage/rocksdb/status.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

std::size_t BytesOf(const CommitRequest& request) {
  std::size_t bytes = sizeof(CommitRequest) + request.partition.size();
  for (const Write& write : request.writes) {
    bytes += sizeof(Write) + write.key.size() + (write.value.has_value() ? write.value->size() : 0);
  }
  return bytes;
}

CommitResult Failed(absl::Status why) { return {Outcome::kFailed, {}, std::move(why)}; }
absl::Status Stopping() { return errors::EngineUnavailable("the store is being closed"); }

}  // namespace

CommitQueue::CommitQueue(std::size_t max_bytes) : max_bytes_(max_bytes), watcher_([this] { WatchDeadlines(); }) {}

CommitQueue::~CommitQueue() {
  {
    absl::MutexLock lock(&mutex_);
    finished_ = true;
    look_earlier_.Signal();
  }
  watcher_.join();
}

absl::Status CommitQueue::Admit(const CommitRequest& request, std::size_t bytes) const {
  if (stopped_) return Stopping();
  if (request.deadline < absl::Now()) return PastDeadline();
  if (!waiting_.empty() && waiting_bytes_ + bytes > max_bytes_) {
    return errors::EngineUnavailable("too many commits are waiting");
  }
  return absl::OkStatus();
}

void CommitQueue::Push(CommitRequest request, CommitCallback done) {
  const std::size_t bytes = BytesOf(request);
  absl::Status admitted;
  {
    absl::MutexLock lock(&mutex_);
    admitted = Admit(request, bytes);
    if (admitted.ok()) {
      if (request.deadline < next_look_) {
        next_look_ = request.deadline;
        look_earlier_.Signal();
      }
      waiting_.push_back({std::move(request), std::move(done), bytes});
      waiting_bytes_ += bytes;
      if (waiting_.size() == 1) arrived_.Signal();
    }
  }
  if (!admitted.ok()) std::move(done)(Failed(std::move(admitted)));
}

std::vector<CommitRequest> CommitQueue::TakeGroup(std::size_t max_bytes) {
  std::vector<CommitRequest> group;
  absl::MutexLock lock(&mutex_);
  while (waiting_.empty() && !stopped_) arrived_.Wait(&mutex_);
  std::size_t bytes = 0;
  while (!waiting_.empty() && (group.empty() || bytes + waiting_.front().bytes <= max_bytes)) {
    Waiting& next = waiting_.front();
    bytes += next.bytes;
    waiting_bytes_ -= next.bytes;
    taken_.push_back({next.request.deadline, std::move(next.done)});
    group.push_back(std::move(next.request));
    waiting_.pop_front();
  }
  return group;
}

void CommitQueue::Finish(std::vector<CommitResult> results) {
  std::vector<Taken> taken;
  {
    absl::MutexLock lock(&mutex_);
    taken.swap(taken_);
  }
  for (std::size_t i = 0; i < taken.size(); ++i) {
    if (taken[i].done) std::move(taken[i].done)(std::move(results[i]));
  }
}

void CommitQueue::Stop() {
  Answers answers;
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
    for (Waiting& waiting : waiting_) answers.emplace_back(std::move(waiting.done), Failed(Stopping()));
    waiting_.clear();
    waiting_bytes_ = 0;
    arrived_.Signal();
  }
  Deliver(std::move(answers));
}

void CommitQueue::WatchDeadlines() {
  absl::MutexLock lock(&mutex_);
  while (!finished_) {
    look_earlier_.WaitWithDeadline(&mutex_, next_look_);
    Answers expired = TakeExpired(absl::Now());
    if (expired.empty()) continue;
    mutex_.Unlock();
    Deliver(std::move(expired));
    mutex_.Lock();
  }
}

CommitQueue::Answers CommitQueue::TakeExpired(absl::Time now) {
  Answers expired;
  if (now < next_look_) return expired;
  next_look_ = absl::InfiniteFuture();
  for (Waiting& waiting : waiting_) {
    if (waiting.request.deadline <= now) {
      expired.emplace_back(std::move(waiting.done), Failed(PastDeadline()));
      waiting_bytes_ -= waiting.bytes;
    } else {
      next_look_ = std::min(next_look_, waiting.request.deadline);
    }
  }
  std::erase_if(waiting_, [now](const Waiting& waiting) { return waiting.request.deadline <= now; });
  for (Taken& taken : taken_) {
    if (!taken.done) continue;
    if (taken.deadline <= now) {
      expired.emplace_back(std::exchange(taken.done, nullptr), CommitResult{Outcome::kUnknown, {}, absl::OkStatus()});
    } else {
      next_look_ = std::min(next_look_, taken.deadline);
    }
  }
  return expired;
}

void CommitQueue::Deliver(Answers answers) {
  for (auto& [done, result] : answers) std::move(done)(std::move(result));
}

}  // namespace labyrinth::storage
