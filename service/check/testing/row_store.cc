#include "service/check/testing/row_store.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "proto/storage/v1/records.pb.h"
#include "service/check/store_check.h"
#include "storage/blocking.h"
#include "storage/schema.h"

namespace labyrinth::check::testing {

namespace {

constexpr std::size_t kRowsACommit = 1000;
constexpr int64_t kNowMs = 4'000'000'000'000;

}  // namespace

std::vector<std::string> Findings::Names() const {
  std::vector<std::string> names;
  for (const Finding& finding : all) names.emplace_back(finding.name);
  return names;
}

RowStore::RowStore(const Rows& rows) {
  storage::CommitRequest commit;
  commit.partition = partition_;
  storage_v1::MailboxHead head;
  const auto stored = rows.find(storage::keys::Head());
  if (stored != rows.end() && head.ParseFromString(stored->second)) commit.wake_at_ms = head.wake_at_ms();
  const auto flush = [&] {
    if (commit.writes.empty()) return;
    const storage::CommitResult result = storage::CommitAndWait(engine_, commit);
    REQUIRE(result.outcome == storage::CommitResult::Outcome::kCommitted);
    commit.expect = result.position;
    commit.writes.clear();
  };
  for (const auto& [key, value] : rows) {
    commit.writes.push_back({key, value});
    if (commit.writes.size() == kRowsACommit) flush();
  }
  flush();
  // The partition stands no lower than the last row of its feed.
  uint64_t last_revision = 0;
  for (const auto& [key, value] : rows) {
    last_revision = std::max(last_revision, storage::keys::ParseFeed(key).value_or(0));
  }
  while (!rows.empty() && commit.expect.revision < last_revision) {
    commit.writes = {{rows.begin()->first, rows.begin()->second}};
    flush();
  }
}

std::vector<Finding> RowStore::Check(const Options& options) {
  Findings findings;
  const auto summary = CheckOneMailbox(engine_, partition_, options, findings, kNowMs);
  INFO(summary.status().ToString());
  REQUIRE((summary.ok() || absl::IsNotFound(summary.status())));
  if (summary.ok()) CHECK(summary->unjudged == 0);
  return findings.all;
}

Rows RowStore::Read() {
  const storage::Scan all{std::string(1, '\0'), std::string(8, '\xff'), storage::Direction::kForward, 1 << 20,
                          std::size_t{1} << 30};
  const auto read = storage::ReadAndWait(engine_, {partition_, {}, {all}, absl::InfiniteFuture()});
  REQUIRE(read.ok());
  Rows rows;
  for (const auto& [key, value] : read->pages[0].items) rows[std::string(key)] = value;
  return rows;
}

storage::PartitionEntry RowStore::Entry() {
  const auto entries = storage::ListPartitionsAndWait(engine_, "", 2);
  REQUIRE((entries.ok() && entries->size() == 1));
  return entries->front();
}

}  // namespace labyrinth::check::testing
