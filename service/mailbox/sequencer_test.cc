// Batches: what goes into one, in which order, and who is told what when.
#include "service/mailbox/sequencer.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "common/limits.h"
#include "service/mailbox/testing/append_script.h"
#include "service/mailbox/testing/test_server.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;
using storage::CommitFault;
using storage::Position;
using storage::ReadFault;
using Call = std::shared_ptr<Completion>;

const std::string kBox = "box";

std::string Appended(TestServer& server, const std::string& partition = kBox) {
  const auto record = server.Find<storage_v1::ThreadRecord>(partition, AppendedKey());
  return record.has_value() ? record->thread_id() : "(none)";
}

Script Refuse(std::function<void(Transaction&)> before = [](Transaction&) {}) {
  Script script = Append("refused");
  script.decide = [before, append = script.decide](Transaction& txn) {
    before(txn);
    CHECK(append(txn).ok());
    return errors::RotationRequired();
  };
  return script;
}

TEST_CASE("an operation is completed once, with the commit's position, when its change is durable") {
  TestServer server;
  Script script = Append("a");
  script.completed = [&] { CHECK(Appended(server) == "a"); };
  const Call call = server.Start(kBox, std::move(script));
  server.Settle();
  CHECK(call->count == 1);
  CHECK(call->status.ok());
  CHECK(call->position == Position{1, 1});
  CHECK(server.sequencer().pending() == 0);
}

TEST_CASE("work goes on elsewhere for those that wait alone") {
  TestServer server;
  const Call first = server.Start(kBox, Append("a"));
  CHECK(first->count == 1);
  CHECK(server.executor().RunAll() == 0);
  server.WhileBusy(kBox, [&] { server.Start(kBox, Append("b")); });
  CHECK(Appended(server) == "ab");
}

TEST_CASE("waiting operations become one commit, decided in the order of their submission") {
  TestServer server;
  std::vector<Call> calls;
  server.WhileBusy(kBox, [&] {
    for (char c = 'a'; c <= 'z'; ++c) calls.push_back(server.Start(kBox, Append(std::string(1, c))));
    CHECK(server.sequencer().pending() == 27);  // and what keeps the mailbox busy
  });
  CHECK(Appended(server) == "abcdefghijklmnopqrstuvwxyz");
  CHECK(server.faults().commits_seen() == 1);
  for (const Call& call : calls) {
    CHECK(call->status.ok());
    CHECK(call->position == Position{1, 1});
  }
}

TEST_CASE("a batch takes 256 operations at most") {
  TestServer server;
  server.WhileBusy(kBox, [&] {
    for (uint32_t i = 0; i < limits::kCommitOperations + 1; ++i) server.Start(kBox, Append("x"));
  });
  CHECK(server.faults().commits_seen() == 2);
  CHECK(Appended(server).size() == limits::kCommitOperations + 1);
}

TEST_CASE("a batch takes 4 MiB at most, but always one operation") {
  TestServer server;
  const auto start = [&](std::size_t size_bytes) {
    Script script = Append("x");
    script.size_bytes = size_bytes;
    server.Start(kBox, std::move(script));
  };
  server.WhileBusy(kBox, [&] {
    start(limits::kCommitBytes / 2);
    start(limits::kCommitBytes / 2);  // the first batch ends here
    start(1);
    start(limits::kCommitBytes + 1);  // larger than a batch: on its own
    start(1);
  });
  CHECK(server.faults().commits_seen() == 4);
  CHECK(Appended(server) == "xxxxx");
}

TEST_CASE("an operation that wants to be alone is, and keeps its turn") {
  TestServer server;
  std::vector<Call> calls;
  server.WhileBusy(kBox, [&] {
    for (const char* text : {"a", "b", "C", "D", "e", "f"}) {
      Script script = Append(text);
      script.alone = text[0] < 'a';
      calls.push_back(server.Start(kBox, std::move(script)));
    }
  });
  CHECK(Appended(server) == "abCDef");
  std::vector<uint64_t> revisions;
  for (const Call& call : calls) revisions.push_back(call->position.revision);
  CHECK(revisions == std::vector<uint64_t>{1, 1, 2, 3, 4, 4});
}

TEST_CASE("a refused operation contributes nothing, and is told only once the others are durable") {
  TestServer server;
  std::string seen_by_refused;
  Call before, refused, after;
  server.faults().ScriptCommits({CommitFault::kHoldReply});
  server.WhileBusy(kBox, [&] {
    before = server.Start(kBox, Append("a"));
    refused = server.Start(kBox, Refuse([&](Transaction& txn) {
                             // It rests on what stands before it in the batch, which may yet fail.
                             seen_by_refused = txn.GetExisting<storage_v1::ThreadRecord>(AppendedKey())->thread_id();
                           }));
    after = server.Start(kBox, Append("b"));
  });
  CHECK(seen_by_refused == "a");
  CHECK(refused->count == 0);
  server.faults().Release();
  server.Settle();
  CHECK(ReasonOf(refused->status) == Reason::kRotationRequired);
  CHECK(before->status.ok());
  CHECK(after->status.ok());
  CHECK(Appended(server) == "ab");
}

