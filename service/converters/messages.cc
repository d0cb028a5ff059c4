#include "service/converters/messages.h"

#include <fmt/format.h>

#include <set>
#include <string>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/primitives/aead.h"
#include "service/converters/fields.h"

namespace labyrinth::service {

namespace {

constexpr std::size_t kLeastCiphertextBytes = crypto::kExtendedNonceBytes + crypto::kAeadTagBytes;
// Exclusive; every timestamp lies below it.
constexpr int64_t kEndOfTimeMs = limits::kTimestampMs + 1;

absl::StatusOr<mailbox::OnConflict> ParseOnConflict(v1::OnConflict on_conflict) {
  switch (on_conflict) {
    case v1::ON_CONFLICT_REJECT:
      return mailbox::OnConflict::kReject;
    case v1::ON_CONFLICT_KEEP_EXISTING:
      return mailbox::OnConflict::kKeepExisting;
    case v1::ON_CONFLICT_REPLACE:
      return mailbox::OnConflict::kReplace;
    default:
      return errors::InvalidField("on_conflict", "must be REJECT, KEEP_EXISTING or REPLACE");
  }
}

absl::Status CheckMessage(const v1::Message& message, int index) {
  const auto field = [index](std::string_view name) { return fmt::format("messages[{}].{}", index, name); };
  auto status = CheckBytes(message.message_id(), field("message_id"), "message_id_bytes", limits::kMessageIdBytes);
  if (!status.ok()) return status;
  status = CheckBytes(message.thread_id(), field("thread_id"), "thread_id_bytes", limits::kThreadIdBytes);
  if (!status.ok()) return status;
  status = CheckBytes(message.ciphertext(), field("ciphertext"), "message_bytes", limits::kMessageBytes);
  if (!status.ok()) return status;
  if (message.ciphertext().size() < kLeastCiphertextBytes) {
    return errors::InvalidField(field("ciphertext"), "shorter than a nonce and a tag");
  }
  if (message.timestamp_ms() < 0 || message.timestamp_ms() > limits::kTimestampMs) {
    return errors::InvalidField(field("timestamp_ms"), fmt::format("must lie in [0, {}]", limits::kTimestampMs));
  }
  if (message.expire_ms() < 0 || message.expire_ms() > limits::kTimestampMs) {
    return errors::InvalidField(field("expire_ms"), fmt::format("must lie in [0, {}]", limits::kTimestampMs));
  }
  return absl::OkStatus();
}

bool IsCipherVersion(uint32_t version) { return version == 0 || version == 2 || version == 3 || version == 4; }

}  // namespace

absl::StatusOr<mailbox::SaveRequest> ParseSave(mailbox::Caller caller, v1::SaveMessagesRequest& request) {
  mailbox::SaveRequest out;
  out.caller = std::move(caller);
  absl::StatusOr<EpochId> epoch_id = ParseId<EpochId>(request.epoch_id(), "epoch_id");
  if (!epoch_id.ok()) return epoch_id.status();
  out.epoch_id = *epoch_id;
  if (!IsCipherVersion(request.cipher_version())) {
    return errors::InvalidField("cipher_version", "must be 0, 2, 3 or 4");
  }
  out.cipher_version = request.cipher_version();
  absl::StatusOr<mailbox::OnConflict> on_conflict = ParseOnConflict(request.on_conflict());
  if (!on_conflict.ok()) return on_conflict.status();
  out.on_conflict = *on_conflict;

  if (request.messages().empty()) return errors::InvalidField("messages", "required");
  if (request.messages_size() > static_cast<int>(limits::kSaveBatchMessages)) {
    return errors::LimitExceeded("messages", "save_batch_messages", limits::kSaveBatchMessages);
  }
  std::size_t bytes = 0;
  std::set<std::string_view> ids;
  for (int i = 0; i < request.messages_size(); ++i) {
    const v1::Message& message = request.messages(i);
    if (absl::Status status = CheckMessage(message, i); !status.ok()) return status;
    if (!ids.insert(message.message_id()).second) {
      return errors::InvalidField(fmt::format("messages[{}].message_id", i), "stands in this batch twice");
    }
    bytes += message.ciphertext().size();
  }
  if (bytes > limits::kSaveBatchBytes) {
    return errors::LimitExceeded("messages", "save_batch_bytes", limits::kSaveBatchBytes);
  }
  out.messages.reserve(request.messages_size());
  for (v1::Message& message : *request.mutable_messages()) {
    out.messages.push_back({std::move(*message.mutable_message_id()), std::move(*message.mutable_thread_id()),
                            message.timestamp_ms(), std::move(*message.mutable_ciphertext()), message.expire_ms()});
  }
  return out;
}

absl::StatusOr<mailbox::DeleteRequest> ParseDelete(mailbox::Caller caller, const v1::DeleteMessagesRequest& request) {
  if (request.message_ids().empty()) return errors::InvalidField("message_ids", "required");
  if (request.message_ids_size() > static_cast<int>(limits::kDeleteMessages)) {
    return errors::LimitExceeded("message_ids", "delete_messages", limits::kDeleteMessages);
  }
  if (request.attachments_size() > static_cast<int>(limits::kDeleteMessages)) {
    return errors::LimitExceeded("attachments", "delete_messages", limits::kDeleteMessages);
  }
  mailbox::DeleteRequest out{std::move(caller), {}};
  for (int i = 0; i < request.message_ids_size(); ++i) {
    const std::string& id = request.message_ids(i);
    const auto status = CheckBytes(id, fmt::format("message_ids[{}]", i), "message_id_bytes", limits::kMessageIdBytes);
    if (!status.ok()) return status;
    out.message_ids.push_back(id);
  }
  return out;
}

absl::StatusOr<mailbox::MessageQuery> ParseQuery(const v1::ListMessagesRequest& request) {
  mailbox::MessageQuery query;
  if (request.thread_id().size() > limits::kThreadIdBytes) {
    return errors::LimitExceeded("thread_id", "thread_id_bytes", limits::kThreadIdBytes);
  }
  query.thread_id = request.thread_id();
  query.start_ms = request.start_ms();
  query.end_ms = request.end_ms() == 0 ? kEndOfTimeMs : request.end_ms();
  if (query.start_ms < 0 || query.start_ms > limits::kTimestampMs) {
    return errors::InvalidField("start_ms", fmt::format("must lie in [0, {}]", limits::kTimestampMs));
  }
  if (query.end_ms < 0 || query.end_ms > kEndOfTimeMs) {
    return errors::InvalidField("end_ms", fmt::format("must lie in [0, {}]", kEndOfTimeMs));
  }
  if (query.end_ms <= query.start_ms) return errors::InvalidField("end_ms", "must lie above start_ms");
  switch (request.order()) {
    case v1::ORDER_UNSPECIFIED:
    case v1::ORDER_NEWEST_FIRST:
      query.newest_first = true;
      break;
    case v1::ORDER_OLDEST_FIRST:
      query.newest_first = false;
      break;
    default:
      return errors::InvalidField("order", "must be NEWEST_FIRST or OLDEST_FIRST");
  }
  return query;
}

v1::SaveOutcome ToProto(mailbox::SaveOutcome outcome) {
  switch (outcome) {
    case mailbox::SaveOutcome::kCreated:
      return v1::SAVE_OUTCOME_CREATED;
    case mailbox::SaveOutcome::kUnchanged:
      return v1::SAVE_OUTCOME_UNCHANGED;
    case mailbox::SaveOutcome::kKeptExisting:
      return v1::SAVE_OUTCOME_KEPT_EXISTING;
    case mailbox::SaveOutcome::kReplaced:
      return v1::SAVE_OUTCOME_REPLACED;
    case mailbox::SaveOutcome::kWasDeleted:
      return v1::SAVE_OUTCOME_WAS_DELETED;
  }
  return v1::SAVE_OUTCOME_UNSPECIFIED;
}

void ToProto(const mailbox::MessageView& view, v1::Message& message) {
  message.set_message_id(view.record.message_id().data(), view.record.message_id().size());
  message.set_thread_id(view.thread_id().data(), view.thread_id().size());
  message.set_timestamp_ms(view.place.timestamp_ms);
  message.set_epoch_id(view.record.epoch_id());
  message.set_cipher_version(view.record.cipher_version());
  message.set_ciphertext(view.record.ciphertext().data(), view.record.ciphertext().size());
  message.set_expire_ms(view.record.expire_ms());
  message.set_revision(view.revision());
}

}  // namespace labyrinth::service
