// The one catalogue of errors that cross the API (docs/ERRORS.md has the table for callers).
//
// Inside the process an error is an absl::Status whose payload is a google.rpc.ErrorInfo: domain "labyrinth", a reason
// of this catalogue, and metadata. The server's converters put the payload into the call's details, the client's take
// it out again, so ReasonOf() works on both sides. Ids stand in metadata alone, never in the message: proxies log
// messages.
#ifndef LABYRINTH_COMMON_ERRORS_H_
#define LABYRINTH_COMMON_ERRORS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/ids.h"

namespace labyrinth {

enum class Reason {
  kTokenInvalid,
  kProofInvalid,
  kDeviceRevoked,
  kMailboxNotFound,
  kMailboxExists,
  kEpochStale,
  kLogStale,
  kMembersMismatch,
  kRotationRequired,
  kMessageConflict,
  kRequestIdReused,
  kInvalidField,
  kLimitExceeded,
  kPageTokenInvalid,
  kQuotaExceeded,
  kRateLimited,
  kVirtualDeviceNotFound,
  kDeviceNotFound,
  kEnrollmentClosed,
  kTicketExpired,
  kAttachmentNotFound,
  kResyncRequired,
  kStoreRestored,
  kOutcomeUnknown,
  kDraining,
  kEngineUnavailable,
  kDataDamaged,
};

// "EPOCH_STALE" and so on: the text of ErrorInfo.reason.
std::string_view ReasonName(Reason reason);

// The reason that `status` carries; nullopt for OK, foreign errors and unknown names.
std::optional<Reason> ReasonOf(const absl::Status& status);

// The metadata that `status` carries (empty if none).
std::map<std::string, std::string> DetailsOf(const absl::Status& status);

namespace errors {

// Serialized google.rpc.ErrorInfo / RetryInfo payloads sit under these URLs.
inline constexpr std::string_view kErrorInfoUrl = "type.googleapis.com/google.rpc.ErrorInfo";
inline constexpr std::string_view kRetryInfoUrl = "type.googleapis.com/google.rpc.RetryInfo";
inline constexpr std::string_view kDomain = "labyrinth";

// Any reason with a text and metadata; the functions below are to be preferred.
absl::Status Make(Reason reason, std::string_view message, const std::map<std::string, std::string>& metadata = {});

// UNAUTHENTICATED. `what` says which check failed, never the token: "account token: expired".
absl::Status TokenInvalid(std::string_view what);
absl::Status ProofInvalid(std::string_view what);

absl::Status DeviceRevoked();
absl::Status MailboxNotFound();
absl::Status MailboxExists();

// ABORTED. The caller chains to the current epoch and tries again.
absl::Status EpochStale(EpochId current, uint32_t current_sequence_id);
// ABORTED. The caller signs again on top of the current head of the membership log.
absl::Status LogStale(uint64_t current_index, std::string_view current_head);
// FAILED_PRECONDITION. The member list isn't the active devices minus the revoked ones; ids are comma-separated
// decimals.
absl::Status MembersMismatch(const std::string& missing_ids, const std::string& extra_ids);
absl::Status RotationRequired();

// ALREADY_EXISTS. `index` is the entry of the batch whose message id is taken by a different message.
absl::Status MessageConflict(uint32_t index);
absl::Status RequestIdReused();

// INVALID_ARGUMENT. `field` is the proto path ("messages[3].thread_id"), `why` the rule that it breaks.
absl::Status InvalidField(std::string_view field, std::string_view why);
// INVALID_ARGUMENT. `limit` is the name in common/limits.h's terms ("message_bytes"), `value` its bound.
absl::Status LimitExceeded(std::string_view field, std::string_view limit, uint64_t value);
absl::Status PageTokenInvalid(std::string_view why);

// RESOURCE_EXHAUSTED.
absl::Status QuotaExceeded(std::string_view quota, uint64_t value);
absl::Status RateLimited(std::string_view limit, int64_t retry_after_ms);

absl::Status VirtualDeviceNotFound();
absl::Status DeviceNotFound();

// FAILED_PRECONDITION. One answer for every cause: unknown, timed out, refused, taken, used.
absl::Status EnrollmentClosed();

// UNAUTHENTICATED. An upload's or a download's ticket that is expired, not genuine or not for this use.
absl::Status TicketExpired();
// NOT_FOUND. One answer for every cause.
absl::Status AttachmentNotFound();

// OUT_OF_RANGE. The change feed doesn't reach back to the caller's cursor: the lowest revision that can go on.
absl::Status ResyncRequired(uint64_t tail_revision);
// FAILED_PRECONDITION. The cursor is of another generation of the store than the current one.
absl::Status StoreRestored(uint64_t generation);
// The same of a session, which its caller leaves for a new one; metadata `of` = "session".
absl::Status SessionOfRestoredStore(uint64_t generation);

// UNAVAILABLE. The caller repeats the identical call.
absl::Status OutcomeUnknown();
absl::Status Draining();
absl::Status EngineUnavailable(std::string_view why);

// DATA_LOSS. `where` names the structure, never its content.
absl::Status DataDamaged(std::string_view where);

}  // namespace errors
}  // namespace labyrinth

#endif  // LABYRINTH_COMMON_ERRORS_H_
