#include "service/mailbox/delete_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "common/limits.h"
#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;
using Ids = std::vector<std::string>;

constexpr int64_t kExpireMs = kTestNowMs + 1000;

struct Fixture {
  Fixture() : mailbox(server) { mailbox.Create(); }
  TestDevice& me() { return mailbox.first(); }
  const std::string& partition() { return mailbox.partition(); }
  Caller Me() { return mailbox.CallerOf(me()); }
  void Save(std::vector<SaveMessage> messages) { mailbox.MustSave(me(), std::move(messages)); }
  DeleteResponse Delete(Ids ids) {
    auto result = server.Do(DeleteRequest{Me(), std::move(ids)});
    INFO(result.status().ToString());
    REQUIRE(result.ok());
    mailbox.CheckSound();
    return *result;
  }
  Ids Threads() {
    const auto page = server.Ask<MessagePage>([&](auto done) {
      server.history().ListThreads(Me(), {500, ""}, absl::InfiniteFuture(), std::move(done));
    });
    Ids ids;
    for (const MessageView& message : page.value().messages) ids.emplace_back(message.record.message_id());
    return ids;
  }
  uint64_t Revision() { return server.PositionOf(partition()).revision; }

  TestServer server;
  TestMailbox mailbox;
};

TEST_CASE("a deleted message leaves every index and counter, and a tombstone") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1, "12345"), MakeMessage("b", "t", 2, "123", kExpireMs), MakeMessage("c", "u", 3)});
  const uint64_t before = f.Revision();
  f.server.clock().Advance(5);
  const DeleteResponse done = f.Delete({"b", "nothing"});
  CHECK(done.deleted_count == 1);
  CHECK(done.revision == before + 1);
  CHECK(f.mailbox.Head().message_count() == 2);
  CHECK(f.mailbox.Head().used_bytes() == 15);
  const auto location = f.server.Find<storage_v1::MessageLocation>(f.partition(), keys::MessageLocation("b")).value();
  CHECK(location.deleted_ms() == kTestNowMs + 5);
  CHECK_FALSE(location.has_place());
  const auto feed = f.server.Find<storage_v1::FeedRecord>(f.partition(), keys::Feed(done.revision)).value();
  REQUIRE(feed.changes_size() == 1);
  CHECK(feed.changes(0).kind() == storage_v1::CHANGE_KIND_DELETED);
  CHECK(feed.changes(0).message_id() == "b");
  CHECK(feed.changes(0).by_device_id() == f.me().id.value());
  // Nor can it be saved again.
  const SaveResponse again = f.mailbox.MustSave(f.me(), {MakeMessage("b", "t", 2, "123", kExpireMs)});
  CHECK(again.outcomes == std::vector{SaveOutcome::kWasDeleted});
}

TEST_CASE("deleting again, or nothing, commits nothing") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1)});
  CHECK(f.Delete({"a"}).deleted_count == 1);
  const auto rows = f.server.Rows(f.partition());
  const uint64_t revision = f.Revision();
  const DeleteResponse again = f.Delete({"a", "nothing", "a"});
  CHECK(again.deleted_count == 0);
  CHECK(again.revision == revision);
  CHECK(f.server.Rows(f.partition()) == rows);
}

TEST_CASE("an id that is named twice counts once") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1), MakeMessage("b", "t", 2)});
  CHECK(f.Delete({"a", "b", "a", "b"}).deleted_count == 2);
  CHECK(f.mailbox.Head().message_count() == 0);
}

TEST_CASE("a thread stands where its newest message is, whichever of them go") {
  Fixture f;
  // Out of order, so that place and order of saving differ.
  f.Save(
      {MakeMessage("t3", "t", 30), MakeMessage("t1", "t", 10), MakeMessage("t4", "t", 40), MakeMessage("u", "u", 35)});
  f.Save({MakeMessage("t2", "t", 20), MakeMessage("t5", "t", 50)});
  const auto [ids, expected] = GENERATE(table<Ids, Ids>({
      {{"t5"}, {"t4", "u"}},
      {{"t4"}, {"t5", "u"}},
      {{"t5", "t4"}, {"u", "t3"}},
      {{"t5", "t3", "t4"}, {"u", "t2"}},
      {{"t5", "t3"}, {"t4", "u"}},
      {{"t1", "t2", "t3"}, {"t5", "u"}},
      {{"t1", "t2", "t3", "t4", "t5"}, {"u"}},
      {{"u", "t5"}, {"t4"}},
  }));
  f.Delete(ids);
  CHECK(f.Threads() == expected);
}

