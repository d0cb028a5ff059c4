// A deleted blob is as one that never was.
#include <catch2/catch.hpp>

#include "common/errors.h"
#include "tests/conformance/blobs/calls.h"
#include "tests/conformance/blobs/under_test.h"

namespace labyrinth::storage {
namespace {

TEST_CASE("a deleted blob is gone at once, and others are not") {
  const auto store = MakeBlobsUnderTest();
  BlobStore& blobs = store->blobs();
  // Neighbours in any order of names.
  std::string before(32, '\x50'), after(32, '\x50');
  before.back() = '\x4f';
  after.back() = '\x51';
  const BlobName doomed = *BlobName::From(std::string(32, '\x50'));
  const std::string data = BytesOf(3 * kChunk + 5, 1);
  for (const BlobName& name : {*BlobName::From(before), doomed, *BlobName::From(after)}) MustPutAll(blobs, name, data);
  REQUIRE(DeleteNow(blobs, doomed).ok());
  CHECK(StatNow(blobs, doomed).value() == 0);
  for (uint64_t offset = 0; offset < data.size(); offset += kChunk) {
    CHECK(ReadNow(blobs, doomed, offset, kChunk).value().empty());
  }
  CHECK(MustReadAll(blobs, *BlobName::From(before)) == data);
  CHECK(MustReadAll(blobs, *BlobName::From(after)) == data);
}

TEST_CASE("deleting is idempotent, also of what never was") {
  const auto store = MakeBlobsUnderTest();
  CHECK(DeleteNow(store->blobs(), NameOf(9)).ok());
  MustPutAll(store->blobs(), NameOf(1), BytesOf(kChunk + 1, 1));
  for (int round = 0; round < 3; ++round) {
    CHECK(DeleteNow(store->blobs(), NameOf(1)).ok());
    CHECK(StatNow(store->blobs(), NameOf(1)).value() == 0);
    store->Reopen();
  }
}

TEST_CASE("a deletion lasts") {
  const auto store = MakeBlobsUnderTest();
  MustPutAll(store->blobs(), NameOf(1), BytesOf(2 * kChunk, 1));
  store->Reopen();
  REQUIRE(DeleteNow(store->blobs(), NameOf(1)).ok());
  store->Reopen();
  CHECK(StatNow(store->blobs(), NameOf(1)).value() == 0);
  CHECK(ReadNow(store->blobs(), NameOf(1), kChunk, 1).value().empty());
}

TEST_CASE("a deleted name may be used anew, and nothing of the old blob shows") {
  const auto store = MakeBlobsUnderTest();
  BlobStore& blobs = store->blobs();
  const BlobName name = NameOf(1);
  MustPutAll(blobs, name, BytesOf(4 * kChunk, 1));
  REQUIRE(DeleteNow(blobs, name).ok());
  // Not in the middle: the old chunks before it are gone.
  CHECK(PutNow(blobs, name, kChunk, BytesOf(kChunk, 2)).code() == absl::StatusCode::kFailedPrecondition);
  const std::string data = BytesOf(kChunk + 17, 3);
  MustPutAll(blobs, name, data);
  CHECK(MustReadAll(blobs, name) == data);
  CHECK(ReadNow(blobs, name, 2 * kChunk, kChunk).value().empty());
  REQUIRE(DeleteNow(blobs, name).ok());
  MustPutAll(blobs, name, "third");
  store->Reopen();
  CHECK(MustReadAll(store->blobs(), name) == "third");
}

TEST_CASE("an upload that was broken off can be deleted") {
  const auto store = MakeBlobsUnderTest();
  REQUIRE(PutNow(store->blobs(), NameOf(1), 0, BytesOf(kChunk, 1)).ok());
  REQUIRE(DeleteNow(store->blobs(), NameOf(1)).ok());
  CHECK(PutNow(store->blobs(), NameOf(1), kChunk, BytesOf(kChunk, 1)).code() == absl::StatusCode::kFailedPrecondition);
  CHECK(StatNow(store->blobs(), NameOf(1)).value() == 0);
}

}  // namespace
}  // namespace labyrinth::storage
