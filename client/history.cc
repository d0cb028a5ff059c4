#include "client/history.h"

#include <set>
#include <utility>

#include "client/convert.h"
#include "client/own_epoch.h"
#include "client/pending.h"
#include "client/rotation.h"
#include "client/row_opener.h"
#include "client/save_batch.h"
#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::client {
namespace {

// Chaining, rotating, and the races around both.
constexpr int kSaveAttempts = 5;

// Change numbers are reserved in blocks, so that the keychain is written once in so many messages.
constexpr uint64_t kNumberBlock = 4096;

v1::OnConflict ToProto(OnConflict on_conflict) {
  switch (on_conflict) {
    case OnConflict::kKeepExisting:
      return v1::ON_CONFLICT_KEEP_EXISTING;
    case OnConflict::kReject:
      return v1::ON_CONFLICT_REJECT;
    case OnConflict::kReplace:
      return v1::ON_CONFLICT_REPLACE;
  }
  return v1::ON_CONFLICT_UNSPECIFIED;
}

absl::StatusOr<SaveOutcome> FromProto(v1::SaveOutcome outcome) {
  switch (outcome) {
    case v1::SAVE_OUTCOME_CREATED:
      return SaveOutcome::kCreated;
    case v1::SAVE_OUTCOME_UNCHANGED:
      return SaveOutcome::kUnchanged;
    case v1::SAVE_OUTCOME_KEPT_EXISTING:
      return SaveOutcome::kKeptExisting;
    case v1::SAVE_OUTCOME_REPLACED:
      return SaveOutcome::kReplaced;
    case v1::SAVE_OUTCOME_WAS_DELETED:
      return SaveOutcome::kWasDeleted;
    default:
      return Violation("save: the server's outcome is none that this program knows");
  }
}

absl::StatusOr<SaveReport> Report(const v1::SaveMessagesResponse& response, std::size_t count, EpochId epoch_id) {
  if (response.results_size() != static_cast<int>(count)) {
    return Violation("save: the server's answer has not one outcome a message");
  }
  SaveReport report{.revision = response.revision(), .outcomes = {}, .epoch_id = epoch_id};
  for (const v1::SaveResult& result : response.results()) {
    const auto outcome = FromProto(result.outcome());
    if (!outcome.ok()) return outcome.status();
    report.outcomes.push_back(*outcome);
  }
  return report;
}

// A rotation that an interrupted run had begun is the one that is wanted; it has no report.
absl::Status RotateOnce(Core& core, std::optional<RotationReport>& out) {
  if (core.state().pending.has_value()) return SettleLeftover(core);
  auto report = Rotate(core, {});
  if (report.ok()) out = *std::move(report);
  return report.status();
}

}  // namespace

absl::StatusOr<SaveReport> History::Save(std::initializer_list<NewMessage> messages, const SaveOptions& options) {
  return Save(std::span(messages.begin(), messages.size()), options);
}

absl::StatusOr<SaveReport> History::Save(std::span<const NewMessage> messages, const SaveOptions& options) {
  if (absl::Status s = CheckBatch(messages); !s.ok()) return s;
  if (absl::Status s = core_.Ready(); !s.ok()) return s;
  std::optional<RotationReport> rotation;
  if (options.may_rotate) {
    auto rotated = RotateIfDue(core_);
    if (!rotated.ok()) return rotated.status();
    rotation = *std::move(rotated);
  }
  if (absl::Status s = NoteWriting(); !s.ok()) return s;
  const auto first_number = TakeChangeNumbers(messages.size());
  if (!first_number.ok()) return first_number.status();
  for (int attempt = 1;; ++attempt) {
    auto report = SaveUnderNewest(messages, *first_number, options.on_conflict);
    if (report.ok()) report->rotation = std::move(rotation);
    if (report.ok() || attempt >= kSaveAttempts) return report;
    const auto reason = ReasonOf(report.status());
    absl::Status cured = report.status();
    if (reason == Reason::kEpochStale) cured = core_.Refresh();
    if (reason == Reason::kRotationRequired && options.may_rotate) cured = RotateOnce(core_, rotation);
    if (!cured.ok()) return cured;
  }
}

absl::StatusOr<SaveReport> History::SaveAll(std::span<const NewMessage> messages, const SaveOptions& options) {
  SaveReport whole;
  while (!messages.empty()) {
    const std::size_t count = BatchPrefix(messages);
    auto report = Save(messages.first(count), options);
    if (!report.ok()) return report.status();
    whole.revision = report->revision;
    whole.epoch_id = report->epoch_id;
    if (report->rotation.has_value()) whole.rotation = std::move(report->rotation);
    whole.outcomes.insert(whole.outcomes.end(), report->outcomes.begin(), report->outcomes.end());
    messages = messages.subspan(count);
  }
  return whole;
}

absl::StatusOr<SaveReport> History::SaveUnderNewest(std::span<const NewMessage> messages, uint64_t first_number,
                                                    OnConflict on_conflict) {
  const Enrolment& enrolment = core_.enrolment();
  if (absl::Status s = RequireOwnEpoch(enrolment); !s.ok()) return s;
  const crypto::Epoch& epoch = enrolment.epochs.newest();
  auto request = SealBatch(messages, epoch, core_.device_key(), first_number, core_.random());
  if (!request.ok()) return request.status();
  request->set_on_conflict(ToProto(on_conflict));
  const auto response = core_.api().SaveMessages(*request);
  if (!response.ok()) return response.status();
  return Report(*response, messages.size(), epoch.id);
}

