// The contract between attachments and whatever keeps their bytes (protocol section 7).
//
// A store is a set of blobs, each a random name and one growing string of bytes, written in chunks from the front. It
// knows nothing of mailboxes, sizes to come or who may read: that is the business of the rows in an Engine, and nothing
// is atomic between the two. What every store promises:
//
//   1. Thread safety. Every method may be called from any thread. Callbacks run exactly once, on any thread, possibly
//      before the call returns, and never under a lock of the store. A callback neither blocks nor destroys the store.
//   2. Chunks. A chunk begins at a multiple of limits::kAttachmentChunkBytes and has that many bytes; only the last
//      one may be shorter, after which the blob can't grow. A chunk is stored whole or not at all, and only behind the
//      one before it, so what is committed is always one prefix without gaps.
//   3. Durability. OK means that the chunk, or the deletion, survives the loss of power.
//   4. Uncertainty. OUTCOME_UNKNOWN is a result of its own: the change may have happened, or may yet. The cure is the
//      same call again: the same chunk at its place, and the deletion of what isn't there, are OK and change nothing.
//      Whoever deletes for good while an unknown put is abroad deletes again later: the put may come in between.
//   5. Consistency. A Stat or ReadRange sees one moment of its blob. One that begins after a put or a deletion was
//      reported sees it. Puts of one blob that are in flight together may be applied in any order, and refused for it.
//   6. Deletion. A deleted blob is as one that never was, at once, and its name may be used anew. Its bytes leave the
//      disk within a bound that the store names.
//   7. Bounds. A call holds kMaxBlobReadBytes of data at most; nothing grows with the size of a blob.
//   8. Damage. Every chunk carries a checksum, verified by each read. A chunk that is missing, torn or wrong is
//      DATA_DAMAGED; bytes are never wrong and never silently fewer.
//   9. Deadlines. What can wait takes a deadline and answers by then, give or take a scheduling delay.
//
// Errors, beside those: INVALID_ARGUMENT and FAILED_PRECONDITION, without a reason of the catalogue, are faults of the
// layer above. ENGINE_UNAVAILABLE means certainly not done: the deadline passed before it began, too much is waiting,
// the disk is nearly full (puts alone), or the store has stopped writing. A write that failed stops a store for good:
// its outcome is unknown, and whatever would write afterwards is ENGINE_UNAVAILABLE, while reads go on.
#ifndef LABYRINTH_STORAGE_BLOB_STORE_H_
#define LABYRINTH_STORAGE_BLOB_STORE_H_

#include <cstdint>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/bytes.h"
#include "common/limits.h"

namespace labyrinth::storage {

// Drawn at random by the layer above: B of protocol section 7.
using BlobName = FixedBytes<32, struct BlobNameTag>;

// One ReadRange: a few chunks, so that a download needn't wait for the disk at each.
inline constexpr uint64_t kMaxBlobReadBytes = 4 * uint64_t{limits::kAttachmentChunkBytes};

// Thread-safe. Destruction waits for every callback, answering what is still queued with ENGINE_UNAVAILABLE.
class BlobStore {
 public:
  using PutCallback = absl::AnyInvocable<void(absl::Status) &&>;
  using StatCallback = absl::AnyInvocable<void(absl::StatusOr<uint64_t>) &&>;
  using ReadCallback = absl::AnyInvocable<void(absl::StatusOr<std::string>) &&>;
  using DeleteCallback = absl::AnyInvocable<void(absl::Status) &&>;

  virtual ~BlobStore() = default;

  // Stores one chunk at `offset`; a blob begins to be with the one at 0. INVALID_ARGUMENT if `data` or `offset` is no
  // chunk's (ValidatePutChunk). FAILED_PRECONDITION if the chunk before it isn't there or is a short one, or if other
  // bytes are stored at its place. ENGINE_UNAVAILABLE, OUTCOME_UNKNOWN, DATA_DAMAGED.
  virtual void PutChunk(const BlobName& name, uint64_t offset, std::string data, absl::Time deadline,
                        PutCallback done) = 0;

  // How many bytes are committed: a contiguous prefix; 0 if there is no such blob. ENGINE_UNAVAILABLE, DATA_DAMAGED.
  virtual void Stat(const BlobName& name, absl::Time deadline, StatCallback done) = 0;

  // The bytes of [offset, offset + size), as far as they are committed: fewer only at the blob's end, none beyond it or
  // if there is no such blob. `size` is 1 to kMaxBlobReadBytes: INVALID_ARGUMENT (ValidateReadRange). The offset
  // needn't begin a chunk. ENGINE_UNAVAILABLE, DATA_DAMAGED.
  virtual void ReadRange(const BlobName& name, uint64_t offset, uint64_t size, absl::Time deadline,
                         ReadCallback done) = 0;

  // Deletes the whole blob; one that isn't there is fine, and so is a damaged one. Goes on while the disk is full.
  // ENGINE_UNAVAILABLE, OUTCOME_UNKNOWN.
  virtual void Delete(const BlobName& name, absl::Time deadline, DeleteCallback done) = 0;
};

// What is wrong with a request, or OK: the bounds that every store enforces the same way.
absl::Status ValidatePutChunk(uint64_t offset, uint64_t data_bytes);
absl::Status ValidateReadRange(uint64_t offset, uint64_t size);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_BLOB_STORE_H_
