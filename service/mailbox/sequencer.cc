#include "service/mailbox/sequencer.h"

#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "storage/schema.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;
using storage::CommitResult;

namespace {

// What operations find out that they need, after a first read, are messages: each up to limits::kMessageBytes long,
// however short the request. So a batch asks for no more than this at a time, and a last operation's: 64 MiB at the
// worst.
constexpr std::size_t kLaterKeys = 256;

}  // namespace

struct Sequencer::Batch {
  std::string partition;
  std::vector<std::unique_ptr<Operation>> operations;
  std::vector<absl::Status> verdicts;  // one per operation, of the last Decide()
  std::optional<BatchState> state;
  int reads = 0;                               // into `state`
  uint64_t tag = 0;                            // of its commit
  bool urgent = false;                         // the commit is
  absl::Time deadline = absl::InfinitePast();  // the latest of its operations'
  int commits = 0;                             // attempts at this very commit
  bool unknown = false;                        // one of them had an unknown outcome
  std::optional<uint64_t> journaled;           // the entry about it
  int decisions = 0;
};

Sequencer::Sequencer(storage::Engine& engine, Executor& executor, const Clock& clock, RandomSource& random,
                     OnCommit on_commit, RevocationJournal* journal)
    : engine_(engine),
      executor_(executor),
      clock_(clock),
      on_commit_(std::move(on_commit)),
      journal_(journal),
      node_(random.NonZeroId()) {}

Sequencer::~Sequencer() {
  const auto idle = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return busy_lanes_ == 0; };
  mutex_.LockWhen(absl::Condition(&idle));
  mutex_.Unlock();
}

std::size_t Sequencer::pending() const {
  absl::MutexLock lock(&mutex_);
  return pending_;
}

void Sequencer::Submit(const std::string& partition, std::unique_ptr<Operation> operation) {
  {
    absl::MutexLock lock(&mutex_);
    Lane& lane = lanes_[partition];
    lane.waiting.push_back(std::move(operation));
    ++pending_;
    if (lane.busy) return;  // the batch in flight will come back for it
    lane.busy = true;
    ++busy_lanes_;
  }
  Run(NextBatch(partition));
}

bool Sequencer::RestIfEmpty(const std::string& partition) {
  const auto lane = lanes_.find(partition);
  if (!lane->second.waiting.empty()) return false;
  lane->second.busy = false;
  --busy_lanes_;
  // An unsettled commit stays behind: whatever comes next must know of it.
  if (!lane->second.unsettled.has_value()) lanes_.erase(lane);
  return true;
}

std::shared_ptr<Sequencer::Batch> Sequencer::NextBatch(const std::string& partition) {
  auto batch = std::make_shared<Batch>();
  batch->partition = partition;
  absl::MutexLock lock(&mutex_);
  auto& waiting = lanes_.at(partition).waiting;
  std::size_t bytes = 0;
  while (!waiting.empty() && batch->operations.size() < limits::kCommitOperations) {
    Operation& next = *waiting.front();
    bytes += next.size_bytes();
    const bool first = batch->operations.empty();
    if (!first && (next.alone() || bytes > limits::kCommitBytes)) break;
    batch->deadline = std::max(batch->deadline, next.deadline);
    const bool alone = next.alone();
    batch->operations.push_back(std::move(waiting.front()));
    waiting.pop_front();
    if (alone) break;
  }
  return batch;
}

void Sequencer::PutBack(Batch& batch, std::size_t kept) {
  absl::MutexLock lock(&mutex_);
  auto& waiting = lanes_.at(batch.partition).waiting;
  for (; batch.operations.size() > kept; batch.operations.pop_back()) {
    waiting.push_front(std::move(batch.operations.back()));
  }
}

void Sequencer::Run(std::shared_ptr<Batch> batch) {
  std::optional<storage::CommitRequest> unsettled;
  {
    absl::MutexLock lock(&mutex_);
    unsettled = lanes_.at(batch->partition).unsettled;
  }
  if (unsettled.has_value()) return Settle(std::move(batch), *std::move(unsettled));
  batch->state.emplace(clock_.NowMs());
  batch->reads = 0;
  ReadMissing(std::move(batch));
}

void Sequencer::Settle(std::shared_ptr<Batch> batch, storage::CommitRequest unsettled) {
  unsettled.deadline = batch->deadline;
  engine_.Commit(unsettled, [this, batch](CommitResult result) mutable {
    if (result.outcome != CommitResult::Outcome::kCommitted && result.outcome != CommitResult::Outcome::kConflict) {
      return FinishAll(std::move(batch), errors::EngineUnavailable("an earlier commit's outcome is still unknown"), {});
    }
    {
      absl::MutexLock lock(&mutex_);
      lanes_.at(batch->partition).unsettled.reset();
    }
    on_commit_(batch->partition);
    Run(std::move(batch));
  });
}

