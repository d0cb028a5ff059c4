// What the change feed tells, and to whom.
#include "service/mailbox/change_reader.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "common/limits.h"
#include "service/mailbox/testing/three_devices.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;
using Lines = std::vector<std::string>;

constexpr int64_t kExpireMs = kTestNowMs + 1000;

std::string TextOf(const ChangeEntry& entry) {
  switch (entry.kind) {
    case storage_v1::CHANGE_KIND_SAVED:
      return fmt::format("saved {}/{}@{}", entry.thread_id, entry.message_id, entry.timestamp_ms);
    case storage_v1::CHANGE_KIND_REPLACED:
      return fmt::format("replaced {}/{}@{}", entry.thread_id, entry.message_id, entry.timestamp_ms);
    case storage_v1::CHANGE_KIND_DELETED:
      return "deleted " + entry.message_id;
    case storage_v1::CHANGE_KIND_EXPIRED:
      return "expired " + entry.message_id;
    case storage_v1::CHANGE_KIND_DEVICE_ADDED:
      return fmt::format("added {}", entry.device_id.value());
    case storage_v1::CHANGE_KIND_DEVICE_REVOKED:
      return fmt::format("revoked {}", entry.device_id.value());
    case storage_v1::CHANGE_KIND_EPOCH_OPENED:
      return fmt::format("epoch {}", entry.epoch_id.value());
    default:
      return "nothing";
  }
}

// One line a change, entries joined.
Lines LinesOf(const ChangePage& page) {
  Lines lines;
  for (const Change& change : page.changes) {
    std::string& line = lines.emplace_back();
    for (const ChangeEntry& entry : change.entries) line += (line.empty() ? "" : ", ") + TextOf(entry);
  }
  return lines;
}

struct Fixture : ThreeDevices {
  Fixture() { start = Revision(); }
  uint64_t Revision() { return server.PositionOf(partition()).revision; }
  void Save(std::vector<SaveMessage> messages, OnConflict on_conflict = OnConflict::kReject) {
    mailbox.MustSave(me(), std::move(messages), on_conflict);
  }
  void SaveOne(const std::string& id, std::size_t size_bytes) {
    Save({MakeMessage(id, "t", 100, std::string(size_bytes, 'c'))});
  }

  ChangeQuery Since(uint64_t revision, uint32_t max_changes = limits::kChanges, bool include_messages = false) {
    return {{kTestGeneration, revision}, include_messages, max_changes};
  }
  absl::StatusOr<ChangePage> List(const Caller& caller, const ChangeQuery& query) {
    return server.Ask<ChangePage>(
        [&](auto done) { server.changes().ListChanges(caller, query, absl::InfiniteFuture(), std::move(done)); });
  }
  ChangePage MustList(const ChangeQuery& query) {
    auto page = List(Me(), query);
    INFO(page.status().ToString());
    REQUIRE(page.ok());
    CHECK(page->next <= page->head);
    for (const Change& change : page->changes) {
      CHECK_FALSE(change.entries.empty());
      CHECK(change.revision > query.since.revision);
      CHECK(change.revision <= page->next);
    }
    return *std::move(page);
  }
  Lines LinesSince(uint64_t revision) { return LinesOf(MustList(Since(revision))); }

  storage_v1::MessageLocation LocationOf(const std::string& id) {
    return server.Find<storage_v1::MessageLocation>(partition(), keys::MessageLocation(id)).value();
  }
  std::string KeyOf(const std::string& id) {
    const auto location = LocationOf(id);
    return keys::Message(location.thread_number(), FromRecord(location.place()));
  }
  storage::Write FeedRow(uint64_t revision, const std::function<void(storage_v1::FeedRecord&)>& change) {
    auto record =
        server.Find<storage_v1::FeedRecord>(partition(), keys::Feed(revision)).value_or(storage_v1::FeedRecord());
    record.set_writer_node(1);
    change(record);
    return {keys::Feed(revision), record.SerializeAsString()};
  }
  // What a deletion of the message, or the sweep of an expired one, leaves behind.
  void Erase(const std::string& id, storage_v1::ChangeKind kind = storage_v1::CHANGE_KIND_DELETED) {
    server.Overwrite(partition(), {{KeyOf(id), std::nullopt}, FeedRow(Revision() + 1, [&](auto& record) {
                                     auto& change = *record.add_changes();
                                     change.set_kind(kind);
                                     change.set_message_id(id);
                                     change.set_by_device_id(me().id.value());
                                   })});
  }
  // What upkeep does to a row of the feed; a commit of its own, with nothing to tell.
  void EditFeed(uint64_t revision, const std::function<void(storage_v1::FeedRecord&)>& change) {
    server.Overwrite(partition(), {FeedRow(revision, change)});
  }
  void SetHead(const std::function<void(storage_v1::MailboxHead&)>& change) {
    auto head = mailbox.Head();
    change(head);
    server.Overwrite(partition(), {{keys::Head(), head.SerializeAsString()}});
  }

