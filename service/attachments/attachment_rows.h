// The decisions on rows of references and of blobs (protocol section 7, steps 5 and 7). Each is a step of its own in
// one partition; the order of steps that keeps a crash between any two harmless is in references.h and sweeper.h.
#ifndef LABYRINTH_SERVICE_ATTACHMENTS_ATTACHMENT_ROWS_H_
#define LABYRINTH_SERVICE_ATTACHMENTS_ATTACHMENT_ROWS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "crypto/primitives/hash.h"
#include "service/attachments/rows.h"
#include "storage/attachment_schema.h"

namespace labyrinth::attachments {

using storage::AttachmentBlob;
using storage::AttachmentIndex;

inline constexpr int64_t kDayMs = int64_t{24} * 3600 * 1000;

// All of these are idempotent, as PartitionUpdates asks. Errors beyond those named: DATA_DAMAGED.

// --- References ------------------------------------------------------------------------------------------------------

struct NewReference {
  AttachmentIndex index;
  AttachmentBlob blob;
  crypto::MacTag tag;
  std::string sealed_name;
  int64_t message_expire_ms = 0;  // 0: never
};

// What keys the functions on one reference ask for.
std::vector<std::string> ReferenceKeys(const AttachmentIndex& index);

// True while the reference may be used.
bool IsLive(const storage_v1::ReferenceRecord& reference, int64_t now_ms);

// Creates it, or renews its lease and expiry if it is the same. ATTACHMENT_NOT_FOUND if the index has another blob or
// message, or is being deleted.
absl::Status PutReference(Rows& rows, const NewReference& reference, int64_t now_ms);

// Whether a download would renew the lease: not before a month has been used up, so that the row says no more of an
// access than that.
bool WantsRenewal(const storage_v1::ReferenceRecord& reference, int64_t now_ms);
// Renews it, if it is live.
absl::Status RenewLease(Rows& rows, const AttachmentIndex& index, int64_t now_ms);

// Takes a reference out of use, and says which blob its back-reference is at: nullopt if there is nothing to delete.
// With `tag`, only if that is its tag; without, only if its time has come. The row stays for kAttachmentGraceMs, in
// which the index takes no new reference: so a deletion that is still under way can't hit one.
absl::StatusOr<std::optional<AttachmentBlob>> BeginDelete(Rows& rows, const AttachmentIndex& index,
                                                          const std::optional<crypto::MacTag>& tag, int64_t now_ms);
// Drops a row that has been out of use that long.
absl::Status FinishDelete(Rows& rows, const AttachmentIndex& index, int64_t now_ms);

// --- Blobs -----------------------------------------------------------------------------------------------------------

std::vector<std::string> BlobKeys(const AttachmentBlob& blob);
std::vector<std::string> BlobKeys(const AttachmentBlob& blob, const AttachmentIndex& index);

// The deadline is kept to the day: a row that outlives its upload by years shall not tell which message was saved in
// the same minute.
absl::Status CreateBlob(Rows& rows, const AttachmentBlob& blob, uint64_t size_bytes, int64_t deadline_ms);

// Adds an index to the blob's set, to be confirmed within a day. ATTACHMENT_NOT_FOUND if the blob is gone or going.
absl::Status AddBackReference(Rows& rows, const AttachmentBlob& blob, const AttachmentIndex& index, int64_t now_ms);
// The reference was written after all: nothing is to be looked at any more, unless the attempt was repeated since
// `seen_due_ms`.
absl::Status ConfirmBackReference(Rows& rows, const AttachmentBlob& blob, const AttachmentIndex& index,
                                  int64_t seen_due_ms);
// Removes an index from the set; the last one takes the blob out of use. With `seen_due_ms`, a dangling one: only if it
// still has that due time, and a blob that may yet be attached by its ticket stays. Returns whether the blob's bytes
// are to be deleted now.
absl::StatusOr<bool> DropBackReference(Rows& rows, const AttachmentBlob& blob, const AttachmentIndex& index,
                                       std::optional<int64_t> seen_due_ms, int64_t now_ms);

// What the sweeper is to do about a blob that is due.
enum class BlobStep {
  kNothing,
  kDeleteBytes,  // out of use from now on: its bytes go, and it is due again
  kDropRow,      // has been out of use for a while: its bytes go (again), then DropBlob()
};
// Takes a blob out of use that has no references at its deadline.
absl::StatusOr<BlobStep> SweepBlob(Rows& rows, const AttachmentBlob& blob, int64_t now_ms);
absl::Status DropBlob(Rows& rows, const AttachmentBlob& blob, int64_t now_ms);

}  // namespace labyrinth::attachments

#endif  // LABYRINTH_SERVICE_ATTACHMENTS_ATTACHMENT_ROWS_H_
