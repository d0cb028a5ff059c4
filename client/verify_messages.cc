#include "client/verify_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "client/readers.h"
#include "common/limits.h"

namespace labyrinth::client {
namespace {

// Other devices may save during the walk; past this a listing isn't a mailbox that grows but one that has no end.
constexpr uint64_t kGrowthAllowance = 100'000;

class MessageExaminer {
 public:
  explicit MessageExaminer(VerifyReport& report) : report_(report) {}

  void Examine(const HistoryMessage& message) {
    ++walked_;
    if (const TamperedBody* tampered = message.tampered()) {
      ++report_.tampered_messages;
      AddFinding(report_, VerifyStage::kMessages,
                 fmt::format("message {} of the walk {}", walked_, Describe(tampered->kind)));
    } else if (const VerifiedBody* verified = message.verified()) {
      ++report_.verified_messages;
      numbers_[verified->writer].push_back(verified->change_number);
    } else {
      ++report_.foreign_messages;
    }
  }

  // A writer never uses a number twice: then a keychain was copied or rolled back, or a member posed as another.
  void ExamineNumbers() {
    for (auto& [writer, numbers] : numbers_) {
      std::sort(numbers.begin(), numbers.end());
      if (std::adjacent_find(numbers.begin(), numbers.end()) != numbers.end()) {
        AddFinding(report_, VerifyStage::kMessages, "two messages have the same writer and change number");
      }
    }
  }

  uint64_t walked() const { return walked_; }

 private:
  VerifyReport& report_;
  uint64_t walked_ = 0;
  std::map<crypto::PublicKey, std::vector<uint64_t>> numbers_;
};

}  // namespace

absl::Status VerifyMessages(Core& core, VerifyReport& report, absl::FunctionRef<void(const VerifyProgress&)> progress) {
  const auto before = core.api().GetMailbox({});
  if (!before.ok()) return before.status();
  MessageExaminer examiner(report);
  MessageReader reader(core, {.oldest_first = true, .page_size = limits::kPageItems});
  while (!reader.done()) {
    const auto page = reader.NextPage();
    if (!page.ok())
      return TakeFinding(report, VerifyStage::kMessages, page.status()) ? absl::OkStatus() : page.status();
    for (const HistoryMessage& message : *page) examiner.Examine(message);
    progress({VerifyStage::kMessages, examiner.walked(), before->message_count()});
    if (examiner.walked() > before->message_count() + kGrowthAllowance) {
      AddFinding(report, VerifyStage::kMessages, "the listing goes on far beyond the server's own count");
      break;
    }
  }
  examiner.ExamineNumbers();
  const auto after = core.api().GetMailbox({});
  if (!after.ok()) return after.status();
  if (after->mailbox_id() != core.enrolment().mailbox_id.view()) {
    AddFinding(report, VerifyStage::kMessages, "the server answers for another mailbox");
  }
  // Only a mailbox that stood still can be counted.
  report.counted = before->head().revision() == after->head().revision();
  if (report.counted && examiner.walked() != after->message_count()) {
    AddFinding(
        report, VerifyStage::kMessages,
        fmt::format("the walk found {} messages, the server counts {}", examiner.walked(), after->message_count()));
  }
  return absl::OkStatus();
}

}  // namespace labyrinth::client
