#include "storage/memory/faulty_engine.h"

#include <algorithm>
#include <utility>

#include "absl/synchronization/notification.h"
#include "common/errors.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

absl::Status Injected() { return errors::EngineUnavailable("an injected fault"); }
CommitResult Unknown() { return {Outcome::kUnknown, {}, absl::OkStatus()}; }

}  // namespace

FaultyEngine::~FaultyEngine() {
  std::deque<Held> held;
  {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](std::size_t* awaited) { return *awaited == 0; }, &replies_awaited_));
    held.swap(held_);
  }
  for (Held& call : held) std::move(call)(false);
}

void FaultyEngine::ScriptCommits(std::initializer_list<CommitFault> faults) {
  absl::MutexLock lock(&mutex_);
  commit_script_.insert(commit_script_.end(), faults);
}

void FaultyEngine::ScriptReads(std::initializer_list<ReadFault> faults) {
  absl::MutexLock lock(&mutex_);
  read_script_.insert(read_script_.end(), faults);
}

void FaultyEngine::Randomize(uint64_t seed, const FaultMix& mix) {
  absl::MutexLock lock(&mutex_);
  random_.seed(seed);
  mix_ = mix;
}

std::size_t FaultyEngine::Release(std::size_t count) {
  std::deque<Held> released;
  {
    absl::MutexLock lock(&mutex_);
    count = std::min(count, held_.size());
    for (std::size_t i = 0; i < count; ++i) {
      released.push_back(std::move(held_.front()));
      held_.pop_front();
    }
  }
  for (Held& call : released) std::move(call)(true);
  return count;
}

std::optional<CommitResult::Outcome> FaultyEngine::ApplyLate() {
  CommitRequest request;
  {
    absl::MutexLock lock(&mutex_);
    if (late_.empty()) return std::nullopt;
    request = std::move(late_.front());
    late_.pop_front();
  }
  Outcome outcome = Outcome::kUnknown;
  absl::Notification answered;
  base_.Commit(std::move(request), [&](CommitResult result) {
    outcome = result.outcome;
    answered.Notify();
  });
  answered.WaitForNotification();
  return outcome;
}

std::size_t FaultyEngine::held() const {
  absl::MutexLock lock(&mutex_);
  return held_.size();
}

uint64_t FaultyEngine::commits_seen() const {
  absl::MutexLock lock(&mutex_);
  return commits_seen_;
}

uint64_t FaultyEngine::reads_seen() const {
  absl::MutexLock lock(&mutex_);
  return reads_seen_;
}

void FaultyEngine::Commit(CommitRequest request, CommitCallback done) {
  CommitFault fault;
  {
    absl::MutexLock lock(&mutex_);
    ++commits_seen_;
    fault = NextCommitFault();
    if (fault == CommitFault::kUnknownLate) late_.push_back(request);
    if (fault == CommitFault::kHoldReply) ++replies_awaited_;
  }
  switch (fault) {
    case CommitFault::kNone:
      return base_.Commit(std::move(request), std::move(done));
    case CommitFault::kFail:
      return std::move(done)({Outcome::kFailed, {}, Injected()});
    case CommitFault::kUnknownLost:
    case CommitFault::kUnknownLate:
      return std::move(done)(Unknown());
    case CommitFault::kUnknownApplied:
      return base_.Commit(std::move(request),
                          [done = std::move(done)](CommitResult) mutable { std::move(done)(Unknown()); });
    case CommitFault::kHoldRequest:
      return Hold([this, request = std::move(request), done = std::move(done)](bool go) mutable {
        if (!go) return std::move(done)(Unknown());
        base_.Commit(std::move(request), std::move(done));
      });
    case CommitFault::kHoldReply:
      return base_.Commit(std::move(request), [this, done = std::move(done)](CommitResult result) mutable {
        Hold([result = std::move(result), done = std::move(done)](bool go) mutable {
          std::move(done)(go ? std::move(result) : Unknown());
        });
        Replied();
      });
  }
}

