// Deleting messages.
#ifndef LABYRINTH_CLIENT_DELETE_H_
#define LABYRINTH_CLIENT_DELETE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/core.h"
#include "proto/labyrinth/v1/attachment.pb.h"

namespace labyrinth::client {

struct DeleteReport {
  uint64_t revision = 0;  // of the last batch
  uint64_t deleted = 0;   // messages that were there until now; the others were gone, or never there
};

struct RowToDelete {
  std::string message_id;
  std::vector<v1::AttachmentPoint> attachments;  // that it holds
};

// Deletes any number of messages in batches, each atomic, with their attachments' references. Idempotent: after an
// error call again with the same rows. INVALID_ARGUMENT for ids out of bounds, before anything is sent.
absl::StatusOr<DeleteReport> DeleteRows(Core& core, std::span<const RowToDelete> rows);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_DELETE_H_