void Sequencer::ReadMissing(std::shared_ptr<Batch> batch) {
  std::vector<std::string> missing;
  absl::flat_hash_map<std::string, bool> asked;
  const auto ask = [&](std::string key) {
    if (!batch->state->Knows(key) && asked.try_emplace(key, true).second) missing.push_back(std::move(key));
  };
  ask(keys::Head());
  std::vector<std::string> needed;
  std::vector<storage::Scan> scans;
  std::size_t count = 0;
  while (count < batch->operations.size() && (batch->reads == 0 || missing.size() < kLaterKeys)) {
    needed.clear();
    batch->operations[count++]->Need(*batch->state, needed);
    for (std::string& key : needed) ask(std::move(key));
  }
  PutBack(*batch, count);
  if (batch->operations.front()->alone()) batch->operations.front()->NeedScans(*batch->state, scans);
  std::erase_if(scans, [&](const storage::Scan& scan) { return batch->state->FindPage(scan) != nullptr; });
  if (missing.empty() && scans.empty()) return Decide(std::move(batch));
  ++batch->reads;
  storage::ReadRequest request;
  request.partition = batch->partition;
  request.keys = missing;
  request.scans = scans;
  request.deadline = batch->deadline;
  engine_.Read(std::move(request),
               [this, batch, missing = std::move(missing), scans = std::move(scans)](auto result) mutable {
                 OnRead(std::move(batch), std::move(missing), std::move(scans), std::move(result));
               });
}

void Sequencer::OnRead(std::shared_ptr<Batch> batch, std::vector<std::string> keys, std::vector<storage::Scan> scans,
                       absl::StatusOr<storage::ReadResult> result) {
  if (!result.ok()) return FinishAll(std::move(batch), result.status(), {});
  if (!batch->state->Accept(result->position, keys, std::move(result->values), scans, std::move(result->pages))) {
    return DecideAgain(std::move(batch));
  }
  if (const absl::Status status = batch->state->LoadHead(); !status.ok()) {
    return FinishAll(std::move(batch), status, result->position);
  }
  ReadMissing(std::move(batch));
}

void Sequencer::Decide(std::shared_ptr<Batch> batch) {
  const absl::Time now = absl::FromUnixMillis(clock_.NowMs());
  batch->verdicts.clear();
  for (const auto& operation : batch->operations) {
    if (operation->deadline < now) {
      batch->verdicts.push_back(errors::EngineUnavailable("the call's deadline passed before it was decided"));
      continue;
    }
    Transaction txn(*batch->state);
    batch->verdicts.push_back(operation->Decide(txn));
    if (batch->verdicts.back().ok()) txn.Apply();
  }
  if (!batch->state->changed()) {
    const storage::Position position = batch->state->position();
    return FinishAll(std::move(batch), absl::OkStatus(), position);
  }
  batch->tag = next_batch_++;
  batch->urgent = true;
  for (std::size_t i = 0; i < batch->operations.size(); ++i) {
    if (batch->verdicts[i].ok() && !batch->operations[i]->urgent()) batch->urgent = false;
  }
  batch->commits = 0;
  batch->unknown = false;
  JournalAndCommit(std::move(batch));
}

void Sequencer::JournalAndCommit(std::shared_ptr<Batch> batch) {
  auto revocation = batch->state->TakesAway(batch->partition);
  if (journal_ == nullptr || !revocation.has_value()) return Commit(std::move(batch));
  // It waits for a disk, which the thread of the engine's callback must not.
  executor_.Post([this, batch, revocation = *std::move(revocation)]() mutable {
    const absl::StatusOr<uint64_t> number = journal_->Append(revocation);
    if (!number.ok()) {
      return FinishAll(std::move(batch), errors::EngineUnavailable("the journal of revocations can't be written"), {});
    }
    batch->journaled = *number;
    Commit(std::move(batch));
  });
}

void Sequencer::VoidEntry(Batch& batch) {
  if (!batch.journaled.has_value()) return;
  executor_.Post([journal = journal_, number = *batch.journaled] { journal->Void(number); });
  batch.journaled.reset();
}

