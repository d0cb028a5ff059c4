#include "common/errors.h"

#include <fmt/format.h>

#include <array>

#include "google/rpc/error_details.pb.h"

namespace labyrinth {
namespace {

struct Row {
  Reason reason;
  std::string_view name;
  absl::StatusCode code;
};

constexpr std::array kCatalogue = {
    Row{Reason::kTokenInvalid, "TOKEN_INVALID", absl::StatusCode::kUnauthenticated},
    Row{Reason::kProofInvalid, "PROOF_INVALID", absl::StatusCode::kUnauthenticated},
    Row{Reason::kDeviceRevoked, "DEVICE_REVOKED", absl::StatusCode::kPermissionDenied},
    Row{Reason::kMailboxNotFound, "MAILBOX_NOT_FOUND", absl::StatusCode::kNotFound},
    Row{Reason::kMailboxExists, "MAILBOX_EXISTS", absl::StatusCode::kAlreadyExists},
    Row{Reason::kEpochStale, "EPOCH_STALE", absl::StatusCode::kAborted},
    Row{Reason::kLogStale, "LOG_STALE", absl::StatusCode::kAborted},
    Row{Reason::kMembersMismatch, "MEMBERS_MISMATCH", absl::StatusCode::kFailedPrecondition},
    Row{Reason::kRotationRequired, "ROTATION_REQUIRED", absl::StatusCode::kFailedPrecondition},
    Row{Reason::kMessageConflict, "MESSAGE_CONFLICT", absl::StatusCode::kAlreadyExists},
    Row{Reason::kRequestIdReused, "REQUEST_ID_REUSED", absl::StatusCode::kAlreadyExists},
    Row{Reason::kInvalidField, "INVALID_FIELD", absl::StatusCode::kInvalidArgument},
    Row{Reason::kLimitExceeded, "LIMIT_EXCEEDED", absl::StatusCode::kInvalidArgument},
    Row{Reason::kPageTokenInvalid, "PAGE_TOKEN_INVALID", absl::StatusCode::kInvalidArgument},
    Row{Reason::kQuotaExceeded, "QUOTA_EXCEEDED", absl::StatusCode::kResourceExhausted},
    Row{Reason::kRateLimited, "RATE_LIMITED", absl::StatusCode::kResourceExhausted},
    Row{Reason::kVirtualDeviceNotFound, "VIRTUAL_DEVICE_NOT_FOUND", absl::StatusCode::kNotFound},
    Row{Reason::kDeviceNotFound, "DEVICE_NOT_FOUND", absl::StatusCode::kNotFound},
    Row{Reason::kEnrollmentClosed, "ENROLLMENT_CLOSED", absl::StatusCode::kFailedPrecondition},
    Row{Reason::kTicketExpired, "TICKET_EXPIRED", absl::StatusCode::kUnauthenticated},
    Row{Reason::kAttachmentNotFound, "ATTACHMENT_NOT_FOUND", absl::StatusCode::kNotFound},
    Row{Reason::kResyncRequired, "RESYNC_REQUIRED", absl::StatusCode::kOutOfRange},
    Row{Reason::kStoreRestored, "STORE_RESTORED", absl::StatusCode::kFailedPrecondition},
    Row{Reason::kOutcomeUnknown, "OUTCOME_UNKNOWN", absl::StatusCode::kUnavailable},
    Row{Reason::kDraining, "DRAINING", absl::StatusCode::kUnavailable},
    Row{Reason::kEngineUnavailable, "ENGINE_UNAVAILABLE", absl::StatusCode::kUnavailable},
    Row{Reason::kDataDamaged, "DATA_DAMAGED", absl::StatusCode::kDataLoss},
};

const Row& RowOf(Reason reason) {
  for (const Row& row : kCatalogue) {
    if (row.reason == reason) return row;
  }
  return kCatalogue.back();  // unreachable: errors_test checks that every reason has a row
}

// Debian's absl::string_view is a type of its own.
absl::string_view Absl(std::string_view s) { return {s.data(), s.size()}; }

std::optional<google::rpc::ErrorInfo> InfoOf(const absl::Status& status) {
  const auto payload = status.GetPayload(Absl(errors::kErrorInfoUrl));
  google::rpc::ErrorInfo info;
  if (!payload.has_value() || !info.ParseFromString(std::string(*payload)) || info.domain() != errors::kDomain) {
    return std::nullopt;
  }
  return info;
}

}  // namespace

std::string_view ReasonName(Reason reason) { return RowOf(reason).name; }

std::optional<Reason> ReasonOf(const absl::Status& status) {
  const auto info = InfoOf(status);
  if (!info.has_value()) return std::nullopt;
  for (const Row& row : kCatalogue) {
    if (row.name == info->reason()) return row.reason;
  }
  return std::nullopt;
}

std::map<std::string, std::string> DetailsOf(const absl::Status& status) {
  const auto info = InfoOf(status);
  if (!info.has_value()) return {};
  return {info->metadata().begin(), info->metadata().end()};
}

namespace errors {

absl::Status Make(Reason reason, std::string_view message, const std::map<std::string, std::string>& metadata) {
  const Row& row = RowOf(reason);
  absl::Status status(row.code, Absl(message));
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(row.name));
  info.set_domain(std::string(kDomain));
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[key] = value;
  status.SetPayload(Absl(kErrorInfoUrl), absl::Cord(info.SerializeAsString()));
  return status;
}

absl::Status TokenInvalid(std::string_view what) { return Make(Reason::kTokenInvalid, what); }
absl::Status ProofInvalid(std::string_view what) { return Make(Reason::kProofInvalid, what); }
absl::Status DeviceRevoked() { return Make(Reason::kDeviceRevoked, "this device was removed from the mailbox"); }
absl::Status MailboxNotFound() { return Make(Reason::kMailboxNotFound, "this account has no mailbox"); }
absl::Status MailboxExists() { return Make(Reason::kMailboxExists, "this account already has a mailbox"); }

absl::Status EpochStale(EpochId current, uint32_t current_sequence_id) {
  return Make(Reason::kEpochStale, "the named epoch is not the current one",
              {{"current_epoch_id", fmt::format("{}", current.value())},
               {"current_sequence_id", fmt::format("{}", current_sequence_id)}});
}

absl::Status LogStale(uint64_t current_index, std::string_view current_head) {
  return Make(Reason::kLogStale, "the membership log has moved: sign again on its current head",
              {{"current_index", fmt::format("{}", current_index)}, {"current_head", ToHex(current_head)}});
}

absl::Status MembersMismatch(const std::string& missing_ids, const std::string& extra_ids) {
  return Make(Reason::kMembersMismatch, "the member list is not the active devices minus the revoked ones",
              {{"missing_device_ids", missing_ids}, {"extra_device_ids", extra_ids}});
}

absl::Status RotationRequired() {
  return Make(Reason::kRotationRequired, "a device was removed: open a new epoch before saving");
}

absl::Status MessageConflict(uint32_t index) {
  return Make(Reason::kMessageConflict, fmt::format("messages[{}]: its id belongs to a different message", index),
              {{"index", fmt::format("{}", index)}});
}

absl::Status RequestIdReused() {
  return Make(Reason::kRequestIdReused, "request_id: already used for a different request");
}

absl::Status InvalidField(std::string_view field, std::string_view why) {
  return Make(Reason::kInvalidField, fmt::format("{}: {}", field, why), {{"field", std::string(field)}});
}

absl::Status LimitExceeded(std::string_view field, std::string_view limit, uint64_t value) {
  return Make(Reason::kLimitExceeded, fmt::format("{}: over the limit {} = {}", field, limit, value),
              {{"field", std::string(field)}, {"limit", std::string(limit)}, {"value", fmt::format("{}", value)}});
}

absl::Status PageTokenInvalid(std::string_view why) {
  return Make(Reason::kPageTokenInvalid, fmt::format("page_token: {}", why));
}

absl::Status QuotaExceeded(std::string_view quota, uint64_t value) {
  return Make(Reason::kQuotaExceeded, fmt::format("the mailbox is full: {} = {}", quota, value),
              {{"limit", std::string(quota)}, {"value", fmt::format("{}", value)}});
}

absl::Status RateLimited(std::string_view limit, int64_t retry_after_ms) {
  absl::Status status = Make(Reason::kRateLimited, fmt::format("too many calls: {}", limit),
                             {{"limit", std::string(limit)}, {"retry_after_ms", fmt::format("{}", retry_after_ms)}});
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(retry_after_ms / 1000);
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(retry_after_ms % 1000 * 1'000'000));
  status.SetPayload(Absl(kRetryInfoUrl), absl::Cord(retry.SerializeAsString()));
  return status;
}

