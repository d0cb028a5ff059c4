// RocksDB's blob files, read from outside: whether each byte of one is as it was written.
#ifndef LABYRINTH_STORAGE_ROCKSDB_BLOB_FILE_H_
#define LABYRINTH_STORAGE_ROCKSDB_BLOB_FILE_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"

namespace labyrinth::storage {

// `family` is the number of the column family that it belongs to. Reads the file from its header to its footer, what
// was deleted in it included, and compares every checksum. `go_on` is asked after each record with its bytes; CANCELLED
// once it answers false. DATA_LOSS, with the place and what is wrong there; UNAVAILABLE if the file can't be read.
// Knows version 1 of the format without compression or expiry, which is what this engine writes.
absl::Status VerifyBlobFile(const std::string& path, uint32_t family, absl::FunctionRef<bool(uint64_t bytes)> go_on);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_BLOB_FILE_H_