TEST_CASE("if the commit fails, everyone of its batch is told so: a refusal too may have rested on it") {
  TestServer server;
  Call accepted, refused;
  server.faults().ScriptCommits({CommitFault::kFail});
  server.WhileBusy(kBox, [&] {
    accepted = server.Start(kBox, Append("a"));
    refused = server.Start(kBox, Refuse());
  });
  CHECK(ReasonOf(accepted->status) == Reason::kEngineUnavailable);
  CHECK(ReasonOf(refused->status) == Reason::kEngineUnavailable);
  CHECK(server.faults().commits_seen() == 1);  // a certain failure isn't tried again
  CHECK(Appended(server) == "(none)");
  CHECK(server.Do(kBox, Append("b")).status.ok());
  CHECK(Appended(server) == "b");
}

TEST_CASE("a batch that changes nothing makes no commit and answers with the moment it read") {
  TestServer server;
  server.Do(kBox, Append("a"));
  Call nothing, refused;
  server.WhileBusy(kBox, [&] {
    nothing = server.Start(kBox, Script{});
    refused = server.Start(kBox, Refuse());
  });
  CHECK(nothing->status.ok());
  CHECK(nothing->position == Position{1, 1});
  CHECK(ReasonOf(refused->status) == Reason::kRotationRequired);
  CHECK(server.faults().commits_seen() == 1);
}

TEST_CASE("mailboxes don't wait for each other") {
  TestServer server;
  server.faults().ScriptReads({ReadFault::kHoldRequest});
  const Call held = server.Start("a", Append("a"));
  const Call behind = server.Start("a", Append("b"));
  const Call other = server.Start("b", Append("c"));
  server.Settle();
  CHECK(other->status.ok());
  CHECK(other->count == 1);
  CHECK(held->count == 0);
  CHECK(behind->count == 0);
  CHECK(server.sequencer().pending() == 2);
  server.faults().Release();
  server.Settle();
  CHECK(Appended(server, "a") == "ab");
  CHECK(Appended(server, "b") == "c");
}

TEST_CASE("an operation whose deadline has passed is dropped; the rest of its batch goes on") {
  TestServer server;
  Call late, in_time;
  server.WhileBusy(kBox, [&] {
    Script script = Append("late");
    script.deadline = absl::FromUnixMillis(kTestNowMs + 5);
    late = server.Start(kBox, std::move(script));
    script = Append("in time");
    script.deadline = absl::FromUnixMillis(kTestNowMs + 6);
    in_time = server.Start(kBox, std::move(script));
    server.clock().Advance(6);
  });
  CHECK(ReasonOf(late->status) == Reason::kEngineUnavailable);
  CHECK(in_time->status.ok());
  CHECK(Appended(server) == "in time");
}

TEST_CASE("a read that fails, or meets a damaged head, ends the batch; the next one starts afresh") {
  TestServer server;
  server.Do(kBox, Append("a"));
  server.faults().ScriptReads({ReadFault::kFail, ReadFault::kDamaged});
  CHECK(ReasonOf(server.Do(kBox, Append("b")).status) == Reason::kEngineUnavailable);
  CHECK(ReasonOf(server.Do(kBox, Append("c")).status) == Reason::kDataDamaged);
  const auto head = server.RowAt(kBox, keys::Head());
  server.Overwrite(kBox, {{keys::Head(), "\xff"}});
  CHECK(ReasonOf(server.Do(kBox, Append("d")).status) == Reason::kDataDamaged);
  server.Overwrite(kBox, {{keys::Head(), head}});
  CHECK(server.Do(kBox, Append("e")).status.ok());
  CHECK(Appended(server) == "ae");
}

// Counts what passes.
class CountingEngine final : public storage::Engine {
 public:
  explicit CountingEngine(storage::Engine& base) : base_(base) {}
  void Read(storage::ReadRequest request, storage::ReadCallback done) override {
    key_counts.push_back(request.keys.size());
    base_.Read(std::move(request), std::move(done));
  }
  void Commit(storage::CommitRequest request, storage::CommitCallback done) override {
    base_.Commit(std::move(request), std::move(done));
  }
  void Due(int64_t now_ms, std::size_t limit, storage::DueCallback done) override {
    base_.Due(now_ms, limit, std::move(done));
  }
  void ListPartitions(std::string after, std::size_t limit, storage::PartitionsCallback done) override {
    base_.ListPartitions(std::move(after), limit, std::move(done));
  }
  std::vector<std::size_t> key_counts;

