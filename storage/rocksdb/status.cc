#include "storage/rocksdb/status.h"

#include "common/errors.h"

namespace labyrinth::storage {

absl::Status ToStatus(const ::rocksdb::Status& status, std::string_view where) {
  if (status.ok()) return absl::OkStatus();
  if (status.IsCorruption()) return errors::DataDamaged(where);
  if (status.IsTimedOut()) return PastDeadline();
  return errors::EngineUnavailable("the disk could not be read");
}

absl::Status PastDeadline() { return errors::EngineUnavailable("the deadline has passed"); }

}  // namespace labyrinth::storage
