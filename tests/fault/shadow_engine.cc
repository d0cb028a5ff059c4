#include "tests/fault/shadow_engine.h"

#include <fmt/format.h>

#include <cstdint>
#include <utility>

namespace labyrinth::fault {

using storage::CommitRequest;
using storage::CommitResult;

absl::StatusOr<StoredPartition> ReadPartition(storage::Engine& store, const std::string& partition) {
  storage::ReadRequest read;
  read.partition = partition;
  storage::Scan everything;
  everything.begin = std::string(1, '\0');
  everything.end = std::string(storage::kMaxKeyBytes, '\xff');
  everything.max_items = SIZE_MAX;
  everything.max_bytes = SIZE_MAX;
  read.scans = {everything};
  absl::StatusOr<storage::ReadResult> answer = absl::InternalError("not answered");
  store.Read(std::move(read), [&](absl::StatusOr<storage::ReadResult> result) { answer = std::move(result); });
  if (!answer.ok()) return answer.status();
  StoredPartition stored{answer->position, {}};
  for (const storage::Row& row : answer->pages[0].items) stored.rows[std::string(row.key)] = row.value;
  return stored;
}

void ShadowEngine::Commit(CommitRequest request, storage::CommitCallback done) {
  const std::string partition = request.partition;
  {
    absl::MutexLock lock(&mutex_);
    shadows_[partition].open = request;
    ++under_way_;
  }
  base_->Commit(std::move(request), [this, partition, done = std::move(done)](CommitResult result) mutable {
    absl::MutexLock lock(&mutex_);
    --under_way_;
    answers_.push_back([this, partition, done = std::move(done), result = std::move(result)]() mutable {
      Take(partition, result);
      std::move(done)(std::move(result));
    });
  });
}

void ShadowEngine::Take(const std::string& partition, const CommitResult& result) {
  absl::MutexLock lock(&mutex_);
  Shadow& shadow = shadows_[partition];
  if (result.outcome == CommitResult::Outcome::kUnknown) return;
  if (result.outcome == CommitResult::Outcome::kCommitted) Apply(*shadow.open, shadow.stored);
  // A failed repeat of a commit without an answer leaves that one open; it is the same request.
  if (result.outcome != CommitResult::Outcome::kFailed) shadow.open.reset();
}

bool ShadowEngine::Deliver() {
  std::deque<absl::AnyInvocable<void() &&>> answers;
  {
    const auto any = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !answers_.empty() || under_way_ == 0; };
    absl::MutexLock lock(&mutex_, absl::Condition(&any));
    answers.swap(answers_);
  }
  for (auto& answer : answers) std::move(answer)();
  return !answers.empty();
}

void ShadowEngine::Apply(const CommitRequest& request, StoredPartition& stored) {
  if (request.drop) {
    stored = {{request.expect.incarnation + 1, 0}, {}};
    return;
  }
  stored.position = {request.expect.incarnation, request.expect.revision + 1};
  for (const storage::Write& write : request.writes) {
    if (write.value.has_value()) {
      stored.rows[write.key] = *write.value;
    } else {
      stored.rows.erase(write.key);
    }
  }
}

void ShadowEngine::Judge(Tally& tally) {
  absl::MutexLock lock(&mutex_);
  for (auto& [partition, shadow] : shadows_) {
    auto found = ReadPartition(*base_, partition);
    if (!found.ok()) {
      tally.Find(Fault::kOther, fmt::format("a partition can't be read: {}", found.status().ToString()));
      continue;
    }
    StoredPartition expected = shadow.stored;
    if (shadow.open.has_value() && found->position != expected.position) Apply(*shadow.open, expected);
    if (found->position != expected.position) {
      tally.Find(Fault::kLost, fmt::format("a partition stands at {}.{}, and was acknowledged at {}.{}",
                                           found->position.incarnation, found->position.revision,
                                           shadow.stored.position.incarnation, shadow.stored.position.revision));
    } else if (found->rows != expected.rows) {
      std::size_t differ = 0;
      for (const auto& [key, value] : expected.rows) {
        const auto row = found->rows.find(key);
        differ += row == found->rows.end() || row->second != value ? 1 : 0;
      }
      tally.Find(Fault::kOther, fmt::format("{} rows of a partition differ, {} are there and {} should be", differ,
                                            found->rows.size(), expected.rows.size()));
    }
    shadow.stored = *std::move(found);
    shadow.open.reset();
  }
}

}  // namespace labyrinth::fault