storage::CommitRequest Sequencer::CommitOf(const Batch& batch) const {
  storage::CommitRequest commit = batch.state->ToCommit(batch.partition, node_, batch.tag);
  commit.deadline = batch.deadline;
  commit.urgent = batch.urgent;
  return commit;
}

void Sequencer::Commit(std::shared_ptr<Batch> batch) {
  ++batch->commits;
  engine_.Commit(CommitOf(*batch),
                 [this, batch](CommitResult result) mutable { TakeCommit(std::move(batch), std::move(result)); });
}

void Sequencer::TakeCommit(std::shared_ptr<Batch> batch, CommitResult result) {
  switch (result.outcome) {
    case CommitResult::Outcome::kCommitted:
      on_commit_(batch->partition);
      return FinishAll(std::move(batch), absl::OkStatus(), result.position);
    case CommitResult::Outcome::kConflict:
      on_commit_(batch->partition);
      if (batch->unknown) return FindOutWhoCommitted(std::move(batch), result.position);
      return DecideAgain(std::move(batch));
    case CommitResult::Outcome::kUnknown:
      batch->unknown = true;
      break;
    case CommitResult::Outcome::kFailed:
      // This attempt did nothing, but an earlier one may have.
      if (batch->unknown) break;
      VoidEntry(*batch);
      return FinishAll(std::move(batch), result.error, {});
  }
  if (batch->commits < kCommitAttempts && absl::FromUnixMillis(clock_.NowMs()) < batch->deadline) {
    return executor_.Post([this, batch]() mutable { Commit(std::move(batch)); });
  }
  LeaveUnsettled(std::move(batch));
}

void Sequencer::LeaveUnsettled(std::shared_ptr<Batch> batch) {
  storage::CommitRequest commit = CommitOf(*batch);
  {
    absl::MutexLock lock(&mutex_);
    lanes_.at(batch->partition).unsettled = std::move(commit);
  }
  FinishAll(std::move(batch), errors::OutcomeUnknown(), {});
}

void Sequencer::FindOutWhoCommitted(std::shared_ptr<Batch> batch, const storage::Position& now_at) {
  const storage::Position expected = batch->state->position();
  if (batch->state->dropped()) {
    // A drop leaves no feed behind; that the mailbox is gone is all that its caller wanted.
    if (now_at.incarnation > expected.incarnation) return FinishAll(std::move(batch), absl::OkStatus(), now_at);
    return DecideAgain(std::move(batch));
  }
  const storage::Position ours{expected.incarnation, expected.revision + 1};
  storage::ReadRequest request;
  request.partition = batch->partition;
  request.keys = {keys::Feed(ours.revision)};
  request.deadline = batch->deadline;
  engine_.Read(std::move(request), [this, batch, ours](absl::StatusOr<storage::ReadResult> result) mutable {
    if (!result.ok()) return LeaveUnsettled(std::move(batch));
    if (result->position.incarnation == ours.incarnation && result->values[0].has_value()) {
      const auto feed = ParseRecord<storage_v1::FeedRecord>(*result->values[0]);
      if (!feed.ok()) return FinishAll(std::move(batch), feed.status(), {});
      if (feed->writer_node() == node_ && feed->writer_batch() == batch->tag) {
        return FinishAll(std::move(batch), absl::OkStatus(), ours);
      }
    }
    DecideAgain(std::move(batch));
  });
}

void Sequencer::DecideAgain(std::shared_ptr<Batch> batch) {
  VoidEntry(*batch);
  if (++batch->decisions >= kDecideAttempts || absl::FromUnixMillis(clock_.NowMs()) >= batch->deadline) {
    return FinishAll(std::move(batch), errors::EngineUnavailable("other writers kept committing first"), {});
  }
  executor_.Post([this, batch]() mutable { Run(std::move(batch)); });
}

void Sequencer::FinishAll(std::shared_ptr<Batch> batch, const absl::Status& failure,
                          const storage::Position& position) {
  const std::size_t count = batch->operations.size();
  for (std::size_t i = 0; i < count; ++i) {
    // A refusal may rest on what an operation before it wanted to write, so it too counts only once that is durable.
    batch->operations[i]->Complete(failure.ok() ? batch->verdicts[i] : failure, position);
  }
  const std::string partition = batch->partition;
  batch.reset();
  {
    absl::MutexLock lock(&mutex_);
    pending_ -= count;
    // Mostly nothing waits, and then no other thread need wake up to find that out.
    if (RestIfEmpty(partition)) return;
  }
  executor_.Post([this, partition] { Run(NextBatch(partition)); });
}

}  // namespace labyrinth::mailbox
