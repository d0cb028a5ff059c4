#include "service/attachments/partition_updates.h"

#include <algorithm>
#include <utility>

#include "storage/attachment_schema.h"

namespace labyrinth::attachments {

namespace keys = storage::attachment_keys;
using storage::CommitResult;

struct PartitionUpdates::Batch {
  std::string partition;
  std::vector<Update> updates;
  std::vector<absl::Status> verdicts;  // of the last Decide()
  absl::Time deadline = absl::InfinitePast();
  storage::CommitRequest commit;
  int commits = 0;       // of this very commit
  bool unknown = false;  // of this or an earlier commit of these updates: it may have happened
  int decisions = 0;
};

PartitionUpdates::~PartitionUpdates() {
  const auto idle = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return busy_lanes_ == 0; };
  mutex_.LockWhen(absl::Condition(&idle));
  mutex_.Unlock();
}

void PartitionUpdates::Submit(Update update) {
  const std::string partition = update.partition;
  {
    absl::MutexLock lock(&mutex_);
    Lane& lane = lanes_[partition];
    lane.waiting.push_back(std::move(update));
    if (lane.busy) return;  // the batch in flight will come back for it
    lane.busy = true;
    ++busy_lanes_;
  }
  if (auto batch = NextBatch(partition)) Read(std::move(batch));
}

std::shared_ptr<PartitionUpdates::Batch> PartitionUpdates::NextBatch(const std::string& partition) {
  auto batch = std::make_shared<Batch>();
  batch->partition = partition;
  absl::MutexLock lock(&mutex_);
  const auto lane = lanes_.find(partition);
  auto& waiting = lane->second.waiting;
  if (waiting.empty()) {
    lanes_.erase(lane);
    --busy_lanes_;
    return nullptr;
  }
  while (!waiting.empty() && batch->updates.size() < kBatchUpdates) {
    const bool alone = !waiting.front().scans.empty();
    if (alone && !batch->updates.empty()) break;
    batch->deadline = std::max(batch->deadline, waiting.front().deadline);
    batch->updates.push_back(std::move(waiting.front()));
    waiting.pop_front();
    if (alone) break;
  }
  return batch;
}

bool PartitionUpdates::Late(const Batch& batch) const { return absl::FromUnixMillis(clock_.NowMs()) >= batch.deadline; }

void PartitionUpdates::Read(std::shared_ptr<Batch> batch) {
  storage::ReadRequest request;
  request.partition = batch->partition;
  request.keys.push_back(keys::Head());
  for (const Update& update : batch->updates) {
    request.keys.insert(request.keys.end(), update.keys.begin(), update.keys.end());
    request.scans.insert(request.scans.end(), update.scans.begin(), update.scans.end());
  }
  std::sort(request.keys.begin(), request.keys.end());
  request.keys.erase(std::unique(request.keys.begin(), request.keys.end()), request.keys.end());
  request.deadline = batch->deadline;
  auto asked = request.keys;
  engine_.Read(std::move(request), [this, batch, asked = std::move(asked)](auto result) mutable {
    if (!result.ok()) return Finish(std::move(batch), result.status());
    Decide(std::move(batch), std::move(asked), *std::move(result));
  });
}

void PartitionUpdates::Decide(std::shared_ptr<Batch> batch, std::vector<std::string> asked, storage::ReadResult read) {
  RowMap rows;
  for (std::size_t i = 0; i < asked.size(); ++i) rows[std::move(asked[i])] = std::move(read.values[i]);
  storage_v1::AttachmentHead head;
  head.set_version(storage::kAttachmentSchemaVersion);
  if (const std::optional<std::string>& stored = rows.at(keys::Head()); stored.has_value()) {
    auto parsed = mailbox::ParseRecord<storage_v1::AttachmentHead>(*stored);
    if (!parsed.ok()) return Finish(std::move(batch), parsed.status());
    if (parsed->version() != storage::kAttachmentSchemaVersion) {
      return Finish(std::move(batch), errors::DataDamaged("AttachmentHead.version"));
    }
    head = *std::move(parsed);
  }
  const int64_t wake_at_read_ms = head.wake_at_ms();
  RowMap changes;
  batch->verdicts.clear();
  for (const Update& update : batch->updates) {
    if (update.deadline <= absl::FromUnixMillis(clock_.NowMs())) {
      // An earlier commit of these updates may have carried it.
      batch->verdicts.push_back(batch->unknown
                                    ? errors::OutcomeUnknown()
                                    : errors::EngineUnavailable("the call's deadline passed before it was decided"));
      continue;
    }
    Rows view(rows, head, read.pages);
    batch->verdicts.push_back(update.decide(view));
    if (!batch->verdicts.back().ok()) continue;
    head = view.head();
    for (const auto& [key, value] : view.changes()) rows[key] = changes[key] = value;
  }
  const bool wakes_otherwise = head.wake_at_ms() != wake_at_read_ms;
  if (changes.empty() && !wakes_otherwise) return Finish(std::move(batch), absl::OkStatus());
  batch->commit = {};
  batch->commit.partition = batch->partition;
  batch->commit.expect = read.position;
  batch->commit.deadline = batch->deadline;
  changes[keys::Head()] = head.SerializeAsString();
  for (auto& [key, value] : changes) batch->commit.writes.push_back({key, std::move(value)});
  if (wakes_otherwise) batch->commit.wake_at_ms = head.wake_at_ms();
  batch->commits = 0;
  Commit(std::move(batch));
}

void PartitionUpdates::Commit(std::shared_ptr<Batch> batch) {
  ++batch->commits;
  storage::CommitRequest request = batch->commit;
  // What follows may wait for the disk, as the thread that answers for the engine must not.
  engine_.Commit(std::move(request), [this, batch](CommitResult result) {
    executor_.Post([this, batch, result = std::move(result)] { OnCommit(batch, result); });
  });
}

void PartitionUpdates::OnCommit(std::shared_ptr<Batch> batch, const CommitResult& result) {
  switch (result.outcome) {
    case CommitResult::Outcome::kCommitted:
      return Finish(std::move(batch), absl::OkStatus());
    case CommitResult::Outcome::kConflict:
      // Whether it was ours or another's: deciding again finds it, and goes on from there.
      if (++batch->decisions < kDecideAttempts && !Late(*batch)) {
        return Read(std::move(batch));
      }
      return Finish(std::move(batch), errors::EngineUnavailable("other writers kept committing first"));
    case CommitResult::Outcome::kUnknown:
      batch->unknown = true;
      break;
    case CommitResult::Outcome::kFailed:
      // This attempt did nothing, but an earlier one may have.
      if (!batch->unknown) return Finish(std::move(batch), result.error);
      break;
  }
  if (batch->commits < kCommitAttempts && !Late(*batch)) {
    return Commit(std::move(batch));
  }
  Finish(std::move(batch), errors::OutcomeUnknown());
}

void PartitionUpdates::Finish(std::shared_ptr<Batch> batch, const absl::Status& cause) {
  const absl::Status failure = !cause.ok() && batch->unknown ? errors::OutcomeUnknown() : cause;
  for (std::size_t i = 0; i < batch->updates.size(); ++i) {
    std::move(batch->updates[i].done)(failure.ok() ? batch->verdicts[i] : failure);
  }
  const std::string partition = batch->partition;
  batch.reset();
  executor_.Post([this, partition] {
    if (auto next = NextBatch(partition)) Read(std::move(next));
  });
}

}  // namespace labyrinth::attachments
