// What a device doesn't read: what expired, what isn't its own, what is damaged.
#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "service/mailbox/testing/history_fixture.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;

constexpr int64_t kExpireMs = kTestNowMs + 1000;

// One message that expires, and one that stays.
struct Expiring : HistoryFixture {
  Expiring() { Save({MakeMessage("gone", "t", 20, "x", kExpireMs), MakeMessage("stays", "t", 10)}); }
  void CheckServed(bool served) {
    const Ids expected = served ? Ids{"gone", "stays"} : Ids{"stays"};
    CHECK(All(Query("")) == expected);
    CHECK(All(Query("t")) == expected);
    CHECK(All(Query("t", false), {1}) == Reversed(expected));
    CHECK(All(Query("", false), {1}) == Reversed(expected));
    CHECK(AllThreads() == Ids{expected.front()});
    const MessagesById got = MustGet({"gone", "stays"});
    CHECK(IdsOf(got.messages) == expected);
    CHECK(got.missing_ids == (served ? Ids{} : Ids{"gone"}));
  }
};

TEST_CASE("a message is served until the moment it expires, swept or not") {
  Expiring f;
  f.CheckServed(true);
  f.server.clock().Set(kExpireMs - 1);
  f.CheckServed(true);
  f.server.clock().Set(kExpireMs);
  f.CheckServed(false);
  f.server.clock().Set(kExpireMs + 1);
  f.CheckServed(false);
}

TEST_CASE("what has once expired stays gone when the clock steps back") {
  Expiring f;
  const auto expire_through = [&](int64_t expired_through_ms) {
    storage_v1::MailboxHead head = f.mailbox.Head();
    head.set_expired_through_ms(expired_through_ms);
    f.server.Overwrite(f.partition(), {{keys::Head(), head.SerializeAsString()}});
  };
  expire_through(kExpireMs - 1);
  f.CheckServed(true);
  expire_through(kExpireMs);
  REQUIRE(f.server.clock().NowMs() < kExpireMs);
  f.CheckServed(false);
}

// The refusal of each way to read.
void CheckRefused(HistoryFixture& f, const Caller& caller, Reason reason) {
  CHECK(ReasonIn(f.List(caller, Query(""), {500, ""})) == reason);
  CHECK(ReasonIn(f.List(caller, Query("t"), {500, ""})) == reason);
  CHECK(ReasonIn(f.List(caller, Query("nowhere"), {500, ""})) == reason);
  CHECK(ReasonIn(f.Threads(caller, {500, ""})) == reason);
  CHECK(ReasonIn(f.Get(caller, {"m"})) == reason);
  CHECK(ReasonIn(f.Get(caller, {})) == reason);
}

TEST_CASE("a revoked device reads nothing, not even the rest of its walk") {
  const bool with_entry = GENERATE(true, false);
  NineMessages f;
  const Caller caller = f.mailbox.CallerOf(f.other);
  const auto page = f.List(caller, Query("t"), {1, ""});
  REQUIRE(page.ok());
  if (with_entry) {
    f.mailbox.Revoke(f.me(), f.other.id);
  } else {
    f.mailbox.CutOff(f.other.id);
  }
  CheckRefused(f, caller, Reason::kDeviceRevoked);
  CHECK(ReasonIn(f.List(caller, Query("t"), {1, page->next_token})) == Reason::kDeviceRevoked);
  // Its walk belongs to the mailbox: another device may go on, also while a rotation is due.
  CHECK(IdsOf(f.List(f.Me(), Query("t"), {1, page->next_token})->messages) == Ids{"c"});
}

TEST_CASE("a code reads no messages, nor does a device of another mailbox or of the one before") {
  NineMessages f;
  CheckRefused(f, f.mailbox.CallerOf(f.code), Reason::kTokenInvalid);
  Caller caller = f.Me();
  caller.device_id = DeviceId(77);
  CheckRefused(f, caller, Reason::kDeviceRevoked);
  caller = f.Me();
  caller.incarnation += 1;
  CheckRefused(f, caller, Reason::kMailboxNotFound);
  caller = f.Me();
  caller.partition = f.server.policy().partition_of("nobody");
  CheckRefused(f, caller, Reason::kMailboxNotFound);
}

TEST_CASE("a token goes on with its own query alone") {
  NineMessages f;
  const std::string token = f.List(f.Me(), Query("t"), {1, ""})->next_token;
  REQUIRE_FALSE(token.empty());
  const auto refused = [&](const MessageQuery& query, const std::string& with) {
    CHECK(ReasonIn(f.List(f.Me(), query, {1, with})) == Reason::kPageTokenInvalid);
  };
  refused(Query("u"), token);
  refused(Query(""), token);
  refused(Query("t", /*newest_first=*/false), token);
  refused(Query("t", true, 1), token);
  refused(Query("t", true, 0, kEndOfTime - 1), token);
  refused(Query("t"), token + "AAAA");
  CHECK(ReasonIn(f.Threads(f.Me(), {1, token})) == Reason::kPageTokenInvalid);
  const std::string threads_token = f.Threads(f.Me(), {1, ""})->next_token;
  REQUIRE_FALSE(threads_token.empty());
  refused(Query(""), threads_token);
  CHECK(f.List(f.Me(), Query("t"), {1, token}).ok());
}

TEST_CASE("an index that leads nowhere is reported, not passed over") {
  NineMessages f;
  const MessageView gone = f.MustGet({"d"}).messages.at(0);
  const auto location = f.server.Find<storage_v1::MessageLocation>(f.partition(), keys::MessageLocation("d")).value();
  f.server.Overwrite(f.partition(), {{keys::Message(location.thread_number(), gone.place), std::nullopt}});
  CHECK(ReasonIn(f.List(f.Me(), Query(""), {500, ""})) == Reason::kDataDamaged);
  CHECK(ReasonIn(f.Threads(f.Me(), {500, ""})) == Reason::kDataDamaged);
  CHECK(ReasonIn(f.Get(f.Me(), {"d"})) == Reason::kDataDamaged);
}

TEST_CASE("a store that can't be read is said to be so") {
  const auto fault = GENERATE(storage::ReadFault::kFail, storage::ReadFault::kDamaged);
  const int reads_before = GENERATE(0, 1);  // each of these takes two
  NineMessages f;
  const Reason reason = fault == storage::ReadFault::kFail ? Reason::kEngineUnavailable : Reason::kDataDamaged;
  const auto script = [&] {
    if (reads_before == 1) f.server.faults().ScriptReads({storage::ReadFault::kNone});
    f.server.faults().ScriptReads({fault});
  };
  const Caller me = f.Me();
  script();
  CHECK(ReasonIn(f.List(me, Query(""), {500, ""})) == reason);
  script();
  CHECK(ReasonIn(f.List(me, Query("t"), {500, ""})) == reason);
  script();
  CHECK(ReasonIn(f.Threads(me, {500, ""})) == reason);
  script();
  CHECK(ReasonIn(f.Get(me, {"a"})) == reason);
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
