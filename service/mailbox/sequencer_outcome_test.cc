// Commits that lose to another node's, and commits whose outcome is unknown: nothing happens twice, nothing
// acknowledged is lost, and nothing is decided while it isn't known what was.
#include <catch2/catch.hpp>

#include "service/mailbox/sequencer.h"
#include "service/mailbox/testing/append_script.h"
#include "service/mailbox/testing/test_server.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;
using storage::CommitFault;
using storage::Position;
using storage::ReadFault;
using Call = std::shared_ptr<Completion>;
using Outcome = storage::CommitResult::Outcome;

const std::string kBox = "box";

struct Fixture {
  Fixture() { CHECK(Do("0").status.ok()); }

  Call Start(const std::string& text) { return server.Start(kBox, Append(text)); }
  Completion Do(const std::string& text) { return server.Do(kBox, Append(text)); }
  std::string Appended() {
    const auto record = server.Find<storage_v1::ThreadRecord>(kBox, AppendedKey());
    return record.has_value() ? record->thread_id() : "(none)";
  }
  // Another node appends, as one commit with or without a feed entry of its own.
  void AppendElsewhere(const std::string& text, bool with_feed = true) {
    auto record = server.Find<storage_v1::ThreadRecord>(kBox, AppendedKey()).value();
    record.set_thread_id(record.thread_id() + text);
    std::vector<storage::Write> writes = {{AppendedKey(), record.SerializeAsString()}};
    storage_v1::FeedRecord feed;
    feed.set_writer_node(12345);
    feed.set_writer_batch(1);
    if (with_feed) {
      writes.push_back({keys::Feed(server.PositionOf(kBox).revision + 1), feed.SerializeAsString()});
    }
    server.Overwrite(kBox, std::move(writes));
  }
  void Release() {
    server.faults().Release();
    server.Settle();
  }

  TestServer server;
};

TEST_CASE("a batch that loses to another node is decided again on what that one wrote") {
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kHoldRequest});
  const Call call = f.Start("a");
  f.AppendElsewhere("other");
  f.Release();
  CHECK(call->status.ok());
  CHECK(call->count == 1);
  CHECK(f.Appended() == "0othera");
  CHECK(call->position == f.server.PositionOf(kBox));
}

TEST_CASE("a batch that keeps losing gives up") {
  Fixture f;
  Script script = Append("a");
  int decided = 0;
  script.decide = [&, append = script.decide](Transaction& txn) {
    ++decided;
    f.AppendElsewhere("o");
    return append(txn);
  };
  const Completion done = f.server.Do(kBox, std::move(script));
  CHECK(ReasonOf(done.status) == Reason::kEngineUnavailable);
  CHECK(decided == Sequencer::kDecideAttempts);
  CHECK(f.Appended().find('a') == std::string::npos);
  CHECK(f.Do("b").status.ok());
}

TEST_CASE("a batch that loses after its deadline isn't decided again") {
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kHoldRequest});
  Script script = Append("a");
  script.deadline = absl::FromUnixMillis(kTestNowMs + 5);
  const Call call = f.server.Start(kBox, std::move(script));
  f.AppendElsewhere("o");
  f.server.clock().Advance(5);
  f.Release();
  CHECK(ReasonOf(call->status) == Reason::kEngineUnavailable);
  CHECK(f.Appended() == "0o");
}

TEST_CASE("an unknown commit that had happened is found by its tag, and counts once") {
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kUnknownApplied});
  const Completion done = f.Do("a");
  CHECK(done.status.ok());
  CHECK(done.position == Position{1, 2});
  CHECK(f.Appended() == "0a");
}

TEST_CASE("an unknown commit that had not happened is issued again, and counts once") {
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kUnknownLost});
  CHECK(f.Do("a").status.ok());
  CHECK(f.Appended() == "0a");
}

TEST_CASE("whoever waits for commits hears of each, and not before it can be read") {
  Fixture f;
  const auto heard_all = [&] { return f.server.HeardOf(kBox) == f.server.PositionOf(kBox).revision; };
  CHECK(heard_all());
  uint64_t heard_when_completed = 0;
  Script script = Append("a");
  script.completed = [&] { heard_when_completed = f.server.HeardOf(kBox); };
  CHECK(f.server.Do(kBox, std::move(script)).status.ok());
  CHECK(heard_when_completed == f.server.PositionOf(kBox).revision);
  SECTION("nothing done is nothing to hear of") {
    f.server.Overwrite(kBox, {{"another key", "value"}});
    CHECK(f.server.Do(kBox, Script{}).status.ok());
    CHECK_FALSE(heard_all());
  }
  SECTION("another node's commit, when it shows") {
    f.server.faults().ScriptCommits({CommitFault::kHoldRequest});
    Script refused = Append("b");
    refused.decide = [&, append = refused.decide](Transaction& txn) {
      return f.Appended() == "0a" ? append(txn) : absl::AbortedError("no longer");
    };
    f.server.Start(kBox, std::move(refused));
    f.AppendElsewhere("other");
    f.Release();
    CHECK(f.Appended() == "0aother");
    CHECK(heard_all());
  }
  SECTION("an unknown one that had happened") {
    f.server.faults().ScriptCommits({CommitFault::kUnknownApplied});
    CHECK(f.Do("b").status.ok());
    CHECK(heard_all());
  }
  SECTION("one whose outcome only the next call learns") {
    const auto unknown = CommitFault::kUnknownLost;
    f.server.faults().ScriptCommits({CommitFault::kUnknownApplied, unknown, unknown, unknown});
    CHECK(ReasonOf(f.Do("b").status) == Reason::kOutcomeUnknown);
    CHECK(f.server.Do(kBox, Script{}).status.ok());
    CHECK(f.Appended() == "0ab");
    CHECK(heard_all());
  }
}