  uint64_t start = 0;
};

TEST_CASE("the feed tells what each commit did, in the order of commits") {
  Fixture f;
  const auto id = [](const TestDevice& device) { return device.id.value(); };
  CHECK(f.LinesSince(0) == Lines{fmt::format("added {}, epoch {}", id(f.me()), f.mailbox.CurrentEpoch().value()),
                                 fmt::format("added {}", id(f.code)), fmt::format("added {}", id(f.other))});
  f.Save({MakeMessage("new", "t", 900), MakeMessage("old", "u", 100)});
  f.Save({MakeMessage("older", "t", 1)});
  f.Erase("old");
  f.mailbox.Revoke(f.me(), f.other.id);
  f.mailbox.Rotate(f.me());
  f.Erase("older", storage_v1::CHANGE_KIND_EXPIRED);
  const ChangePage page = f.MustList(f.Since(f.start));
  CHECK(LinesOf(page) == Lines{"saved t/new@900", "deleted old", fmt::format("revoked {}", id(f.other)),
                               fmt::format("epoch {}", f.mailbox.CurrentEpoch().value()), "expired older"});
  CHECK(page.changes[0].revision == f.start + 1);
  CHECK(page.changes[1].revision == f.start + 3);
  CHECK(page.changes[1].entries[0].by_device_id == f.me().id);
  CHECK(page.next == f.Revision());
  CHECK(page.head == f.Revision());
}

TEST_CASE("a cursor is exclusive, and a page goes on where the one before ended") {
  Fixture f;
  for (int i = 0; i < 7; ++i) f.Save({MakeMessage(fmt::format("m{}", i), "t", 100 - i)});
  const Lines all = f.LinesSince(f.start);
  REQUIRE(all.size() == 7);
  for (uint32_t size = 1; size <= 8; ++size) {
    INFO("pages of " << size);
    Lines walked;
    uint64_t at = f.start;
    do {
      const ChangePage page = f.MustList(f.Since(at, size));
      CHECK(page.changes.size() <= size);
      CHECK(page.head == f.Revision());
      REQUIRE(page.next > at);
      at = page.next;
      for (std::string& line : LinesOf(page)) walked.push_back(std::move(line));
    } while (at != f.Revision());
    CHECK(walked == all);
  }
  const ChangePage none = f.MustList(f.Since(f.Revision()));
  CHECK(none.changes.empty());
  CHECK(none.next == f.Revision());
}

TEST_CASE("a commit of many operations is one change, whatever the page") {
  Fixture f;
  f.server.WhileBusy(f.partition(), [&] {
    for (int i = 0; i < 3; ++i) {
      const std::string n = std::to_string(i);
      f.server.Start(f.mailbox.Save(f.me(), {MakeMessage("a" + n, "t", 5), MakeMessage("b" + n, "t" + n, 5)}));
    }
  });
  const ChangePage page = f.MustList(f.Since(f.start, 1));
  CHECK(LinesOf(page) ==
        Lines{"saved t/a0@5, saved t0/b0@5, saved t/a1@5, saved t1/b1@5, saved t/a2@5, saved t2/b2@5"});
}

TEST_CASE("a message comes along if it is asked for, as it is now") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 5, "one"), MakeMessage("b", "t", 7, "two", kExpireMs)});
  CHECK_FALSE(f.MustList(f.Since(f.start)).changes.at(0).entries.at(1).message.has_value());
  const ChangePage page = f.MustList(f.Since(f.start, 10, true));
  const MessageView& view = page.changes.at(0).entries.at(1).message.value();
  CHECK(view.thread_id() == "t");
  CHECK(view.place == storage::Place{7, f.start + 1, 1});
  CHECK(view.revision() == f.start + 1);
  CHECK(view.record.message_id() == "b");
  CHECK(view.record.ciphertext() == "two");
  CHECK(view.record.expire_ms() == kExpireMs);
}

TEST_CASE("what was replaced later is told where it was last replaced") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 5, "one"), MakeMessage("b", "t", 5, "one")});
  f.Save({MakeMessage("a", "t", 5, "two")}, OnConflict::kReplace);
  f.Save({MakeMessage("a", "t", 5, "three")}, OnConflict::kReplace);
  const ChangePage page = f.MustList(f.Since(f.start, 10, true));
  CHECK(LinesOf(page) == Lines{"saved t/b@5", "replaced t/a@5"});
  CHECK(page.changes[1].revision == f.start + 3);
  CHECK(page.changes[1].entries[0].message->record.ciphertext() == "three");
  CHECK(page.changes[1].entries[0].message->revision() == f.start + 3);
}

