// A disk that fails, hangs or forgets: promises 5, 6 and 8 where they hurt.
#include <atomic>
#include <catch2/catch.hpp>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "common/errors.h"
#include "tests/conformance/engine/breakable_disk.h"
#include "tests/conformance/engine/calls.h"
#include "tests/conformance/engine/history.h"
#include "tests/conformance/engine/store_on_disk.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

struct Broken {
  TempDir dir;
  std::shared_ptr<BreakableDisk> disk = std::make_shared<BreakableDisk>();
  std::unique_ptr<::rocksdb::Env> env = EnvOn(disk);

  std::unique_ptr<RocksdbEngine> Open() const {
    RocksdbOptions options = TestOptions();
    options.env = env.get();
    return MustOpen(dir.path(), options);
  }
};

TEST_CASE("an acknowledged commit survives a power cut: nothing rests on unsynced bytes") {
  const Broken broken;
  const auto engine = broken.Open();
  for (uint64_t commits = 1; commits <= 20; ++commits) {
    WriteHistory(*engine, "p", commits);
    if (commits % 5 != 0) continue;
    const TempDir copy = CopyOf(broken.dir.path());
    broken.disk->LoseUnsynced(broken.dir.path(), copy.path());
    CHECK(CheckHistory(*MustOpen(copy.path()), "p").value() == commits);
  }
}

TEST_CASE("a power cut during a sync loses the commit that was in it and no other") {
  const Broken broken;
  const auto engine = broken.Open();
  WriteHistory(*engine, "p", 5);
  broken.disk->HoldSyncs();
  absl::Notification answered;
  engine->Commit(NextInHistory("p", 5), [&](CommitResult) { answered.Notify(); });
  broken.disk->WaitUntilHeld();
  const TempDir copy = CopyOf(broken.dir.path());
  broken.disk->LoseUnsynced(broken.dir.path(), copy.path());
  broken.disk->ReleaseSyncs();
  answered.WaitForNotification();
  CHECK(CheckHistory(*MustOpen(copy.path()), "p").value() == 5);
  CHECK(CheckHistory(*engine, "p").value() == 6);
}

TEST_CASE("after a failed sync or append: unknown, then nothing is written; reads go on; a restart tells") {
  const bool sync = GENERATE(true, false);
  const Broken broken;
  auto engine = broken.Open();
  WriteHistory(*engine, "p", 5);
  CHECK(engine->Health().ok());

  sync ? broken.disk->FailSyncs(true) : broken.disk->FailAppends(true);
  const CommitRequest uncertain = NextInHistory("p", 5);
  CHECK(CommitNow(*engine, uncertain).outcome == Outcome::kUnknown);
  CHECK(engine->Health().code() == absl::StatusCode::kUnavailable);
  CHECK(std::string(engine->Health().message()).find("an injected fault") != std::string::npos);

  // The disk says that it is well again; it is not believed.
  sync ? broken.disk->FailSyncs(false) : broken.disk->FailAppends(false);
  for (const CommitRequest& request : {uncertain, NextInHistory("q", 0), NextInHistory("p", 9)}) {
    const CommitResult result = CommitNow(*engine, request);
    CHECK(result.outcome == Outcome::kFailed);
    CHECK(ReasonOf(result.error) == Reason::kEngineUnavailable);
  }
  CHECK(CheckHistory(*engine, "p").value() == 5);

  engine.reset();
  engine = broken.Open();
  CHECK(engine->Health().ok());
  const uint64_t found = CheckHistory(*engine, "p").value();
  CHECK((found == 5 || found == 6));
  // The cure for an unknown outcome: the same commit again.
  const CommitResult again = CommitNow(*engine, uncertain);
  CHECK(again.outcome == (found == 5 ? Outcome::kCommitted : Outcome::kConflict));
  CHECK(CheckHistory(*engine, "p").value() == 6);
}

TEST_CASE("commits that share a failed sync are all unknown; a conflict that rested on it is not reported") {
  const Broken broken;
  const auto engine = broken.Open();
  WriteHistory(*engine, "p", 5);
  // The first sync hangs, so that the others gather behind it and go as one group.
  broken.disk->HoldSyncs();
  std::atomic<int> unknown = 0, failed = 0, other = 0;
  absl::BlockingCounter left(5);
  const auto count = [&](CommitResult result) {
    unknown += result.outcome == Outcome::kUnknown;
    failed += result.outcome == Outcome::kFailed;
    other += result.outcome != Outcome::kUnknown && result.outcome != Outcome::kFailed;
    left.DecrementCount();
  };
  engine->Commit(NextInHistory("first", 0), count);
  broken.disk->WaitUntilHeld();
  engine->Commit(NextInHistory("p", 5), count);
  engine->Commit(NextInHistory("p", 5), count);  // a conflict, if the one before it is committed
  engine->Commit(NextInHistory("p", 6), count);
  engine->Commit(NextInHistory("q", 0), count);
  broken.disk->FailSyncs(true);
  broken.disk->ReleaseSyncs();
  left.Wait();
  // The first was in the sync that failed; the rest came after it.
  CHECK(unknown == 1);
  CHECK(failed == 4);
  CHECK(other == 0);
}

TEST_CASE("while a sync hangs, deadlines are kept: unknown in the sync, failed behind it") {
  const Broken broken;
  const auto engine = broken.Open();
  WriteHistory(*engine, "p", 5);
  broken.disk->HoldSyncs();
  const auto with_deadline = [](CommitRequest request) {
    request.deadline = absl::Now() + absl::Milliseconds(200);
    return request;
  };
  const CommitRequest uncertain = NextInHistory("p", 5);
  absl::Notification first_answered, second_answered;
  CommitResult first, second;
  engine->Commit(with_deadline(uncertain), [&](CommitResult result) {
    first = result;
    first_answered.Notify();
  });
  broken.disk->WaitUntilHeld();
  engine->Commit(with_deadline(NextInHistory("q", 0)), [&](CommitResult result) {
    second = result;
    second_answered.Notify();
  });
  first_answered.WaitForNotification();
  second_answered.WaitForNotification();
  CHECK(first.outcome == Outcome::kUnknown);
  CHECK(second.outcome == Outcome::kFailed);
  CHECK(ReasonOf(second.error) == Reason::kEngineUnavailable);
  CHECK(CheckHistory(*engine, "p").value() == 5);  // and yet it may happen

  broken.disk->ReleaseSyncs();
  const CommitResult again = CommitNow(*engine, uncertain);
  CHECK(again.outcome == Outcome::kConflict);
  CHECK(CheckHistory(*engine, "p").value() == 6);
  CHECK(PositionOf(*engine, "q") == Position{1, 0});
}

TEST_CASE("destruction during a hanging sync waits for it and fails what is queued") {
  const Broken broken;
  auto engine = broken.Open();
  broken.disk->HoldSyncs();
  std::atomic<int> committed = 0, failed = 0;
  const auto count = [&](CommitResult result) {
    committed += result.outcome == Outcome::kCommitted;
    // The queue is emptied before the thread in the sync is waited for.
    if (result.outcome == Outcome::kFailed && ++failed == 3) broken.disk->ReleaseSyncs();
  };
  engine->Commit(NextInHistory("p", 0), count);
  broken.disk->WaitUntilHeld();
  for (int i = 0; i < 3; ++i) engine->Commit(NextInHistory("q", i), count);
  engine.reset();
  CHECK(committed == 1);
  CHECK(failed == 3);
  CHECK(CheckHistory(*broken.Open(), "p").value() == 1);
}

}  // namespace
}  // namespace labyrinth::storage
