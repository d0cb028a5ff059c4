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

std::size_t BytesOf(const BlobWrite& write) {
  return sizeof(BlobWrite) + (write.chunk.has_value() ? write.chunk->data.size() : 0);
}

std::size_t BytesOf(const LogMark&) { return sizeof(LogMark); }

CommitResult Failed(absl::Status why) { return {Outcome::kFailed, {}, std::move(why)}; }
absl::Status Stopping() { return errors::EngineUnavailable("the store is being closed"); }

}  // namespace

CommitQueue::CommitQueue(Bytes max_bytes)
    : commits_{max_bytes.commits, {}}, blobs_{max_bytes.blobs, {}}, watcher_([this] { WatchDeadlines(); }) {}

CommitQueue::~CommitQueue() {
  {
    absl::MutexLock lock(&mutex_);
    finished_ = true;
    look_earlier_.Signal();
  }
  watcher_.join();
}

absl::Status CommitQueue::Admit(const Lane& lane, absl::Time deadline, std::size_t bytes) const {
  if (stopped_) return Stopping();
  if (deadline < absl::Now()) return PastDeadline();
  if (!lane.waiting.empty() && lane.bytes + bytes > lane.max_bytes) {
    return errors::EngineUnavailable("too many writes are waiting");
  }
  return absl::OkStatus();
}

void CommitQueue::Push(QueuedWrite write, CommitCallback done) {
  const auto [bytes, deadline] = std::visit([](const auto& w) { return std::pair(BytesOf(w), w.deadline); }, write);
  absl::Status admitted;
  {
    absl::MutexLock lock(&mutex_);
    Lane& lane = std::holds_alternative<BlobWrite>(write) ? blobs_ : commits_;
    admitted = Admit(lane, deadline, bytes);
    if (admitted.ok()) {
      if (deadline < next_look_) {
        next_look_ = deadline;
        look_earlier_.Signal();
      }
      lane.waiting.push_back({std::move(write), deadline, std::move(done), bytes});
      lane.bytes += bytes;
      if (lane.waiting.size() == 1) arrived_.Signal();
    }
  }
  if (!admitted.ok()) std::move(done)(Failed(std::move(admitted)));
}

std::vector<QueuedWrite> CommitQueue::TakeGroup(Bytes max_bytes) {
  std::vector<QueuedWrite> group;
  absl::MutexLock lock(&mutex_);
  while (commits_.waiting.empty() && blobs_.waiting.empty() && !stopped_) arrived_.Wait(&mutex_);
  Take(commits_, max_bytes.commits, group);
  Take(blobs_, max_bytes.blobs, group);
  return group;
}

void CommitQueue::Take(Lane& lane, std::size_t max_bytes, std::vector<QueuedWrite>& group) {
  for (std::size_t bytes = 0; !lane.waiting.empty();) {
    Waiting& next = lane.waiting.front();
    if (bytes > 0 && bytes + next.bytes > max_bytes) return;
    bytes += next.bytes;
    lane.bytes -= next.bytes;
    taken_.push_back({next.deadline, std::move(next.done)});
    group.push_back(std::move(next.write));
    lane.waiting.pop_front();
  }
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
    for (Lane* lane : {&commits_, &blobs_}) {
      for (Waiting& waiting : lane->waiting) answers.emplace_back(std::move(waiting.done), Failed(Stopping()));
      lane->waiting.clear();
      lane->bytes = 0;
    }
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
  for (Lane* lane : {&commits_, &blobs_}) {
    for (Waiting& waiting : lane->waiting) {
      if (waiting.deadline <= now) {
        expired.emplace_back(std::move(waiting.done), Failed(PastDeadline()));
        lane->bytes -= waiting.bytes;
      } else {
        next_look_ = std::min(next_look_, waiting.deadline);
      }
    }
    std::erase_if(lane->waiting, [now](const Waiting& waiting) { return waiting.deadline <= now; });
  }
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