TEST_CASE("saved and replaced in one commit, it is told once, with its last content") {
  Fixture f;
  f.server.WhileBusy(f.partition(), [&] {
    f.server.Start(f.mailbox.Save(f.me(), {MakeMessage("a", "t", 5, "one")}));
    f.server.Start(f.mailbox.Save(f.me(), {MakeMessage("a", "t", 5, "two")}, OnConflict::kReplace));
  });
  const ChangePage page = f.MustList(f.Since(f.start, 10, true));
  CHECK(LinesOf(page) == Lines{"saved t/a@5"});
  for (const ChangeEntry& entry : page.changes[0].entries) CHECK(entry.message->record.ciphertext() == "two");
}

TEST_CASE("expired content is never in the feed, swept or not, nor when the clock steps back") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 5, "one", kExpireMs), MakeMessage("b", "t", 5)});
  f.server.clock().Set(kExpireMs - 1);
  CHECK(f.LinesSince(f.start) == Lines{"saved t/a@5, saved t/b@5"});
  f.server.clock().Set(kExpireMs);
  CHECK(f.LinesSince(f.start) == Lines{"saved t/b@5"});
  f.server.clock().Set(kExpireMs - 1);
  f.SetHead([](auto& head) { head.set_expired_through_ms(kExpireMs); });
  CHECK(f.LinesSince(f.start) == Lines{"saved t/b@5"});
}

TEST_CASE("void entries are passed over, and count where places are counted") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 5), MakeMessage("b", "t", 5), MakeMessage("c", "t", 5)});
  f.Save({MakeMessage("b", "t", 5, "anew")}, OnConflict::kReplace);
  f.Save({MakeMessage("d", "t", 5)});
  f.EditFeed(f.start + 1, [](auto& record) { record.mutable_changes(1)->Clear(); });
  CHECK(f.LinesSince(f.start) == Lines{"saved t/a@5, saved t/c@5", "replaced t/b@5", "saved t/d@5"});
  // A whole row may go, which leaves a gap.
  f.server.Overwrite(f.partition(), {{keys::Feed(f.start + 2), std::nullopt}});
  CHECK(f.LinesSince(f.start) == Lines{"saved t/a@5, saved t/c@5", "saved t/d@5"});
  CHECK(f.MustList(f.Since(f.start + 1)).next == f.Revision());
}

TEST_CASE("a page of rows that tell nothing moves on all the same") {
  Fixture f;
  for (int i = 0; i < 5; ++i) f.SaveOne(fmt::format("m{}", i), 100);
  for (int i = 0; i < 4; ++i) f.Erase(fmt::format("m{}", i));
  const ChangePage page = f.MustList(f.Since(f.start, 3));
  CHECK(page.changes.empty());
  CHECK(page.next == f.start + 3);
  CHECK(page.head == f.start + 9);
  CHECK(LinesOf(f.MustList(f.Since(page.next, 2))) == Lines{"saved t/m4@100"});
}

TEST_CASE("a page ends before it leads to more than a MiB, at the end of a change") {
  Fixture f;
  constexpr std::size_t kSize = 200 * 1024;  // five of them fit
  for (int i = 0; i < 7; ++i) f.SaveOne(fmt::format("m{}", i), kSize);
  for (const bool include_messages : {true, false}) {
    const ChangePage page = f.MustList(f.Since(f.start, 10, include_messages));
    CHECK(page.changes.size() == 5);
    CHECK(page.next == f.start + 5);
    CHECK(page.head == f.start + 7);
    for (const Change& change : page.changes) CHECK(change.entries[0].message.has_value() == include_messages);
    CHECK(f.MustList(f.Since(page.next, 10, include_messages)).changes.size() == 2);
  }
  // What is told by no entry costs as well, for it was read.
  for (int i = 0; i < 5; ++i) {
    f.Save({MakeMessage(fmt::format("m{}", i), "t", 100, std::string(kSize, 'd'))}, OnConflict::kReplace);
  }
  const ChangePage page = f.MustList(f.Since(f.start));
  CHECK(page.changes.empty());
  CHECK(page.next == f.start + 5);
}

