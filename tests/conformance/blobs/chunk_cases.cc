// What a chunk is, where it may go, and what is read back.
#include <catch2/catch.hpp>
#include <random>

#include "absl/time/clock.h"
#include "common/errors.h"
#include "tests/conformance/blobs/calls.h"
#include "tests/conformance/blobs/under_test.h"

namespace labyrinth::storage {
namespace {

constexpr auto kPrecondition = absl::StatusCode::kFailedPrecondition;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST_CASE("a blob of any size is read back whole, and grows chunk by chunk") {
  const auto store = MakeBlobsUnderTest();
  uint64_t number = 0;
  for (const uint64_t size :
       {uint64_t{1}, uint64_t{100}, kChunk - 1, kChunk, kChunk + 1, 3 * kChunk, 5 * kChunk + 77}) {
    INFO(size << " bytes");
    const BlobName name = NameOf(++number);
    const std::string data = BytesOf(size, number);
    for (uint64_t offset = 0; offset < size; offset += kChunk) {
      CHECK(StatNow(store->blobs(), name).value() == offset);
      REQUIRE(PutNow(store->blobs(), name, offset, data.substr(offset, kChunk)).ok());
    }
    CHECK(StatNow(store->blobs(), name).value() == size);
    CHECK(MustReadAll(store->blobs(), name) == data);
  }
  // None disturbed another.
  CHECK(MustReadAll(store->blobs(), NameOf(1)) == BytesOf(1, 1));
}

TEST_CASE("what nobody put isn't there") {
  const auto store = MakeBlobsUnderTest();
  MustPutAll(store->blobs(), NameOf(1), BytesOf(kChunk, 1));
  CHECK(StatNow(store->blobs(), NameOf(2)).value() == 0);
  CHECK(ReadNow(store->blobs(), NameOf(2), 0, 10).value().empty());
  CHECK(ReadNow(store->blobs(), NameOf(2), 7 * kChunk, 10).value().empty());
}

TEST_CASE("a read gives any range, fewer bytes only at the blob's end") {
  constexpr uint64_t kSeed = 11;
  INFO("seed " << kSeed);
  const auto store = MakeBlobsUnderTest();
  const std::string data = BytesOf(6 * kChunk + 1234, kSeed);
  MustPutAll(store->blobs(), NameOf(1), data);
  const auto check = [&](uint64_t offset, uint64_t size) {
    INFO("[" << offset << ", +" << size << ")");
    const auto read = ReadNow(store->blobs(), NameOf(1), offset, size);
    REQUIRE(read.ok());
    CHECK(*read == (offset < data.size() ? data.substr(offset, size) : ""));
  };
  check(0, 1);
  check(kChunk - 1, 2);
  check(kChunk, kChunk);
  check(kChunk + 1, kMaxBlobReadBytes);
  check(data.size() - 1, 1);
  check(data.size() - 1, 2);
  check(data.size(), 1);
  check(data.size() + 1, kMaxBlobReadBytes);
  check(UINT64_MAX - kMaxBlobReadBytes, kMaxBlobReadBytes);
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 50; ++i) check(random() % (data.size() + kChunk), 1 + random() % kMaxBlobReadBytes);
}

TEST_CASE("a chunk goes behind the one before it, and nowhere else") {
  const auto store = MakeBlobsUnderTest();
  const std::string data = BytesOf(4 * kChunk, 1);
  const BlobName name = NameOf(1);
  CHECK(PutNow(store->blobs(), name, kChunk, data.substr(0, kChunk)).code() == kPrecondition);
  CHECK(StatNow(store->blobs(), name).value() == 0);
  REQUIRE(PutNow(store->blobs(), name, 0, data.substr(0, kChunk)).ok());
  CHECK(PutNow(store->blobs(), name, 2 * kChunk, data.substr(2 * kChunk, kChunk)).code() == kPrecondition);
  CHECK(StatNow(store->blobs(), name).value() == kChunk);
  CHECK(ReadNow(store->blobs(), name, 2 * kChunk, 1).value().empty());
  REQUIRE(PutNow(store->blobs(), name, kChunk, data.substr(kChunk, kChunk)).ok());
  CHECK(MustReadAll(store->blobs(), name) == data.substr(0, 2 * kChunk));
}

TEST_CASE("behind a short chunk the blob can't grow") {
  const auto store = MakeBlobsUnderTest();
  const std::string data = BytesOf(kChunk + 10, 1);
  MustPutAll(store->blobs(), NameOf(1), data);
  CHECK(PutNow(store->blobs(), NameOf(1), 2 * kChunk, "more").code() == kPrecondition);
  CHECK(PutNow(store->blobs(), NameOf(1), kChunk, data.substr(kChunk) + "more").code() == kPrecondition);
  CHECK(MustReadAll(store->blobs(), NameOf(1)) == data);
}

TEST_CASE("the same chunk again is harmless; other bytes at its place are refused") {
  const auto store = MakeBlobsUnderTest();
  const std::string data = BytesOf(2 * kChunk + 10, 1);
  MustPutAll(store->blobs(), NameOf(1), data);
  for (int round = 0; round < 2; ++round) {
    MustPutAll(store->blobs(), NameOf(1), data);
    for (uint64_t offset = 0; offset < data.size(); offset += kChunk) {
      std::string other = data.substr(offset, kChunk);
      other.back() ^= 1;
      CHECK(PutNow(store->blobs(), NameOf(1), offset, other).code() == kPrecondition);
      other.pop_back();
      CHECK(PutNow(store->blobs(), NameOf(1), offset, other).code() == kPrecondition);
    }
    CHECK(MustReadAll(store->blobs(), NameOf(1)) == data);
    store->Reopen();
  }
}

TEST_CASE("requests outside the bounds are refused and change nothing") {
  const auto store = MakeBlobsUnderTest();
  BlobStore& blobs = store->blobs();
  CHECK(PutNow(blobs, NameOf(1), 0, "").code() == kInvalid);
  CHECK(PutNow(blobs, NameOf(1), 0, std::string(kChunk + 1, 'x')).code() == kInvalid);
  CHECK(PutNow(blobs, NameOf(1), 1, "x").code() == kInvalid);
  CHECK(PutNow(blobs, NameOf(1), kChunk - 1, "x").code() == kInvalid);
  CHECK(PutNow(blobs, NameOf(1), kChunk << 32, "x").code() == kInvalid);
  CHECK(ReadNow(blobs, NameOf(1), 0, 0).status().code() == kInvalid);
  CHECK(ReadNow(blobs, NameOf(1), 0, kMaxBlobReadBytes + 1).status().code() == kInvalid);
  CHECK(ReadNow(blobs, NameOf(1), UINT64_MAX, 1).status().code() == kInvalid);
  CHECK(StatNow(blobs, NameOf(1)).value() == 0);
}

TEST_CASE("a call whose deadline has passed does nothing and says so") {
  const auto store = MakeBlobsUnderTest();
  BlobStore& blobs = store->blobs();
  const absl::Time past = absl::Now() - absl::Seconds(1);
  MustPutAll(blobs, NameOf(1), "here");
  CHECK(ReasonOf(PutNow(blobs, NameOf(2), 0, "x", past)) == Reason::kEngineUnavailable);
  CHECK(ReasonOf(DeleteNow(blobs, NameOf(1), past)) == Reason::kEngineUnavailable);
  CHECK(ReasonOf(StatNow(blobs, NameOf(1), past).status()) == Reason::kEngineUnavailable);
  CHECK(ReasonOf(ReadNow(blobs, NameOf(1), 0, 1, past).status()) == Reason::kEngineUnavailable);
  CHECK(StatNow(blobs, NameOf(2)).value() == 0);
  CHECK(MustReadAll(blobs, NameOf(1)) == "here");
}

TEST_CASE("what was acknowledged is there after closing and opening") {
  const auto store = MakeBlobsUnderTest();
  for (uint64_t round = 0; round < 4; ++round) {
    const std::string chunk = BytesOf(kChunk, round);
    REQUIRE(PutNow(store->blobs(), NameOf(1), round * kChunk, chunk).ok());
    MustPutAll(store->blobs(), NameOf(100 + round), BytesOf(10 + round, round));
    store->Reopen();
    CHECK(StatNow(store->blobs(), NameOf(1)).value() == (round + 1) * kChunk);
  }
  std::string all;
  for (uint64_t round = 0; round < 4; ++round) {
    all += BytesOf(kChunk, round);
    CHECK(MustReadAll(store->blobs(), NameOf(100 + round)) == BytesOf(10 + round, round));
  }
  CHECK(MustReadAll(store->blobs(), NameOf(1)) == all);
}

}  // namespace
}  // namespace labyrinth::storage
