#include "service/mailbox/batch_state.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

namespace labyrinth::mailbox {
namespace {

namespace keys = storage::keys;

constexpr storage::Position kPosition{1, 41};

// A state over a mailbox whose head and thread 1 were read, and whose thread 2 isn't there.
BatchState Filled(int64_t wake_at_ms = 0) {
  storage_v1::MailboxHead head;
  head.set_version(storage::kSchemaVersion);
  head.set_message_count(5);
  head.set_wake_at_ms(wake_at_ms);
  storage_v1::ThreadRecord thread;
  thread.set_thread_id("one");
  BatchState state(1000);
  CHECK(state.Accept(kPosition, {keys::Head(), keys::Thread(1), keys::Thread(2)},
                     {head.SerializeAsString(), thread.SerializeAsString(), std::nullopt}));
  CHECK(state.LoadHead().ok());
  return state;
}

void PutThread(Transaction& txn, uint32_t number, std::string id) {
  storage_v1::ThreadRecord thread;
  thread.set_thread_id(std::move(id));
  txn.Put(keys::Thread(number), thread);
}

std::string ThreadIn(const Transaction& txn, uint32_t number) {
  const auto thread = txn.Get<storage_v1::ThreadRecord>(keys::Thread(number));
  REQUIRE(thread.ok());
  return thread->has_value() ? (*thread)->thread_id() : "(none)";
}

const storage::Write* WriteOf(const storage::CommitRequest& commit, const std::string& key) {
  const auto found = std::find_if(commit.writes.begin(), commit.writes.end(),
                                  [&](const storage::Write& write) { return write.key == key; });
  return found == commit.writes.end() ? nullptr : &*found;
}

TEST_CASE("a transaction sees what was read, then its own changes, then those applied before it") {
  BatchState state = Filled();
  Transaction first(state);
  CHECK(ThreadIn(first, 1) == "one");
  CHECK(ThreadIn(first, 2) == "(none)");
  PutThread(first, 2, "two");
  first.Delete(keys::Thread(1));
  CHECK(ThreadIn(first, 1) == "(none)");
  CHECK(ThreadIn(first, 2) == "two");
  CHECK(ThreadIn(Transaction(state), 2) == "(none)");  // not yet applied
  first.Apply();
  CHECK(ThreadIn(Transaction(state), 1) == "(none)");
  CHECK(ThreadIn(Transaction(state), 2) == "two");
}

TEST_CASE("a discarded transaction leaves nothing behind") {
  BatchState state = Filled();
  {
    Transaction refused(state);
    refused.mutable_head().set_message_count(99);
    refused.AddSaved(1, 7);
    refused.WakeBy(1, 1);
    refused.Drop();
    PutThread(refused, 2, "two");
    CHECK(refused.head().message_count() == 99);
  }
  CHECK_FALSE(state.changed());
  Transaction next(state);
  CHECK(next.head().message_count() == 5);
  CHECK(next.head().wake_at_ms() == 0);
  CHECK(next.NextOrdinal() == 0);
  CHECK(ThreadIn(next, 2) == "(none)");
}

TEST_CASE("a row that wasn't asked for is a bug, a row that doesn't parse is damage, an absent one may be either") {
  BatchState state = Filled();
  CHECK(state.Accept(kPosition, {keys::Thread(3)}, {std::string("\xff\xff")}));
  const Transaction txn(state);
  CHECK(txn.Get<storage_v1::ThreadRecord>(keys::Thread(4)).status().code() == absl::StatusCode::kInternal);
  CHECK(ReasonOf(txn.Get<storage_v1::ThreadRecord>(keys::Thread(3)).status()) == Reason::kDataDamaged);
  CHECK(ReasonOf(txn.GetExisting<storage_v1::ThreadRecord>(keys::Thread(2)).status()) == Reason::kDataDamaged);
  CHECK(txn.GetExisting<storage_v1::ThreadRecord>(keys::Thread(1)).ok());
}

TEST_CASE("a commit holds the changes, the head, and a feed entry with the writer's tag at the next revision") {
  BatchState state = Filled(/*wake_at_ms=*/500);
  Transaction first(state);
  CHECK(first.commit_revision() == 42);
  PutThread(first, 2, "two");
  first.mutable_head().set_message_count(6);
  first.AddSaved(1, 7);
  first.Apply();
  Transaction second(state);
  CHECK(second.NextOrdinal() == 1);
  CHECK(second.head().message_count() == 6);
  second.AddSaved(2, 8);
  second.AddChange(storage_v1::CHANGE_KIND_DEVICE_ADDED, DeviceId(4)).set_device_id(3);
  second.Delete(keys::Thread(1));
  second.Apply();

  const storage::CommitRequest commit = state.ToCommit("p", 77, 88);
  CHECK(commit.partition == "p");
  CHECK(commit.expect == kPosition);
  CHECK_FALSE(commit.drop);
  CHECK_FALSE(commit.wake_at_ms.has_value());  // unchanged: left alone
  CHECK(storage::ValidateCommit(commit).ok());
  REQUIRE(commit.writes.size() == 4);
  CHECK(WriteOf(commit, keys::Thread(2))->value.has_value());
  CHECK_FALSE(WriteOf(commit, keys::Thread(1))->value.has_value());
  const auto head = ParseRecord<storage_v1::MailboxHead>(*WriteOf(commit, keys::Head())->value);
  CHECK(head->message_count() == 6);
  const auto feed = ParseRecord<storage_v1::FeedRecord>(*WriteOf(commit, keys::Feed(42))->value);
  CHECK(feed->writer_node() == 77);
  CHECK(feed->writer_batch() == 88);
  CHECK(feed->commit_ms() == state.now_ms());
  REQUIRE(feed->changes_size() == 3);
  CHECK(feed->changes(0).thread_number() == 1);
  CHECK(feed->changes(1).thread_number() == 2);
  CHECK(feed->changes(2).device_id() == 3);
  CHECK(feed->changes(2).by_device_id() == 4);
}

TEST_CASE("a mailbox wakes at the earliest time asked for") {
  BatchState state = Filled(/*wake_at_ms=*/500);
  Transaction later(state);
  later.WakeBy(600, 1);
  PutThread(later, 1, "one");
  later.Apply();
  CHECK_FALSE(state.ToCommit("p", 1, 1).wake_at_ms.has_value());
  Transaction earlier(state);
  earlier.WakeBy(400, 1);
  earlier.Apply();
  const storage::CommitRequest commit = state.ToCommit("p", 1, 1);
  CHECK(commit.wake_at_ms == 400);
  CHECK(ParseRecord<storage_v1::MailboxHead>(*WriteOf(commit, keys::Head())->value)->wake_at_ms() == 400);
}

TEST_CASE("a wake time is rounded up, to instants that differ from mailbox to mailbox") {
  std::set<int64_t> instants;
  for (const char first : {'a', 'b', 'c', 'd', 'e'}) {
    BatchState state = Filled();
    Transaction txn(state);
    txn.mutable_head().set_mailbox_id(std::string(16, first));
    for (int64_t ms = 10'000; ms < 10'200; ++ms) {
      txn.ClearWake();
      txn.WakeBy(ms, 100);
      CHECK(txn.head().wake_at_ms() >= ms);
      CHECK(txn.head().wake_at_ms() < ms + 100);
    }
    const int64_t last = txn.head().wake_at_ms();
    txn.ClearWake();
    txn.WakeBy(last, 100);
    CHECK(txn.head().wake_at_ms() == last);
    txn.ClearWake();
    txn.WakeBy(last + 1, 100);
    CHECK(txn.head().wake_at_ms() == last + 100);
    instants.insert(last % 100);
  }
  CHECK(instants.size() > 1);
}

TEST_CASE("another wake time alone is a change, and what needs no trace leaves none unless others do") {
  BatchState state = Filled(/*wake_at_ms=*/500);
  Transaction same(state);
  same.ClearWake();
  same.WakeBy(500, 1);
  same.LeaveNoTrace();
  same.Apply();
  CHECK_FALSE(state.changed());
  Transaction other(state);
  other.ClearWake();
  other.LeaveNoTrace();
  other.Apply();
  CHECK(state.changed());
  const storage::CommitRequest commit = state.ToCommit("p", 1, 1);
  CHECK(commit.wake_at_ms == 0);
  REQUIRE(commit.writes.size() == 1);
  CHECK(WriteOf(commit, keys::Head()) != nullptr);

  Transaction silent(state);
  PutThread(silent, 2, "two");
  silent.LeaveNoTrace();
  silent.Apply();
  CHECK(WriteOf(state.ToCommit("p", 1, 1), keys::Feed(42)) == nullptr);
  Transaction traced(state);
  PutThread(traced, 2, "three");
  traced.Apply();
  CHECK(WriteOf(state.ToCommit("p", 1, 1), keys::Feed(42)) != nullptr);
}

TEST_CASE("pages are found by their range, at the moment of the other reads") {
  BatchState state = Filled();
  storage::Scan scan{"a", "b", storage::Direction::kForward, 1};
  CHECK(state.FindPage(scan) == nullptr);
  CHECK(state.Accept(kPosition, {}, {}, {scan}, {storage::Page{{{"a", "1"}}, true, nullptr}}));
  REQUIRE(state.FindPage(scan) != nullptr);
  CHECK(state.FindPage(scan)->more);
  scan.end = "c";
  CHECK(state.FindPage(scan) == nullptr);
  CHECK_FALSE(state.Accept({1, 42}, {}, {}, {scan}, {storage::Page{}}));
  scan.end = "b";
  CHECK(state.FindPage(scan) == nullptr);
}

TEST_CASE("a drop is a commit of its own kind") {
  BatchState state = Filled();
  Transaction txn(state);
  PutThread(txn, 2, "two");
  txn.Drop();
  txn.Apply();
  CHECK(state.changed());
  const storage::CommitRequest commit = state.ToCommit("p", 1, 1);
  CHECK(commit.drop);
  CHECK(commit.writes.empty());
  CHECK(storage::ValidateCommit(commit).ok());
}

TEST_CASE("a read of another moment voids the earlier ones") {
  BatchState state = Filled();
  CHECK_FALSE(state.Accept({1, 42}, {keys::Thread(3)}, {std::nullopt}));
  CHECK_FALSE(state.Knows(keys::Head()));
  CHECK_FALSE(state.Knows(keys::Thread(3)));
  // A deleted and re-created mailbox is another moment too, at whatever revision.
  BatchState other = Filled();
  CHECK_FALSE(other.Accept({2, 41}, {keys::Thread(3)}, {std::nullopt}));
}

TEST_CASE("a head of another version is damage: no rule was written for it") {
  storage_v1::MailboxHead head;
  head.set_version(storage::kSchemaVersion + 1);
  BatchState state(0);
  CHECK(state.Accept(kPosition, {keys::Head()}, {head.SerializeAsString()}));
  CHECK(ReasonOf(state.LoadHead()) == Reason::kDataDamaged);
  CHECK(state.head() == nullptr);
}

TEST_CASE("where there is no head there is no mailbox, until one is made") {
  BatchState state(0);
  CHECK(state.Accept({3, 0}, {keys::Head()}, {std::nullopt}));
  CHECK(state.LoadHead().ok());
  Transaction txn(state);
  CHECK_FALSE(txn.has_mailbox());
  txn.mutable_head().set_version(storage::kSchemaVersion);
  txn.Put(keys::Thread(1), storage_v1::ThreadRecord());
  txn.Apply();
  CHECK(Transaction(state).has_mailbox());
  CHECK(state.ToCommit("p", 1, 1).expect == storage::Position{3, 0});
}

}  // namespace
}  // namespace labyrinth::mailbox