TEST_CASE("one change that is too large comes whole, without some of its messages") {
  Fixture f;
  f.SaveOne("before", 10);
  std::vector<SaveMessage> batch;
  for (int i = 0; i < 9; ++i) batch.push_back(MakeMessage(fmt::format("m{}", i), "t", i, std::string(200 * 1024, 'c')));
  f.Save(std::move(batch));
  f.SaveOne("after", 10);
  const ChangePage before = f.MustList(f.Since(f.start, 10, true));
  CHECK(LinesOf(before) == Lines{"saved t/before@100"});
  const ChangePage page = f.MustList(f.Since(before.next, 10, true));
  REQUIRE(page.changes.size() == 1);
  CHECK(page.next == f.start + 2);
  std::size_t with_message = 0;
  for (const ChangeEntry& entry : page.changes[0].entries) {
    CHECK_FALSE(entry.message_id.empty());
    if (entry.message.has_value()) ++with_message;
  }
  CHECK(page.changes[0].entries.size() == 9);
  CHECK(with_message == 5);
  CHECK(LinesOf(f.MustList(f.Since(page.next, 10, true))) == Lines{"saved t/after@100"});
}

TEST_CASE("rows of very many entries come one by one") {
  Fixture f;
  for (const uint64_t row : {1, 2, 3}) {
    f.EditFeed(f.start + row, [&](auto& record) {
      for (int i = 0; i < 2000; ++i) {
        auto& change = *record.add_changes();
        change.set_kind(storage_v1::CHANGE_KIND_DELETED);
        change.set_message_id(fmt::format("message {}-{:08}", row, i));
      }
    });
  }
  const ChangePage page = f.MustList(f.Since(f.start));
  REQUIRE(page.changes.size() == 1);
  CHECK(page.changes[0].entries.size() == 2000);
  CHECK(page.next == f.start + 1);
  CHECK(f.MustList(f.Since(page.next)).changes[0].entries[0].message_id == "message 2-00000000");
}

TEST_CASE("a change of more rows than are read at a time comes whole") {
  Fixture f;
  f.server.WhileBusy(f.partition(), [&] {
    for (int i = 0; i < 4; ++i) {
      std::vector<SaveMessage> batch;
      for (int j = 0; j < 100; ++j) {
        batch.push_back(MakeMessage(fmt::format("m{}-{}", i, j), fmt::format("t{}", j), j));
      }
      f.server.Start(f.mailbox.Save(f.me(), std::move(batch)));
    }
  });
  const ChangePage page = f.MustList(f.Since(f.start, 1, true));
  REQUIRE(page.changes.size() == 1);
  REQUIRE(page.changes[0].entries.size() == 400);
  for (std::size_t i = 0; i < 400; ++i) {
    const ChangeEntry& entry = page.changes[0].entries[i];
    CHECK(TextOf(entry) == fmt::format("saved t{1}/m{0}-{1}@{1}", i / 100, i % 100));
    CHECK(entry.message->place == storage::Place{static_cast<int64_t>(i % 100), f.start + 1, static_cast<uint32_t>(i)});
  }
}

TEST_CASE("what happens between the two reads is left to a later page") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 5, "one"), MakeMessage("b", "t", 6, "one"), MakeMessage("c", "t", 7, "one")});
  const Caller me = f.Me();
  std::optional<absl::StatusOr<ChangePage>> answer;
  f.server.faults().ScriptReads({storage::ReadFault::kHoldReply});
  f.server.changes().ListChanges(me, f.Since(f.start, 10, true), absl::InfiniteFuture(),
                                 [&](absl::StatusOr<ChangePage> page) { answer = std::move(page); });
  f.Erase("a");
  f.Save({MakeMessage("b", "t", 6, "two"), MakeMessage("d", "t", 8)}, OnConflict::kReplace);
  REQUIRE_FALSE(answer.has_value());
  f.server.faults().Release();
  REQUIRE(answer.has_value());
  const ChangePage page = answer->value();
  CHECK(LinesOf(page) == Lines{"saved t/c@7"});
  CHECK(page.next == f.start + 1);
  CHECK(page.head == f.start + 1);
  CHECK(f.LinesSince(page.next) == Lines{"deleted a", "replaced t/b@6, saved t/d@8"});
}

TEST_CASE("who is revoked between the two reads gets nothing") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 5)});
  const Caller other = f.mailbox.CallerOf(f.other);
  std::optional<absl::StatusOr<ChangePage>> answer;
  f.server.faults().ScriptReads({storage::ReadFault::kHoldReply});
  f.server.changes().ListChanges(other, f.Since(f.start), absl::InfiniteFuture(),
                                 [&](absl::StatusOr<ChangePage> page) { answer = std::move(page); });
  f.mailbox.CutOff(f.other.id);
  f.server.faults().Release();
  CHECK(ReasonIn(answer.value()) == Reason::kDeviceRevoked);
}