TEST_CASE("an unknown commit that happens after its repetition is refused by the store") {
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kUnknownLate});
  CHECK(f.Do("a").status.ok());
  CHECK(f.server.faults().ApplyLate() == Outcome::kConflict);
  CHECK(f.Appended() == "0a");
}

TEST_CASE("a failure after an unknown outcome concludes nothing") {
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kUnknownApplied, CommitFault::kFail});
  const Completion done = f.Do("a");
  CHECK(done.status.ok());
  CHECK(done.position == Position{1, 2});
  CHECK(f.Appended() == "0a");
}

TEST_CASE("an unknown commit that another node overtook is decided again") {
  const bool with_feed = GENERATE(true, false);
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kUnknownLost, CommitFault::kHoldRequest});
  const Call call = f.Start("a");
  f.server.Settle();
  f.AppendElsewhere("other", with_feed);
  f.Release();
  CHECK(call->status.ok());
  CHECK(f.Appended() == "0othera");
}

TEST_CASE("an unknown commit that others have built upon counts, at its own revision") {
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kUnknownApplied, CommitFault::kHoldRequest});
  const Call call = f.Start("a");
  f.server.Settle();
  f.AppendElsewhere("b");
  f.AppendElsewhere("c");
  f.Release();
  CHECK(call->status.ok());
  CHECK(call->position == Position{1, 2});
  CHECK(f.Appended() == "0abc");
}

TEST_CASE("a caller is told OUTCOME_UNKNOWN after so many attempts, and the next batch settles it first") {
  using F = CommitFault;
  // What the fourth attempt really did; the three before it got lost.
  const auto last = GENERATE(F::kUnknownLost, F::kUnknownApplied, F::kUnknownLate);
  Fixture f;
  const uint64_t before = f.server.faults().commits_seen();
  f.server.faults().ScriptCommits({F::kUnknownLost, F::kUnknownLost, F::kUnknownLost, last});
  const Completion done = f.Do("a");
  CHECK(ReasonOf(done.status) == Reason::kOutcomeUnknown);
  CHECK(f.server.faults().commits_seen() == before + Sequencer::kCommitAttempts);
  if (GENERATE(false, true)) f.server.faults().ApplyLate();
  // The caller repeats the call; were it idempotent, it would now find its first attempt.
  CHECK(f.Do("b").status.ok());
  CHECK(f.Appended() == "0ab");
  CHECK(f.server.faults().ApplyLate().value_or(Outcome::kConflict) == Outcome::kConflict);
  CHECK(f.Appended() == "0ab");
}

TEST_CASE("a passed deadline ends the attempts early") {
  Fixture f;
  const uint64_t before = f.server.faults().commits_seen();
  f.server.faults().ScriptCommits({CommitFault::kUnknownLost});
  Script script = Append("a");
  script.deadline = absl::FromUnixMillis(kTestNowMs + 5);
  script.decide = [&, append = script.decide](Transaction& txn) {
    f.server.clock().Advance(5);  // while it decides
    return append(txn);
  };
  CHECK(ReasonOf(f.server.Do(kBox, std::move(script)).status) == Reason::kOutcomeUnknown);
  CHECK(f.server.faults().commits_seen() == before + 1);
}

TEST_CASE("while an outcome stays unknown, nothing is decided") {
  using F = CommitFault;
  Fixture f;
  f.server.faults().ScriptCommits({F::kUnknownLost, F::kUnknownLost, F::kUnknownLost, F::kUnknownLate,  // a
                                   F::kUnknownLost,                                                     // settling it
                                   F::kFail});                                                          // again
  CHECK(ReasonOf(f.Do("a").status) == Reason::kOutcomeUnknown);
  int decided = 0;
  Script script = Append("b");
  script.decide = [&, append = script.decide](Transaction& txn) {
    ++decided;
    return append(txn);
  };
  CHECK(ReasonOf(f.server.Do(kBox, script).status) == Reason::kEngineUnavailable);
  CHECK(ReasonOf(f.server.Do(kBox, script).status) == Reason::kEngineUnavailable);
  CHECK(decided == 0);
  CHECK(f.server.Do(kBox, script).status.ok());
  CHECK(decided == 1);
  CHECK(f.Appended() == "0ab");
}