template <typename Result, typename Issue, typename Callback>
void FaultyEngine::Ask(ReadFault fault, Issue issue, Callback done) {
  switch (fault) {
    case ReadFault::kNone:
      return issue(std::move(done));
    case ReadFault::kFail:
      return std::move(done)(Injected());
    case ReadFault::kDamaged:
      return std::move(done)(errors::DataDamaged("an injected fault"));
    case ReadFault::kHoldRequest:
      return Hold([issue = std::move(issue), done = std::move(done)](bool go) mutable {
        if (!go) return std::move(done)(Injected());
        issue(std::move(done));
      });
    case ReadFault::kHoldReply:
      return issue([this, done = std::move(done)](Result result) mutable {
        Hold([result = std::move(result), done = std::move(done)](bool go) mutable {
          std::move(done)(go ? std::move(result) : Result(Injected()));
        });
        Replied();
      });
  }
}

void FaultyEngine::Read(ReadRequest request, ReadCallback done) {
  ReadFault fault;
  {
    absl::MutexLock lock(&mutex_);
    ++reads_seen_;
    fault = NextReadFault();
  }
  Ask<absl::StatusOr<ReadResult>>(
      fault,
      [this, request = std::move(request)](ReadCallback reply) mutable {
        base_.Read(std::move(request), std::move(reply));
      },
      std::move(done));
}

void FaultyEngine::Due(int64_t now_ms, std::size_t limit, DueCallback done) {
  ReadFault fault;
  {
    absl::MutexLock lock(&mutex_);
    fault = NextReadFault();
  }
  Ask<absl::StatusOr<std::vector<DuePartition>>>(
      fault, [this, now_ms, limit](DueCallback reply) { base_.Due(now_ms, limit, std::move(reply)); }, std::move(done));
}

void FaultyEngine::ListPartitions(std::string after, std::size_t limit, PartitionsCallback done) {
  ReadFault fault;
  {
    absl::MutexLock lock(&mutex_);
    fault = NextReadFault();
  }
  Ask<absl::StatusOr<std::vector<PartitionEntry>>>(
      fault,
      [this, after = std::move(after), limit](PartitionsCallback reply) mutable {
        base_.ListPartitions(std::move(after), limit, std::move(reply));
      },
      std::move(done));
}

CommitFault FaultyEngine::NextCommitFault() {
  if (!commit_script_.empty()) {
    const CommitFault fault = commit_script_.front();
    commit_script_.pop_front();
    return fault;
  }
  uint64_t draw = random_() % 1000;
  const std::pair<uint32_t, CommitFault> shares[] = {
      {mix_.fail, CommitFault::kFail},
      {mix_.unknown_lost, CommitFault::kUnknownLost},
      {mix_.unknown_applied, CommitFault::kUnknownApplied},
      {mix_.unknown_late, CommitFault::kUnknownLate},
      {mix_.hold_request, CommitFault::kHoldRequest},
      {mix_.hold_reply, CommitFault::kHoldReply},
  };
  for (const auto& [share, fault] : shares) {
    if (draw < share) return fault;
    draw -= share;
  }
  return CommitFault::kNone;
}

ReadFault FaultyEngine::NextReadFault() {
  ReadFault fault = ReadFault::kNone;
  if (!read_script_.empty()) {
    fault = read_script_.front();
    read_script_.pop_front();
  } else {
    const uint64_t draw = random_() % 1000;
    if (draw < mix_.fail) {
      fault = ReadFault::kFail;
    } else if (draw < mix_.fail + mix_.hold_request) {
      fault = ReadFault::kHoldRequest;
    } else if (draw < mix_.fail + mix_.hold_request + mix_.hold_reply) {
      fault = ReadFault::kHoldReply;
    }
  }
  if (fault == ReadFault::kHoldReply) ++replies_awaited_;
  return fault;
}

void FaultyEngine::Hold(Held held) {
  absl::MutexLock lock(&mutex_);
  held_.push_back(std::move(held));
}

void FaultyEngine::Replied() {
  absl::MutexLock lock(&mutex_);
  --replies_awaited_;
}

}  // namespace labyrinth::storage
