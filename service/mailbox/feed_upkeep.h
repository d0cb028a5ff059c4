// The change feed's rows after their commit: what becomes void leaves them.
//
// Each live message has one entry in the feed that tells of it as it is: that of its first save, or of its last
// replacement. When it is replaced or removed, a mark (table 33) says from when on that entry is to go: an hour later,
// so that a row keeps its writer's tag for as long as a commit's outcome may be in question, and so that what follows
// in a lively hour costs one rewriting. Deletions stay for the time of tombstones, and go together with them (table
// 34).
#ifndef LABYRINTH_SERVICE_MAILBOX_FEED_UPKEEP_H_
#define LABYRINTH_SERVICE_MAILBOX_FEED_UPKEEP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "service/mailbox/batch_state.h"
#include "storage/schema.h"

namespace labyrinth::mailbox {

// The revision whose feed row tells of the message as it is.
uint64_t ToldAt(const storage::Place& place, const storage_v1::MessageRecord& message);

// Marks what the feed tells of the message at `place` as void. Before the message is replaced or removed.
void MarkToldAsVoid(Transaction& txn, const storage::Place& place, const storage_v1::MessageRecord& message);

// Takes the entry of the message at `place` out of the row of `revision`: a row has at most one. Nothing to do if it
// isn't there.
void VoidEntry(storage_v1::FeedRecord& row, uint64_t revision, const storage::Place& place);

// Takes the deletions out of a row, and returns the message ids that they named.
std::vector<std::string> TakeDeletions(storage_v1::FeedRecord& row);
bool IsDeletion(const storage_v1::ChangeRecord& change);

// Writes the row, or deletes it if nothing is left in it.
void PutFeedRow(Transaction& txn, uint64_t revision, storage_v1::FeedRecord row);

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_FEED_UPKEEP_H_
