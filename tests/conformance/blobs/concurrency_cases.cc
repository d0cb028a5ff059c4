// Many callers at once, and random calls against a plain map.
#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <thread>
#include <vector>

#include "absl/synchronization/blocking_counter.h"
#include "tests/conformance/blobs/calls.h"
#include "tests/conformance/blobs/under_test.h"

namespace labyrinth::storage {
namespace {

TEST_CASE("uploads, downloads and deletions side by side don't disturb each other") {
  const auto store = MakeBlobsUnderTest();
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (uint64_t t = 0; t < 6; ++t) {
    threads.emplace_back([&, t] {
      BlobStore& blobs = store->blobs();
      for (uint64_t round = 0; round < 3; ++round) {
        const std::string data = BytesOf(2 * kChunk + 100 * t, 10 * t + round);
        for (uint64_t offset = 0; offset < data.size(); offset += kChunk) {
          wrong += !PutNow(blobs, NameOf(t), offset, data.substr(offset, kChunk)).ok();
          // A prefix, whenever one looks.
          const auto read = ReadNow(blobs, NameOf(t), 0, kMaxBlobReadBytes);
          wrong += !read.ok() || *read != data.substr(0, offset + kChunk);
        }
        wrong += !DeleteNow(blobs, NameOf(t)).ok() || StatNow(blobs, NameOf(t)).value_or(1) != 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("two uploads of the same bytes under one name end as one") {
  const auto store = MakeBlobsUnderTest();
  const std::string data = BytesOf(8 * kChunk, 1);
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      for (uint64_t offset = 0; offset < data.size(); offset += kChunk) {
        wrong += !PutNow(store->blobs(), NameOf(1), offset, data.substr(offset, kChunk)).ok();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(MustReadAll(store->blobs(), NameOf(1)) == data);
}

TEST_CASE("a read sees one moment: never bytes of two blobs that had the name one after the other") {
  const auto store = MakeBlobsUnderTest();
  const std::string lives[] = {BytesOf(3 * kChunk + 9, 1), BytesOf(2 * kChunk + 5, 2)};
  const auto is_prefix = [&](const std::string& read) {
    for (const std::string& life : lives) {
      const bool chunks = read.size() == life.size() || read.size() % kChunk == 0;
      if (chunks && life.compare(0, read.size(), read) == 0) return true;
    }
    return false;
  };
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0, reads = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 2; ++t) {
    readers.emplace_back([&] {
      do {
        const auto read = ReadNow(store->blobs(), NameOf(1), 0, kMaxBlobReadBytes);
        wrong += !read.ok() || !is_prefix(*read);
        ++reads;
      } while (!stop);
    });
  }
  for (int round = 0; round < 30; ++round) {
    const std::string& life = lives[round % 2];
    for (uint64_t offset = 0; offset < life.size(); offset += kChunk) {
      wrong += !PutNow(store->blobs(), NameOf(1), offset, life.substr(offset, kChunk)).ok();
    }
    wrong += !DeleteNow(store->blobs(), NameOf(1)).ok();
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(wrong == 0);
  CHECK(reads > 0);
}

TEST_CASE("every callback runs once, also those in flight at the end") {
  const auto store = MakeBlobsUnderTest();
  constexpr int kPuts = 40;
  std::atomic<int> answers = 0;
  for (uint64_t i = 0; i < kPuts; ++i) {
    store->blobs().PutChunk(NameOf(i), 0, BytesOf(1000, i), absl::InfiniteFuture(),
                            [&answers](absl::Status) { ++answers; });
  }
  store->Close();
  CHECK(answers == kPuts);
}

TEST_CASE("random calls do what a plain map would") {
  constexpr uint64_t kSeed = 20241123;
  INFO("seed " << kSeed);
  std::mt19937_64 random(kSeed);
  const auto store = MakeBlobsUnderTest();
  std::map<uint64_t, std::string> model;
  for (int step = 0; step < 400; ++step) {
    const uint64_t number = random() % 5;
    const BlobName name = NameOf(number);
    std::string& expected = model[number];
    INFO("step " << step << ", blob " << number);
    switch (random() % 8) {
      case 0:
        REQUIRE(DeleteNow(store->blobs(), name).ok());
        expected.clear();
        break;
      case 1:
        if (random() % 8 == 0) store->Reopen();
        REQUIRE(StatNow(store->blobs(), name).value() == expected.size());
        break;
      case 2:
      case 3: {
        const uint64_t offset = random() % (expected.size() + 10), size = 1 + random() % kMaxBlobReadBytes;
        const std::string part = offset < expected.size() ? expected.substr(offset, size) : "";
        REQUIRE(ReadNow(store->blobs(), name, offset, size).value() == part);
        break;
      }
      default: {
        const uint64_t offset = random() % (expected.size() / kChunk + 2) * kChunk;
        std::string data = BytesOf(random() % 4 == 0 ? 1 + random() % kChunk : kChunk, random());
        if (offset < expected.size() && random() % 2 == 0) data = expected.substr(offset, kChunk);
        const bool appends = offset == expected.size();
        const bool repeats = offset < expected.size() && expected.substr(offset, kChunk) == data;
        const absl::Status put = PutNow(store->blobs(), name, offset, data);
        REQUIRE(put.ok() == (appends || repeats));
        if (appends) expected += data;
      }
    }
  }
  for (const auto& [number, expected] : model) CHECK(MustReadAll(store->blobs(), NameOf(number)) == expected);
}

}  // namespace
}  // namespace labyrinth::storage
