#include "service/admin/check_task.h"

#include <fmt/format.h>

#include "common/bytes.h"
#include "common/errors.h"
#include "common/text.h"
#include "service/admin/mailbox_finder.h"
#include "service/check/store_check.h"

namespace labyrinth::service {
namespace {

class Reporter final : public check::Listener {
 public:
  Reporter(const Pseudonyms& pseudonyms, bool reveal, TaskListener& listener)
      : pseudonyms_(pseudonyms), reveal_(reveal), listener_(listener) {}

  void OnFinding(const std::string& partition, const check::Finding& finding) override {
    v1::Finding out;
    out.set_name(std::string(finding.name));
    const bool mailbox = partition.size() == kMailboxPartitionBytes;
    out.set_mailbox(mailbox ? pseudonyms_.Of(partition).text() : partition);
    out.set_detail(std::string(check::Explain(finding.name)));
    if (reveal_) {
      out.set_detail(fmt::format("{}: partition {}, key {}", out.detail(), ToHex(partition), ToHex(finding.key)));
    }
    switch (finding.state) {
      case check::FindingState::kRepaired:
        out.set_state(v1::FINDING_STATE_REPAIRED);
        break;
      case check::FindingState::kWouldRepair:
        out.set_state(v1::FINDING_STATE_WOULD_REPAIR);
        break;
      case check::FindingState::kReported:
        out.set_state(finding.kind == check::FindingKind::kPrimary ? v1::FINDING_STATE_PRIMARY
                                                                   : v1::FINDING_STATE_REPORTED);
    }
    listener_.OnFinding(out);
  }
  void OnProgress(uint64_t done) override { listener_.OnProgress(done, 0, "partitions"); }
  bool cancelled() const override { return listener_.cancelled(); }

 private:
  const Pseudonyms& pseudonyms_;
  const bool reveal_;
  TaskListener& listener_;
};

}  // namespace

absl::StatusOr<std::string> RunCheck(storage::Engine& engine, storage::BlobStore& blobs, const Pseudonyms& pseudonyms,
                                     int64_t now_ms, const v1::CheckTask& request, TaskListener& listener) {
  const check::Options options{request.repair(), request.dry_run()};
  Reporter reporter(pseudonyms, request.reveal(), listener);
  const auto summary = request.has_mailbox()
                           ? check::CheckOneMailbox(engine, request.mailbox().partition(), options, reporter, now_ms)
                           : check::CheckStore(engine, blobs, options, reporter, now_ms);
  if (!summary.ok()) return summary.status();
  std::string result = fmt::format("{} mailboxes, {} rows: {} findings", Grouped(summary->mailboxes),
                                   Grouped(summary->rows), Grouped(summary->findings));
  if (summary->repaired > 0) result += fmt::format(", {} repaired", Grouped(summary->repaired));
  if (summary->unjudged == 0) return result;
  return absl::FailedPreconditionError(
      fmt::format("{}; {} counters never stood still for long enough to be judged: run the check again", result,
                  Grouped(summary->unjudged)));
}

}  // namespace labyrinth::service
