#include "service/attachments/partition_updates.h"

#include <catch2/catch.hpp>
#include <optional>

#include "common/errors.h"
#include "service/mailbox/testing/queue_executor.h"
#include "storage/attachment_schema.h"
#include "storage/memory/faulty_engine.h"
#include "storage/memory/memory_engine.h"

namespace labyrinth::attachments {
namespace {

using storage::CommitFault;
using storage::ReadFault;
using storage_v1::BackReferenceRecord;

constexpr int64_t kNowMs = 4'000'000'000'000;  // far beyond the machine's own clock, by which engines judge deadlines
constexpr char kPartition[] = "attref-00";
constexpr char kHeadKey[] = "\x01";

struct Fixture {
  storage::MemoryEngine memory;
  storage::FaultyEngine engine{memory};
  mailbox::testing::QueueExecutor executor;
  ManualClock clock{kNowMs};
  PartitionUpdates updates{engine, executor, clock};

  ~Fixture() {
    do {
      engine.Release();
    } while (executor.RunAll() > 0 || engine.held() > 0);
  }

  using Answer = std::shared_ptr<std::optional<absl::Status>>;
  Answer Start(std::vector<std::string> keys, std::function<absl::Status(Rows&)> decide,
               std::vector<storage::Scan> scans = {}) {
    auto answer = std::make_shared<std::optional<absl::Status>>();
    Update update;
    update.partition = kPartition;
    update.keys = std::move(keys);
    update.scans = std::move(scans);
    update.decide = std::move(decide);
    update.deadline = absl::FromUnixMillis(kNowMs + 1000);
    update.done = [answer](absl::Status status) {
      CHECK_FALSE(answer->has_value());
      *answer = std::move(status);
    };
    updates.Submit(std::move(update));
    return answer;
  }
  absl::Status Do(std::vector<std::string> keys, std::function<absl::Status(Rows&)> decide,
                  std::vector<storage::Scan> scans = {}) {
    const Answer answer = Start(std::move(keys), std::move(decide), std::move(scans));
    executor.RunAll();
    REQUIRE(answer->has_value());
    return **answer;
  }

