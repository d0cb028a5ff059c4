// What a write of several commits leaves in the database.
#include "storage/rocksdb/commit_batch.h"

#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/rocksdb/reader.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

// In memory; rows are read as the engine reads them.
struct Fixture {
  Fixture() {
    ::rocksdb::Options options;
    options.env = env.get();
    options.create_if_missing = true;
    ::rocksdb::DB* opened = nullptr;
    REQUIRE(::rocksdb::DB::Open(options, "/store", &opened).ok());
    db.reset(opened);
  }

  CommitRequest Commit(const std::string& partition, Position expect, std::vector<Write> writes) {
    CommitRequest request;
    request.partition = partition;
    request.expect = expect;
    request.writes = std::move(writes);
    return request;
  }
  // All as one write; true if all were committed.
  bool Apply(const std::vector<CommitRequest>& requests) {
    ::rocksdb::WriteBatch writes;
    CommitBatch batch(db.get(), db->DefaultColumnFamily(), partitions, next_number, writes);
    bool committed = true;
    for (const CommitRequest& request : requests) committed &= batch.Stage(request).outcome == Outcome::kCommitted;
    batch.Seal();
    REQUIRE(db->Write({}, &writes).ok());
    batch.Written();
    next_number = batch.next_number();
    return committed;
  }
  std::optional<std::string> Get(const std::string& partition, const std::string& key) {
    ReadRequest request;
    request.partition = partition;
    request.keys = {key};
    const auto read = Reader(db.get(), db->DefaultColumnFamily(), partitions).Read(request);
    REQUIRE(read.ok());
    return read->values[0];
  }
  int RowsOfNumber(uint64_t number) {
    const std::unique_ptr<::rocksdb::Iterator> it(db->NewIterator({}));
    const std::string end = RecordKey(number + 1);
    int rows = 0;
    for (it->Seek(RecordKey(number)); it->Valid() && it->key().compare(end) < 0; it->Next()) ++rows;
    return rows;
  }

  const std::unique_ptr<::rocksdb::Env> env{::rocksdb::NewMemEnv(::rocksdb::Env::Default())};
  std::unique_ptr<::rocksdb::DB> db;
  PartitionCache partitions;
  uint64_t next_number = 1;
};

TEST_CASE("of commits that share a write the last one's rows stand") {
  Fixture f;
  std::vector<CommitRequest> requests = {f.Commit("p", {1, 0}, {{"z", "first"}, {"gone", "there"}, {"back", "there"}}),
                                         f.Commit("q", {1, 0}, {{"a", "another's"}})};
  // Many: an order that isn't kept shows.
  constexpr uint64_t kCommits = 40;
  for (uint64_t n = 1; n <= kCommits; ++n) requests.push_back(f.Commit("p", {1, n}, {{"a", std::to_string(n)}}));
  requests.push_back(f.Commit("p", {1, kCommits + 1}, {{"gone", std::nullopt}, {"back", std::nullopt}}));
  requests.push_back(f.Commit("p", {1, kCommits + 2}, {{"back", "again"}}));
  REQUIRE(f.Apply(requests));
  CHECK(f.Get("p", "a") == std::to_string(kCommits));
  CHECK(f.Get("p", "z") == "first");
  CHECK(f.Get("p", "gone") == std::nullopt);
  CHECK(f.Get("p", "back") == "again");
  CHECK(f.Get("q", "a") == "another's");
}

TEST_CASE("a drop takes all rows with it, those of its own write too, and none that come after it") {
  Fixture f;
  REQUIRE(f.Apply({f.Commit("p", {1, 0}, {{"a", "old"}, {"b", "old"}})}));
  CommitRequest drop = f.Commit("p", {1, 2}, {});
  drop.drop = true;
  REQUIRE(
      f.Apply({f.Commit("p", {1, 1}, {{"a", "older"}, {"c", "old"}}), drop, f.Commit("p", {2, 0}, {{"b", "new"}})}));
  CHECK(f.RowsOfNumber(1) == 0);
  CHECK(f.RowsOfNumber(2) == 1);
  CHECK(f.Get("p", "a") == std::nullopt);
  CHECK(f.Get("p", "b") == "new");
}

TEST_CASE("readers are told of a write before any of it can be seen, and know where it led once all of it can") {
  Fixture f;
  REQUIRE(f.Apply({f.Commit("p", {1, 0}, {{"a", "old"}})}));
  const PartitionCache::Glimpse before = f.partitions.Look("p");
  REQUIRE(before.record().has_value());
  CHECK(before.record()->position == Position{1, 1});

  ::rocksdb::WriteBatch writes;
  CommitBatch batch(f.db.get(), f.db->DefaultColumnFamily(), f.partitions, f.next_number, writes);
  const CommitRequest commit = f.Commit("p", {1, 1}, {{"a", "new"}});
  const CommitRequest conflict = f.Commit("q", {1, 7}, {{"a", "nobody's"}});
  REQUIRE(batch.Stage(commit).outcome == Outcome::kCommitted);
  REQUIRE(batch.Stage(conflict).outcome == Outcome::kConflict);
  CHECK(f.partitions.Holds("p", before));
  batch.Seal();
  CHECK_FALSE(f.partitions.Holds("p", before));
  CHECK_FALSE(f.partitions.Look("p").record().has_value());
  REQUIRE(f.db->Write({}, &writes).ok());
  batch.Written();
  CHECK(f.partitions.Look("p").record()->position == Position{1, 2});
  CHECK_FALSE(f.partitions.Look("q").record().has_value());
}

}  // namespace
}  // namespace labyrinth::storage
