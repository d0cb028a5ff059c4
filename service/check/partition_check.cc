#include "service/check/partition_check.h"

#include <utility>

#include "common/errors.h"
#include "storage/blocking.h"

namespace labyrinth::check {
namespace {

constexpr std::size_t kPageBytes = 1 << 20;
// How often a page is judged that others write to all the time. Only repairs need the partition to stand still, for the
// length of a commit.
constexpr int kAttempts = 64;
constexpr int kCommitAttempts = 4;
constexpr absl::Duration kPatience = absl::Minutes(1);

}  // namespace

void PartitionCheck::Walk(std::string_view unreadable, std::string begin, const std::string& end, const NeedRow& need,
                          const JudgeRow& judge) {
  while (!stopped()) {
    const storage::Scan scan{begin, end, storage::Direction::kForward, options_.page_rows, kPageBytes};
    std::string last;
    bool more = false;
    uint64_t rows = 0;
    Once(
        unreadable,
        [&](const Moment& moment, Wants& wants) {
          wants.Scan(scan);
          const Page* page = moment.PageOf(begin, end);
          if (page == nullptr) return;
          for (const Row& row : page->items) need(moment, row, wants);
        },
        [&](const Moment& moment) {
          const Page& page = *moment.PageOf(begin, end);
          for (const Row& row : page.items) judge(moment, row);
          rows = page.items.size();
          more = page.more;
          if (!page.items.empty()) last = page.items.back().key;
        });
    summary_.rows += rows;
    if (!more) return;
    begin = last + '\0';
  }
}

void PartitionCheck::Once(std::string_view unreadable, const std::function<void(const Moment&, Wants&)>& need,
                          const std::function<void(const Moment&)>& judge) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (listener_.cancelled()) Fail(absl::CancelledError("interrupted"));
    if (stopped()) return;
    const absl::StatusOr<Moment> moment = ReadMoment(engine_, partition_, need);
    if (absl::IsAborted(moment.status())) continue;
    if (!moment.ok()) return Unreadable(unreadable, "", moment.status());
    found_.clear();
    fixes_.clear();
    wake_at_ms_.reset();
    again_ = false;
    judge(*moment);
    if (again_) continue;
    if (Settle(moment->position())) return;
  }
  ++summary_.unjudged;
}

void PartitionCheck::PutMark(const std::string& key) {
  storage_v1::Mark mark;
  mark.set_version(1);
  Put(key, mark);
}

void PartitionCheck::Add(std::string_view name, FindingKind kind, const std::string& key) {
  if (reported_.contains(key)) return;
  for (const Finding& finding : found_) {
    if (finding.key == key) return;
  }
  found_.push_back({name, kind, key, FindingState::kReported});
}

bool PartitionCheck::Settle(const storage::Position& position) {
  const bool repairing = repairs() && !fixes_.empty();
  if (repairing && !Commit(position)) return false;
  for (Finding& finding : found_) {
    if (finding.kind == FindingKind::kDerived && options_.repair) {
      finding.state = options_.dry_run ? FindingState::kWouldRepair : FindingState::kRepaired;
    }
    if (stopped() && repairing) finding.state = FindingState::kReported;
    ++summary_.findings;
    if (finding.state == FindingState::kRepaired) ++summary_.repaired;
    reported_.insert(finding.key);
    listener_.OnFinding(partition_, finding);
  }
  return true;
}

bool PartitionCheck::Commit(const storage::Position& position) {
  storage::CommitRequest commit;
  commit.partition = partition_;
  commit.expect = position;
  for (const auto& [key, value] : fixes_) commit.writes.push_back({key, value});
  commit.wake_at_ms = wake_at_ms_;
  for (int attempt = 0; attempt < kCommitAttempts; ++attempt) {
    commit.deadline = absl::Now() + kPatience;
    const storage::CommitResult result = storage::CommitAndWait(engine_, commit);
    switch (result.outcome) {
      case storage::CommitResult::Outcome::kCommitted:
        return true;
      case storage::CommitResult::Outcome::kConflict:
        return false;  // also if it was ours after all: then there is nothing left to repair
      case storage::CommitResult::Outcome::kFailed:
        Fail(result.error);
        return true;
      case storage::CommitResult::Outcome::kUnknown:
        break;
    }
  }
  Fail(errors::OutcomeUnknown());
  return true;
}

void PartitionCheck::Unreadable(std::string_view name, const std::string& begin, const absl::Status& status) {
  if (!absl::IsDataLoss(status)) return Fail(status);
  found_.clear();
  fixes_.clear();
  Primary(name, std::string(name) + begin);
  Settle({});
}

}  // namespace labyrinth::check
