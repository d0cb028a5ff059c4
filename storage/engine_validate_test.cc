#include <catch2/catch.hpp>

#include "storage/engine.h"

namespace labyrinth::storage {
namespace {

ReadRequest GoodRead() {
  ReadRequest read;
  read.partition = "p";
  read.keys = {"k"};
  read.scans = {{.begin = "a", .end = "b", .max_items = 1}};
  return read;
}

CommitRequest GoodCommit() {
  CommitRequest commit;
  commit.partition = "p";
  commit.writes = {{"k", "v"}, {"l", std::nullopt}};
  return commit;
}

template <typename Request, typename Change>
Request With(Request request, Change change) {
  change(request);
  return request;
}

TEST_CASE("reads inside the bounds are accepted") {
  CHECK(ValidateRead(GoodRead()).ok());
  CHECK(ValidateRead(With(GoodRead(), [](auto& r) { r.keys = {}, r.scans = {}; })).ok());
  CHECK(ValidateRead(With(GoodRead(), [](auto& r) { r.scans[0].begin = ""; })).ok());
  CHECK(ValidateRead(With(GoodRead(), [](auto& r) {
          r.partition = std::string(kMaxPartitionNameBytes, 'p');
          r.keys = {std::string(kMaxKeyBytes, 'k')};
          r.scans[0].begin = std::string(kMaxKeyBytes, 'k') + '\0';
          r.scans[0].end = std::string(kMaxKeyBytes, 'l');
        })).ok());
}

TEST_CASE("reads outside the bounds are refused") {
  const std::vector<ReadRequest> bad = {
      With(GoodRead(), [](auto& r) { r.partition = ""; }),
      With(GoodRead(), [](auto& r) { r.partition = std::string(kMaxPartitionNameBytes + 1, 'p'); }),
      With(GoodRead(), [](auto& r) { r.keys.push_back(""); }),
      With(GoodRead(), [](auto& r) { r.keys.push_back(std::string(kMaxKeyBytes + 1, 'k')); }),
      With(GoodRead(), [](auto& r) { r.scans[0].end = r.scans[0].begin; }),
      With(GoodRead(), [](auto& r) { std::swap(r.scans[0].begin, r.scans[0].end); }),
      With(GoodRead(), [](auto& r) { r.scans[0].max_items = 0; }),
      With(GoodRead(), [](auto& r) { r.scans[0].end = std::string(kMaxKeyBytes + 2, 'k'); }),
  };
  for (std::size_t i = 0; i < bad.size(); ++i) {
    INFO("case " << i);
    CHECK(ValidateRead(bad[i]).code() == absl::StatusCode::kInvalidArgument);
  }
}

TEST_CASE("commits inside the bounds are accepted") {
  CHECK(ValidateCommit(GoodCommit()).ok());
  CHECK(ValidateCommit(With(GoodCommit(), [](auto& c) { c.wake_at_ms = 0; })).ok());
  CHECK(ValidateCommit(With(GoodCommit(), [](auto& c) { c.drop = true, c.writes.clear(); })).ok());
  CHECK(ValidateCommit(With(GoodCommit(), [](auto& c) { c.writes[0].value = std::string(kMaxValueBytes, 'v'); })).ok());
}

TEST_CASE("commits outside the bounds are refused, and the text holds no key") {
  const std::vector<CommitRequest> bad = {
      With(GoodCommit(), [](auto& c) { c.partition = ""; }),
      With(GoodCommit(), [](auto& c) { c.partition = std::string(kMaxPartitionNameBytes + 1, 'p'); }),
      With(GoodCommit(), [](auto& c) { c.expect.incarnation = 0; }),
      With(GoodCommit(), [](auto& c) { c.writes.clear(); }),
      With(GoodCommit(), [](auto& c) { c.drop = true; }),
      With(GoodCommit(), [](auto& c) { c.drop = true, c.writes.clear(), c.wake_at_ms = 0; }),
      With(GoodCommit(), [](auto& c) { c.wake_at_ms = -1; }),
      With(GoodCommit(), [](auto& c) { c.writes[0].key = ""; }),
      With(GoodCommit(), [](auto& c) { c.writes[0].key = std::string(kMaxKeyBytes + 1, 'k'); }),
      With(GoodCommit(), [](auto& c) { c.writes[0].value = ""; }),
      With(GoodCommit(), [](auto& c) { c.writes[0].value = std::string(kMaxValueBytes + 1, 'v'); }),
      With(GoodCommit(),
           [](auto& c) {
             c.writes = {{"secret", "1"}, {"secret", std::nullopt}};
           }),
      With(GoodCommit(),
           [](auto& c) {
             c.writes.clear();
             for (int i = 0; i < 17; ++i)
               c.writes.push_back({std::string(1, 'a' + i), std::string(kMaxValueBytes, 'v')});
           }),
  };
  for (std::size_t i = 0; i < bad.size(); ++i) {
    INFO("case " << i);
    const absl::Status status = ValidateCommit(bad[i]);
    CHECK(status.code() == absl::StatusCode::kInvalidArgument);
    CHECK(std::string(status.message()).find("secret") == std::string::npos);
  }
}

}  // namespace
}  // namespace labyrinth::storage