absl::Status VirtualDeviceNotFound() {
  return Make(Reason::kVirtualDeviceNotFound, "no virtual device answers to this code");
}

absl::Status DeviceNotFound() { return Make(Reason::kDeviceNotFound, "the mailbox has no such device"); }

absl::Status EnrollmentClosed() {
  return Make(Reason::kEnrollmentClosed, "the enrolment is over or unknown: start again");
}

absl::Status TicketExpired() { return Make(Reason::kTicketExpired, "the ticket is expired or not for this use"); }
absl::Status AttachmentNotFound() { return Make(Reason::kAttachmentNotFound, "there is no such attachment"); }

absl::Status ResyncRequired(uint64_t tail_revision) {
  return Make(Reason::kResyncRequired, "the change feed does not reach back that far: download, then follow",
              {{"tail_revision", fmt::format("{}", tail_revision)}});
}
absl::Status StoreRestored(uint64_t generation) {
  return Make(Reason::kStoreRestored, "the cursor is of another generation of the store",
              {{"generation", fmt::format("{}", generation)}});
}
absl::Status SessionOfRestoredStore(uint64_t generation) {
  return Make(Reason::kStoreRestored, "session: from before the store was restored",
              {{"generation", fmt::format("{}", generation)}, {"of", "session"}});
}
absl::Status OutcomeUnknown() {
  return Make(Reason::kOutcomeUnknown, "the commit may or may not have happened: repeat the identical call");
}

absl::Status Draining() { return Make(Reason::kDraining, "this server is shutting down: reconnect"); }

absl::Status EngineUnavailable(std::string_view why) {
  return Make(Reason::kEngineUnavailable, fmt::format("storage is unavailable: {}", why));
}

absl::Status DataDamaged(std::string_view where) {
  return Make(Reason::kDataDamaged, fmt::format("stored data is damaged: {}", where));
}

}  // namespace errors
}  // namespace labyrinth