  std::optional<std::string> Row(const std::string& key) {
    std::optional<std::string> value;
    storage::ReadRequest request;
    request.partition = kPartition;
    request.keys = {key};
    memory.Read(std::move(request), [&value](auto result) { value = result->values[0]; });
    return value;
  }
  std::optional<int64_t> Value(const std::string& key) {
    const auto row = Row(key);
    BackReferenceRecord record;
    if (!row.has_value() || !record.ParseFromString(*row)) return std::nullopt;
    return record.due_ms();
  }
  std::vector<int64_t> WakeTimes() {
    std::vector<int64_t> times;
    memory.Due(INT64_MAX, 10, [&times](auto due) {
      for (const auto& partition : *due) times.push_back(partition.wake_at_ms);
    });
    return times;
  }
};

BackReferenceRecord Record(int64_t value) {
  BackReferenceRecord record;
  record.set_due_ms(value);
  return record;
}

// An idempotent step: creates the row once.
std::function<absl::Status(Rows&)> CreateOnce(const std::string& key, int64_t value) {
  return [key, value](Rows& rows) -> absl::Status {
    const auto found = rows.Get<BackReferenceRecord>(key);
    if (!found.ok()) return found.status();
    if (found->has_value()) return (*found)->due_ms() == value ? absl::OkStatus() : errors::AttachmentNotFound();
    rows.Put(key, Record(value));
    return absl::OkStatus();
  };
}

TEST_CASE("an update reads, decides and commits; one that changes nothing commits nothing") {
  Fixture f;
  CHECK(f.Do({"a"}, CreateOnce("a", 1)).ok());
  CHECK(f.Value("a") == 1);
  CHECK(f.engine.commits_seen() == 1);
  CHECK(f.Do({"a"}, CreateOnce("a", 1)).ok());
  CHECK(f.engine.commits_seen() == 1);
  CHECK(ReasonOf(f.Do({"a"}, CreateOnce("a", 2))) == Reason::kAttachmentNotFound);
  CHECK(f.Value("a") == 1);
}

TEST_CASE("a row that wasn't asked for is a mistake of ours, not an absent row") {
  Fixture f;
  CHECK(f.Do({"a"}, CreateOnce("b", 1)).code() == absl::StatusCode::kInternal);
}

TEST_CASE("updates that wait for each other share a commit, in order; a refused one leaves no trace") {
  Fixture f;
  f.engine.ScriptCommits({CommitFault::kHoldReply});
  const auto first = f.Start({"x"}, CreateOnce("x", 1));
  const auto second = f.Start({"a"}, CreateOnce("a", 1));
  const auto refused = f.Start({"a", "b"}, [](Rows& rows) -> absl::Status {
    rows.Put("b", Record(9));
    rows.WakeBy(5);
    return errors::AttachmentNotFound();
  });
  const auto third = f.Start({"a"}, [](Rows& rows) -> absl::Status {
    const auto found = rows.Get<BackReferenceRecord>("a");
    CHECK((*found)->due_ms() == 1);  // what the one before it wrote
    rows.Put("a", Record(2));
    return absl::OkStatus();
  });
  f.engine.Release();
  f.executor.RunAll();
  CHECK((*first)->ok());
  CHECK((*second)->ok());
  CHECK(ReasonOf(**refused) == Reason::kAttachmentNotFound);
  CHECK((*third)->ok());
  CHECK(f.engine.commits_seen() == 2);
  CHECK(f.Value("a") == 2);
  CHECK_FALSE(f.Value("b").has_value());
  CHECK(f.WakeTimes().empty());
}

TEST_CASE("whatever becomes of the commits, an update is applied once or not at all, and its caller knows") {
  const auto fault = GENERATE(CommitFault::kUnknownLost, CommitFault::kUnknownApplied, CommitFault::kUnknownLate);
  Fixture f;
  f.engine.ScriptCommits({fault});
  CHECK(f.Do({"a"}, CreateOnce("a", 1)).ok());
  CHECK(f.Value("a") == 1);
  while (f.engine.ApplyLate().has_value()) {
  }
  CHECK(f.Value("a") == 1);
}

TEST_CASE("an outcome that stays unknown is told as that") {
  Fixture f;
  f.engine.ScriptCommits(
      {CommitFault::kUnknownLost, CommitFault::kUnknownLost, CommitFault::kUnknownLost, CommitFault::kUnknownLost});
  CHECK(ReasonOf(f.Do({"a"}, CreateOnce("a", 1))) == Reason::kOutcomeUnknown);
  // One that may have been applied isn't told as refused by a failure after it.
  f.engine.ScriptCommits({CommitFault::kUnknownApplied});
  f.engine.ScriptReads({ReadFault::kNone, ReadFault::kFail});
  CHECK(ReasonOf(f.Do({"b"}, CreateOnce("b", 1))) == Reason::kOutcomeUnknown);
  CHECK(f.Value("b") == 1);
  CHECK(f.Do({"b"}, CreateOnce("b", 1)).ok());  // the identical call again
}

TEST_CASE("failures before anything can have happened are told as such") {
  Fixture f;
  f.engine.ScriptReads({ReadFault::kFail});
  CHECK(ReasonOf(f.Do({"a"}, CreateOnce("a", 1))) == Reason::kEngineUnavailable);
  f.engine.ScriptCommits({CommitFault::kFail});
  CHECK(ReasonOf(f.Do({"a"}, CreateOnce("a", 1))) == Reason::kEngineUnavailable);
  CHECK_FALSE(f.Value("a").has_value());
}

TEST_CASE("another node's commit in between is seen") {
  Fixture f;
  f.engine.ScriptReads({ReadFault::kHoldReply});
  const auto mine = f.Start({"a"}, CreateOnce("a", 1));
  mailbox::testing::QueueExecutor other_executor;
  {
    PartitionUpdates other(f.memory, other_executor, f.clock);
    Update update;
    update.partition = kPartition;
    update.keys = {"a"};
    update.decide = CreateOnce("a", 2);
    update.done = [](absl::Status status) { CHECK(status.ok()); };
    other.Submit(std::move(update));
    other_executor.RunAll();
  }
  f.engine.Release();
  f.executor.RunAll();
  CHECK(ReasonOf(**mine) == Reason::kAttachmentNotFound);
  CHECK(f.Value("a") == 2);
}

TEST_CASE("the wake time only ever moves forward in urgency, until a sweep sets it") {
  Fixture f;
  const auto wake_by = [](int64_t ms) { return [ms](Rows& rows) { return rows.WakeBy(ms), absl::OkStatus(); }; };
  CHECK(f.Do({}, wake_by(500)).ok());
  CHECK(f.WakeTimes() == std::vector<int64_t>{500});
  CHECK(f.Do({}, wake_by(700)).ok());
  CHECK(f.WakeTimes() == std::vector<int64_t>{500});
  CHECK(f.Do({}, wake_by(300)).ok());
  CHECK(f.WakeTimes() == std::vector<int64_t>{300});

  CHECK(f.Do({"\x02"}, CreateOnce("\x02", 1)).ok());
  storage::Scan scan;
  scan.begin = "\x02";
  scan.end = "\x03";
  scan.max_items = 5;
  const auto set = [](Rows& rows) {
    CHECK(rows.pages()[0].items.size() == 1);
    return rows.WakeAt(0), absl::OkStatus();
  };
  CHECK(f.Do({}, set, {scan}).ok());
  CHECK(f.WakeTimes().empty());
}

TEST_CASE("a partition of a newer version is left alone") {
  Fixture f;
  storage_v1::AttachmentHead head;
  head.set_version(storage::kAttachmentSchemaVersion + 1);
  storage::CommitRequest commit;
  commit.partition = kPartition;
  commit.writes = {{kHeadKey, head.SerializeAsString()}};
  f.memory.Commit(std::move(commit), [](auto) {});
  CHECK(ReasonOf(f.Do({"a"}, CreateOnce("a", 1))) == Reason::kDataDamaged);
}

TEST_CASE("an update whose deadline has passed is refused") {
  Fixture f;
  f.engine.ScriptReads({ReadFault::kHoldReply});
  const auto late = f.Start({"a"}, CreateOnce("a", 1));
  f.clock.Advance(1000);
  f.engine.Release();
  f.executor.RunAll();
  CHECK(ReasonOf(**late) == Reason::kEngineUnavailable);
  CHECK_FALSE(f.Value("a").has_value());
}

}  // namespace
}  // namespace labyrinth::attachments