absl::StatusOr<uint64_t> History::TakeChangeNumbers(uint64_t count) {
  if (numbers_of_ != core_.enrolment().device_id || number_limit_ - next_number_ < count) {
    // On disk first: a number is never given out twice, even if the process dies. What is left over is lost.
    const uint64_t first = core_.enrolment().next_change_number;
    const absl::Status kept =
        core_.Update([&](KeychainState& state) { state.enrolment->next_change_number = first + kNumberBlock; });
    if (!kept.ok()) return kept;
    next_number_ = first;
    number_limit_ = first + kNumberBlock;
    numbers_of_ = core_.enrolment().device_id;
  }
  return std::exchange(next_number_, next_number_ + count);
}

absl::Status History::NoteWriting() {
  const int64_t now_ms = core_.clock().NowMs();
  const int64_t last_ms = core_.enrolment().last_write_ms;
  // To a day, so that the keychain isn't written for each save.
  if (last_ms > 0 && last_ms <= now_ms && now_ms - last_ms < kDayMs) return absl::OkStatus();
  return core_.Update([&](KeychainState& state) { state.enrolment->last_write_ms = now_ms; });
}

MessageReader History::ListMessages(MessageQuery query) { return MessageReader(core_, std::move(query)); }

ThreadReader History::ListThreads() { return ThreadReader(core_); }

absl::StatusOr<BatchGetResult> History::GetMessages(std::span<const std::string> message_ids) {
  if (absl::Status s = core_.Ready(); !s.ok()) return s;
  BatchGetResult result;
  std::set<std::string> wanted(message_ids.begin(), message_ids.end());
  std::set<std::string> missing;
  while (!wanted.empty()) {
    v1::BatchGetMessagesRequest request;
    for (const std::string& id : wanted) {
      if (request.message_ids_size() < static_cast<int>(limits::kGetMessages)) request.add_message_ids(id);
    }
    const auto response = core_.api().BatchGetMessages(request);
    if (!response.ok()) return response.status();
    auto messages = OpenRows(core_, response->messages());
    if (!messages.ok()) return messages.status();
    const std::set<std::string> asked(request.message_ids().begin(), request.message_ids().end());
    std::size_t found = 0;
    for (HistoryMessage& message : *messages) {
      const std::string id = message.row().message_id;
      const bool first_time = asked.contains(id) && wanted.erase(id) > 0;
      found += first_time ? 1 : 0;
      if (first_time) {
        result.messages.push_back(std::move(message));
      } else {
        const Tampering kind = asked.contains(id) ? Tampering::kDuplicate : Tampering::kOutsideOfQuery;
        result.messages.push_back(HistoryMessage(message.row(), TamperedBody{kind}));
      }
    }
    // A reply has room for so many bytes, so what it left out is asked for again as long as it brought something.
    if (found > 0) continue;
    for (const std::string& id : asked) {
      wanted.erase(id);
      missing.insert(id);
    }
  }
  result.missing_message_ids.assign(missing.begin(), missing.end());
  return result;
}

absl::StatusOr<DeleteReport> History::Delete(std::span<const std::string> message_ids) {
  std::vector<RowToDelete> rows;
  rows.reserve(message_ids.size());
  for (const std::string& id : message_ids) rows.push_back({id, {}});
  return DeleteRows(core_, rows);
}

absl::Status History::Download(const DownloadQuery& query, absl::FunctionRef<absl::Status(const DownloadBatch&)> take) {
  return DownloadHistory(core_, query, take);
}

absl::StatusOr<ChangeBatch> History::Changes(const FeedCursor& since, bool include_messages) {
  if (absl::Status s = core_.Ready(); !s.ok()) return s;
  if (absl::Status s = core_.ReachFirstEpoch(); !s.ok()) return s;
  v1::ListChangesRequest request;
  ToProto(since, *request.mutable_since());
  request.set_include_messages(include_messages);
  request.set_max_changes(limits::kChanges);
  auto response = core_.api().ListChanges(request);
  if (!response.ok()) return response.status();
  auto batch = OpenChanges(core_, since, *response);
  if (batch.ok() && batch->next == since && batch->head != since) {
    return Violation("change feed: it doesn't come nearer to its own head");
  }
  return batch;
}

absl::StatusOr<FeedCursor> History::Head() {
  if (absl::Status s = core_.Ready(); !s.ok()) return s;
  const auto mailbox = core_.api().GetMailbox({});
  if (!mailbox.ok()) return mailbox.status();
  return FromProto(mailbox->head());
}

absl::Status History::Watch(const FeedCursor& since, bool include_messages,
                            absl::FunctionRef<absl::Status(const ChangeBatch&)> take, WatchStop& stop) {
  return WatchFeed(core_, since, include_messages, take, stop);
}

absl::StatusOr<crypto::ImportIds> History::ImportIds() {
  if (absl::Status s = core_.Ready(); !s.ok()) return s;
  if (absl::Status s = core_.ReachFirstEpoch(); !s.ok()) return s;
  return crypto::ImportIds::Create(core_.enrolment().epochs.oldest());
}

}  // namespace labyrinth::client
