// The embedded store without its engine: what another program, or a hand, could do to it.
#ifndef LABYRINTH_TESTS_CONFORMANCE_BLOBS_RAW_STORE_H_
#define LABYRINTH_TESTS_CONFORMANCE_BLOBS_RAW_STORE_H_

#include <rocksdb/db.h>

#include <string>

#include "absl/functional/function_ref.h"

namespace labyrinth::storage {

// Opens the closed store at `path` with RocksDB's own defaults, which know of no blob files, and closes it again.
void Tamper(const std::string& path,
            absl::FunctionRef<void(::rocksdb::DB& db, ::rocksdb::ColumnFamilyHandle* blobs)> change);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_TESTS_CONFORMANCE_BLOBS_RAW_STORE_H_