 private:
  storage::Engine& base_;
};

// Needs one row, and once that was read a hundred more.
class Curious final : public Operation {
 public:
  Curious(int number, std::vector<int>& order) : number_(number), order_(order) {}
  void Need(const BatchState& state, std::vector<std::string>& keys) const override {
    keys.push_back(keys::Thread(number_));
    if (state.Find(keys::Thread(number_)) == nullptr) return;
    for (int i = 1; i <= 100; ++i) keys.push_back(keys::Thread(number_ + 1000 * i));
  }
  absl::Status Decide(Transaction& txn) override {
    order_.push_back(number_);
    return txn.Get<storage_v1::ThreadRecord>(keys::Thread(number_ + 100'000)).status();
  }
  void Complete(const absl::Status& status, const storage::Position&) override { CHECK(status.ok()); }
  bool alone() const override { return false; }

 private:
  const int number_;
  std::vector<int>& order_;
};

TEST_CASE("what a batch reads at a time is bounded, however much its operations turn out to need") {
  TestServer server;
  CountingEngine engine(server.faults());
  Sequencer sequencer(engine, server.executor(), server.clock(), server.random());
  std::vector<int> order;
  server.faults().ScriptReads({ReadFault::kHoldRequest});
  for (int i = 0; i < 20; ++i) sequencer.Submit(kBox, std::make_unique<Curious>(i, order));
  server.faults().Release();
  server.Settle();
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(order.size() == 20);
  CHECK(*std::max_element(engine.key_counts.begin(), engine.key_counts.end()) <= 256 + 100);
  CHECK(engine.key_counts.size() < 2 * 20);  // though still several at once
}

// Needs the row that its first row names.
class Follow final : public Operation {
 public:
  Follow(std::string& seen, int& decided) : seen_(seen), decided_(decided) {}
  void Need(const BatchState& state, std::vector<std::string>& keys) const override {
    keys.push_back(keys::Thread(1));
    const auto* found = state.Find(keys::Thread(1));
    if (found != nullptr && found->has_value()) keys.push_back(keys::ThreadById(**found));
  }
  absl::Status Decide(Transaction& txn) override {
    ++decided_;
    const auto name = txn.GetExisting<storage_v1::ThreadRecord>(keys::Thread(1));
    if (!name.ok()) return name.status();
    const auto row = txn.Get<storage_v1::ThreadRecord>(keys::ThreadById(name->SerializeAsString()));
    if (!row.ok()) return row.status();
    seen_ = row->has_value() ? (*row)->thread_id() : "(none)";
    return absl::OkStatus();
  }
  void Complete(const absl::Status& status, const storage::Position&) override { CHECK(status.ok()); }

 private:
  std::string& seen_;
  int& decided_;
};

std::string ThreadNamed(const std::string& name) {
  storage_v1::ThreadRecord record;
  record.set_thread_id(name);
  return record.SerializeAsString();
}

TEST_CASE("reading goes on until every operation has what it needs") {
  TestServer server;
  server.Do(kBox, Append("x"));
  server.Overwrite(kBox, {{keys::ThreadById(ThreadNamed("x")), ThreadNamed("found")}});
  std::string seen;
  int decided = 0;
  server.sequencer().Submit(kBox, std::make_unique<Follow>(seen, decided));
  server.Settle();
  CHECK(seen == "found");
  CHECK(decided == 1);
}

TEST_CASE("a batch decides on one moment: if the mailbox moves between two reads, it reads all again") {
  TestServer server;
  server.Do(kBox, Append("x"));
  server.Overwrite(kBox, {{keys::ThreadById(ThreadNamed("x")), ThreadNamed("old")}});
  server.faults().ScriptReads({ReadFault::kNone, ReadFault::kHoldRequest});
  std::string seen;
  int decided = 0;
  server.sequencer().Submit(kBox, std::make_unique<Follow>(seen, decided));
  server.Overwrite(kBox, {{keys::Thread(1), ThreadNamed("y")},
                          {keys::ThreadById(ThreadNamed("x")), ThreadNamed("torn")},
                          {keys::ThreadById(ThreadNamed("y")), ThreadNamed("new")}});
  server.faults().Release();
  server.Settle();
  CHECK(seen == "new");
  CHECK(decided == 1);
}

TEST_CASE("a completion may submit again") {
  TestServer server;
  Call second;
  Script first = Append("a");
  first.completed = [&] { second = server.Start(kBox, Append("b")); };
  server.Start(kBox, std::move(first));
  server.Settle();
  REQUIRE(second != nullptr);
  CHECK(second->status.ok());
  CHECK(Appended(server) == "ab");
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