TEST_CASE("only a member's device may ask, wherever its cursor stands") {
  Fixture f;
  const uint64_t revision = GENERATE(0u, 1u, 1000u);
  const auto reason_for = [&](const Caller& caller) { return ReasonIn(f.List(caller, f.Since(revision))); };
  CHECK(reason_for(f.mailbox.CallerOf(f.code)) == Reason::kTokenInvalid);
  Caller caller = f.Me();
  caller.incarnation += 1;
  CHECK(reason_for(caller) == Reason::kMailboxNotFound);
  caller = f.mailbox.CallerOf(f.other);
  f.mailbox.Revoke(f.me(), f.other.id);
  CHECK(reason_for(caller) == Reason::kDeviceRevoked);
  ChangeQuery foreign = f.Since(0);
  foreign.since.generation += 1;
  CHECK(ReasonIn(f.List(caller, foreign)) == Reason::kDeviceRevoked);
}

TEST_CASE("a cursor that can't go on is told why") {
  Fixture f;
  f.SaveOne("a", 10);
  ChangeQuery query = f.Since(f.start);
  for (const uint64_t generation : {kTestGeneration - 1, kTestGeneration + 1, uint64_t{0}}) {
    query.since.generation = generation;
    const auto refused = f.List(f.Me(), query);
    CHECK(ReasonIn(refused) == Reason::kStoreRestored);
    CHECK(DetailIn(refused, "generation") == std::to_string(kTestGeneration));
  }
  CHECK(f.MustList(f.Since(f.Revision())).changes.empty());
  for (const uint64_t beyond : {f.Revision() + 1, UINT64_MAX}) {
    const auto refused = f.List(f.Me(), f.Since(beyond));
    CHECK(ReasonIn(refused) == Reason::kInvalidField);
    CHECK(DetailIn(refused, "field") == "since.revision");
  }
  f.SetHead([&](auto& head) { head.set_feed_tail_revision(f.start); });
  CHECK(f.LinesSince(f.start) == Lines{"saved t/a@100"});
  const auto refused = f.List(f.Me(), f.Since(f.start - 1));
  CHECK(ReasonIn(refused) == Reason::kResyncRequired);
  CHECK(DetailIn(refused, "tail_revision") == std::to_string(f.start));
}

TEST_CASE("damage and silence of the store are reported, not passed over") {
  Fixture f;
  f.SaveOne("a", 10);
  const auto location = f.LocationOf("a");
  SECTION("a thread's record") {
    f.server.Overwrite(f.partition(), {{keys::Thread(location.thread_number()), std::nullopt}});
    CHECK(ReasonIn(f.List(f.Me(), f.Since(f.start))) == Reason::kDataDamaged);
  }
  SECTION("an epoch's record") {
    f.server.Overwrite(f.partition(), {{keys::Epoch(0), std::nullopt}});
    CHECK(ReasonIn(f.List(f.Me(), f.Since(0))) == Reason::kDataDamaged);
  }
  SECTION("a kind that nobody knows, a change without its thread, or no record at all") {
    f.EditFeed(f.start + 1, [](auto& record) { record.mutable_changes(0)->set_kind(storage_v1::ChangeKind(99)); });
    CHECK(ReasonIn(f.List(f.Me(), f.Since(f.start))) == Reason::kDataDamaged);
    f.EditFeed(f.start + 1, [](auto& record) {
      record.mutable_changes(0)->set_kind(storage_v1::CHANGE_KIND_SAVED);
      record.mutable_changes(0)->clear_thread_number();
    });
    CHECK(ReasonIn(f.List(f.Me(), f.Since(f.start))) == Reason::kDataDamaged);
    f.server.Overwrite(f.partition(), {{keys::Feed(f.start + 1), "\xff"}});
    CHECK(ReasonIn(f.List(f.Me(), f.Since(f.start))) == Reason::kDataDamaged);
  }
  SECTION("either read") {
    const auto fault = GENERATE(storage::ReadFault::kFail, storage::ReadFault::kDamaged);
    const Reason reason = fault == storage::ReadFault::kFail ? Reason::kEngineUnavailable : Reason::kDataDamaged;
    const Caller me = f.Me();
    f.server.faults().ScriptReads({fault});
    CHECK(ReasonIn(f.List(me, f.Since(f.start))) == reason);
    f.server.faults().ScriptReads({storage::ReadFault::kNone, fault});
    CHECK(ReasonIn(f.List(me, f.Since(f.start))) == reason);
  }
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
