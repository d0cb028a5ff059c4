// A whole store, or one mailbox of it, cross-examined while it is served or while it is not.
#ifndef LABYRINTH_SERVICE_CHECK_STORE_CHECK_H_
#define LABYRINTH_SERVICE_CHECK_STORE_CHECK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "service/check/finding.h"
#include "storage/blob_store.h"
#include "storage/engine.h"

namespace labyrinth::check {

// Both block, and read at the disk's pace; what is found goes to the listener. Damaged rows are findings: the errors
// are those of a store that doesn't answer (ENGINE_UNAVAILABLE, OUTCOME_UNKNOWN), and CANCELLED.

// Every partition. Those of other kinds than mailboxes and attachments are only seen to be readable.
absl::StatusOr<Summary> CheckStore(storage::Engine& engine, storage::BlobStore& blobs, const Options& options,
                                   Listener& listener, int64_t now_ms);

// MAILBOX_NOT_FOUND if there is nothing in it.
absl::StatusOr<Summary> CheckOneMailbox(storage::Engine& engine, const std::string& partition, const Options& options,
                                        Listener& listener, int64_t now_ms);

}  // namespace labyrinth::check

#endif  // LABYRINTH_SERVICE_CHECK_STORE_CHECK_H_
