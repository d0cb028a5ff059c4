// How RocksDB's answers become ours. Its texts name files, offsets and causes, never keys (allow_data_in_errors is
// off), but they stay with the operator: callers hear what the catalogue says.
#ifndef LABYRINTH_STORAGE_ROCKSDB_STATUS_H_
#define LABYRINTH_STORAGE_ROCKSDB_STATUS_H_

#include <rocksdb/status.h>

#include <string_view>

#include "absl/status/status.h"

namespace labyrinth::storage {

// DATA_DAMAGED for corruption (`where` names the structure), ENGINE_UNAVAILABLE for the rest; OK stays OK. NotFound is
// an answer, not an error: callers handle it first.
absl::Status ToStatus(const ::rocksdb::Status& status, std::string_view where);

// For every call whose deadline passes before it is carried out.
absl::Status PastDeadline();

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_STATUS_H_