TEST_CASE("if it can't be found out whose commit it was, the outcome stays unknown and is settled later") {
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kUnknownApplied});
  f.server.faults().ScriptReads({ReadFault::kNone, ReadFault::kFail});
  CHECK(ReasonOf(f.Do("a").status) == Reason::kOutcomeUnknown);
  CHECK(f.Do("b").status.ok());
  CHECK(f.Appended() == "0ab");
}

TEST_CASE("a feed entry that doesn't parse is damage: it can't say whose commit it was") {
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kUnknownApplied, CommitFault::kHoldRequest});
  const Call call = f.Start("a");
  f.server.Settle();
  f.server.Overwrite(kBox, {{keys::Feed(2), "\xff"}});
  f.Release();
  CHECK(ReasonOf(call->status) == Reason::kDataDamaged);
  CHECK(f.Appended() == "0a");
  CHECK(f.Do("b").status.ok());
}

Script Delete() {
  Script script;
  script.alone = true;
  script.decide = [](Transaction& txn) {
    if (!txn.has_mailbox()) return errors::MailboxNotFound();
    txn.Drop();
    return absl::OkStatus();
  };
  return script;
}

TEST_CASE("a deletion whose outcome was unknown is done once the mailbox is gone") {
  const auto fault = GENERATE(CommitFault::kUnknownApplied, CommitFault::kUnknownLost, CommitFault::kUnknownLate);
  Fixture f;
  f.server.faults().ScriptCommits({fault});
  const Completion done = f.server.Do(kBox, Delete());
  CHECK(done.status.ok());
  CHECK(done.position == Position{2, 0});
  CHECK(f.server.faults().ApplyLate().value_or(Outcome::kConflict) == Outcome::kConflict);
  CHECK(f.Do("anew").status.ok());
  CHECK(f.Appended() == "anew");
}

TEST_CASE("a deletion whose outcome was unknown is decided again if the mailbox only moved") {
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kUnknownLost, CommitFault::kHoldRequest});
  const Call call = f.server.Start(kBox, Delete());
  f.server.Settle();
  f.AppendElsewhere("x");
  f.Release();
  CHECK(call->status.ok());
  CHECK(f.server.Rows(kBox).empty());
}

TEST_CASE("a mailbox that was deleted and made anew is another: what was meant for the old one is decided again") {
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kUnknownLost, CommitFault::kHoldRequest});
  const Call call = f.Start("a");
  f.server.Settle();
  storage::CommitRequest drop;
  drop.partition = kBox;
  drop.expect = f.server.PositionOf(kBox);
  drop.drop = true;
  f.server.store().Commit(std::move(drop), [](const auto&) {});
  f.server.Overwrite(kBox, {{AppendedKey(), "\x0a\x01n"}});  // thread_id "n"
  f.server.Overwrite(kBox, {{AppendedKey(), "\x0a\x01n"}});  // at the revision that the old one's commit had expected
  f.Release();
  CHECK(call->status.ok());
  CHECK(call->position == Position{2, 3});
  CHECK(f.Appended() == "na");
}

TEST_CASE("a restarted server knows of no unknown commit, and needs not to") {
  using F = CommitFault;
  const bool applied_first = GENERATE(true, false);
  Fixture f;
  f.server.faults().ScriptCommits({F::kUnknownLost, F::kUnknownLost, F::kUnknownLost, F::kUnknownLate});
  CHECK(ReasonOf(f.Do("a").status) == Reason::kOutcomeUnknown);
  f.server.Restart();
  f.server.faults().ScriptCommits({F::kHoldRequest});
  const Call call = f.Start("b");  // decided on the state before "a"
  if (applied_first) CHECK(f.server.faults().ApplyLate() == Outcome::kCommitted);
  f.Release();
  CHECK(call->status.ok());
  if (!applied_first) CHECK(f.server.faults().ApplyLate() == Outcome::kConflict);
  CHECK(f.Appended() == (applied_first ? "0ab" : "0b"));
}

TEST_CASE("two nodes on one mailbox lose nothing to each other") {
  Fixture f;
  QueueExecutor executor;
  Sequencer other(f.server.faults(), executor, f.server.clock(), f.server.random());
  std::vector<Call> calls;
  f.server.faults().Randomize(7, {.unknown_lost = 100, .unknown_applied = 100, .hold_request = 300, .hold_reply = 300});
  for (int i = 0; i < 100; ++i) {
    calls.push_back(f.Start("a"));
    calls.push_back(std::make_shared<Completion>());
    other.Submit(kBox, std::make_unique<FunctionOperation>(Append("b"), calls.back()));
    while (executor.RunAll() + f.server.executor().RunAll() + f.server.faults().Release(1) > 0) {
    }
  }
  f.server.faults().Randomize(7, {});
  for (const Call& call : calls) {
    CHECK(call->count == 1);
    CHECK(call->status.ok());
  }
  const std::string appended = f.Appended();
  CHECK(std::count(appended.begin(), appended.end(), 'a') == 100);
  CHECK(std::count(appended.begin(), appended.end(), 'b') == 100);
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
