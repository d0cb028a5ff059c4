#include "tests/conformance/blobs/raw_store.h"

#include <catch2/catch.hpp>
#include <memory>
#include <vector>

namespace labyrinth::storage {

void Tamper(const std::string& path,
            absl::FunctionRef<void(::rocksdb::DB& db, ::rocksdb::ColumnFamilyHandle* blobs)> change) {
  std::vector<::rocksdb::ColumnFamilyHandle*> families;
  ::rocksdb::DB* opened = nullptr;
  const ::rocksdb::Status status =
      ::rocksdb::DB::Open({}, path + "/db", {{"default", {}}, {"blobs", {}}}, &families, &opened);
  INFO(status.ToString());
  REQUIRE(status.ok());
  const std::unique_ptr<::rocksdb::DB> db(opened);
  change(*db, families[1]);
  for (::rocksdb::ColumnFamilyHandle* family : families) db->DestroyColumnFamilyHandle(family);
  REQUIRE(db->Close().ok());
}

}  // namespace labyrinth::storage