TEST_CASE("the next newest is found behind a hundred large messages that go") {
  Fixture f;
  f.Save({MakeMessage("stays", "t", 1)});
  Ids ids;
  for (int64_t i = 0; i < 100; ++i) {
    ids.push_back(fmt::format("m{}", i));
    // A page of the look-up holds three of them.
    f.Save({MakeMessage(ids.back(), "t", 100 + i, std::string(80 * 1024, 'c'))});
  }
  f.Save({MakeMessage("between", "t", 150, std::string(200 * 1024, 'c'))});
  CHECK(f.Delete(ids).deleted_count == 100);
  CHECK(f.Threads() == Ids{"between"});
  f.Delete({"between"});
  CHECK(f.Threads() == Ids{"stays"});
}

TEST_CASE("an empty thread is forgotten, and begins anew under another number") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1), MakeMessage("b", "u", 2)});
  f.Delete({"a"});
  CHECK_FALSE(f.server.RowAt(f.partition(), keys::ThreadById("t")).has_value());
  CHECK(f.Threads() == Ids{"b"});
  f.Save({MakeMessage("c", "t", 3)});
  CHECK(f.server.Find<storage_v1::ThreadNumber>(f.partition(), keys::ThreadById("t"))->number() == 3);
  CHECK(f.Threads() == Ids{"c", "b"});
  f.mailbox.CheckSound();
}

TEST_CASE("a message that has expired is gone already, swept or not") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1, "x", kExpireMs), MakeMessage("b", "t", 2, "x", kExpireMs + 1)});
  f.server.clock().Set(kExpireMs);
  const DeleteResponse done = f.Delete({"a", "b"});
  CHECK(done.deleted_count == 1);
  CHECK(f.mailbox.Head().message_count() == 1);  // until it is swept
}

TEST_CASE("any member may delete, also while a rotation is due, and nobody else") {
  Fixture f;
  const TestDevice code = f.mailbox.AddVirtualDevice(f.me());
  const TestDevice other = f.mailbox.AddDevice(code);
  f.Save({MakeMessage("a", "t", 1), MakeMessage("b", "t", 2)});
  f.mailbox.MustRefuse(DeleteRequest{f.mailbox.CallerOf(code), {"a"}}, Reason::kTokenInvalid);
  Caller before = f.Me();
  before.incarnation -= 1;
  f.mailbox.MustRefuse(DeleteRequest{before, {"a"}}, Reason::kMailboxNotFound);
  f.mailbox.CutOff(other.id);
  f.mailbox.MustRefuse(DeleteRequest{f.mailbox.CallerOf(other), {"a"}}, Reason::kDeviceRevoked);
  REQUIRE(f.mailbox.Head().rotation_required());
  CHECK(f.Delete({"a"}).deleted_count == 1);
}

TEST_CASE("a deletion decides on what was saved in the meantime") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1)});
  Pending<SaveResponse> saved;
  Pending<DeleteResponse> deleted;
  f.server.WhileBusy(f.partition(), [&] {
    saved = f.server.Start(f.mailbox.Save(f.me(), {MakeMessage("b", "t", 2)}));
    deleted = f.server.Start(DeleteRequest{f.Me(), {"a", "b"}});
  });
  CHECK((**deleted)->deleted_count == 2);
  CHECK(f.Threads().empty());
  f.mailbox.CheckSound();
}

TEST_CASE("a reply that was lost is answered from the tombstone") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1), MakeMessage("b", "t", 2)});
  f.server.faults().ScriptCommits({storage::CommitFault::kUnknownApplied});
  CHECK(f.Delete({"a"}).deleted_count == 1);  // found its own commit
  CHECK(f.mailbox.Head().message_count() == 1);
}

TEST_CASE("damage is reported, and nothing is deleted") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1), MakeMessage("b", "t", 2)});
  const auto location = f.server.Find<storage_v1::MessageLocation>(f.partition(), keys::MessageLocation("b")).value();
  const std::string key = keys::Message(1, FromRecord(location.place()));
  const std::string row = f.server.RowAt(f.partition(), key).value();
  for (const std::optional<std::string>& damage : {std::optional<std::string>(), std::optional<std::string>("\xff")}) {
    f.server.Overwrite(f.partition(), {{key, damage}});
    f.mailbox.MustRefuse(DeleteRequest{f.Me(), {"a", "b"}}, Reason::kDataDamaged);
    f.server.Overwrite(f.partition(), {{key, row}});
  }
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
