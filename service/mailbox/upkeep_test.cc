// What becomes of a mailbox by itself, as time goes by.
#include "service/mailbox/upkeep.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>

#include "common/limits.h"
#include "service/mailbox/caretaker.h"
#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;
using Ids = std::vector<std::string>;
using storage_v1::ChangeKind;

constexpr int64_t kHourMs = 3600 * 1000;
constexpr int64_t kDayMs = 24 * kHourMs;
constexpr int64_t kExpireMs = kTestNowMs + 5 * kHourMs;

struct Fixture {
  Fixture() : mailbox(server), caretaker(server.sequencer()) { mailbox.Create(); }
  TestDevice& me() { return mailbox.first(); }
  const std::string& partition() { return mailbox.partition(); }
  uint64_t Save(std::vector<SaveMessage> messages, OnConflict on_conflict = OnConflict::kReject) {
    return mailbox.MustSave(me(), std::move(messages), on_conflict).revision;
  }
  uint64_t Delete(Ids ids) { return server.Do(DeleteRequest{mailbox.CallerOf(me()), std::move(ids)}).value().revision; }

  // Wakes the mailbox if it is due; the test fails unless that succeeds. Returns whether it was.
  bool WakeIfDue() {
    bool due = false;
    server.store().Due(server.clock().NowMs(), 10, [&](auto result) { due = !result.value().empty(); });
    if (due) Wake();
    return due;
  }
  void Wake() {
    absl::Status status = absl::UnknownError("not answered");
    caretaker.Wake(partition(), absl::InfiniteFuture(), [&](absl::Status result) { status = std::move(result); });
    server.Settle();
    INFO(status.ToString());
    REQUIRE(status.ok());
    mailbox.CheckSound();
  }
  void WakeAt(int64_t now_ms) {
    server.clock().Set(now_ms);
    Wake();
  }
  uint64_t Revision() { return server.PositionOf(partition()).revision; }
  // Kinds of the entries in the row of `revision`; none if there is no row.
  std::vector<ChangeKind> FeedAt(uint64_t revision) {
    std::vector<ChangeKind> kinds;
    const auto row = server.Find<storage_v1::FeedRecord>(partition(), keys::Feed(revision));
    if (!row.has_value()) return kinds;
    for (const storage_v1::ChangeRecord& change : row->changes()) kinds.push_back(change.kind());
    return kinds;
  }
  std::size_t FeedRows() {
    std::size_t count = 0;
    for (const auto& [key, value] : server.Rows(partition())) count += keys::ParseFeed(key).has_value() ? 1 : 0;
    return count;
  }
  bool IsTombstone(const std::string& id) {
    const auto location = server.Find<storage_v1::MessageLocation>(partition(), keys::MessageLocation(id));
    return location.has_value() && location->deleted_ms() != 0;
  }

  TestServer server;
  TestMailbox mailbox;
  Caretaker caretaker;
};

constexpr auto kSaved = storage_v1::CHANGE_KIND_SAVED;
constexpr auto kReplaced = storage_v1::CHANGE_KIND_REPLACED;
constexpr auto kDeleted = storage_v1::CHANGE_KIND_DELETED;
constexpr auto kExpired = storage_v1::CHANGE_KIND_EXPIRED;
constexpr auto kVoid = storage_v1::CHANGE_KIND_UNSPECIFIED;

TEST_CASE("an expired message is swept: indexes, counters, quota, tombstone, feed") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1, "12345", kExpireMs), MakeMessage("b", "t", 2, "123", kExpireMs + 1),
          MakeMessage("c", "t", 3, "1")});
  f.WakeAt(kExpireMs);
  CHECK(f.mailbox.Head().message_count() == 2);
  CHECK(f.mailbox.Head().used_bytes() == 4);
  CHECK(f.mailbox.Head().expired_through_ms() == kExpireMs);
  CHECK(f.IsTombstone("a"));
  const auto feed = f.server.Find<storage_v1::FeedRecord>(f.partition(), keys::Feed(f.Revision())).value();
  REQUIRE(feed.changes_size() == 1);
  CHECK(feed.changes(0).kind() == kExpired);
  CHECK(feed.changes(0).message_id() == "a");
  CHECK(feed.changes(0).by_device_id() == 0);
}

TEST_CASE("what was swept stays gone when the clock steps back, for reads and saves") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1, "x", kExpireMs), MakeMessage("b", "t", 2, "x", kExpireMs)});
  f.WakeAt(kExpireMs);
  f.server.clock().Set(kTestNowMs);
  const auto found = f.server.Ask<MessagesById>([&](auto done) {
    f.server.history().BatchGet(f.mailbox.CallerOf(f.me()), {"a", "b"}, absl::InfiniteFuture(), std::move(done));
  });
  CHECK(found->messages.empty());
  CHECK(f.mailbox.MustSave(f.me(), {MakeMessage("a", "t", 1, "x", kExpireMs)}).outcomes[0] == SaveOutcome::kWasDeleted);
  f.mailbox.MustRefuse(f.mailbox.Save(f.me(), {MakeMessage("c", "t", 1, "x", kExpireMs)}), Reason::kInvalidField);
}

TEST_CASE("a mailbox wakes for its first expiry a little late, once for many, and then for the next") {
  Fixture f;
  std::vector<SaveMessage> messages;
  for (int64_t i = 0; i < 50; ++i) {
    messages.push_back(MakeMessage(fmt::format("m{}", i), "t", 1, "x", kExpireMs + i * 1000));
  }
  messages.push_back(MakeMessage("later", "t", 1, "x", kExpireMs + kHourMs));
  f.Save(std::move(messages));
  const int64_t first = f.mailbox.Head().wake_at_ms();
  CHECK(first >= kExpireMs);
  CHECK(first < kExpireMs + limits::kExpirySlackMs);
  f.server.clock().Set(first - 1);
  CHECK_FALSE(f.WakeIfDue());
  std::size_t wakes = 0;
  for (int64_t now = first; now < kExpireMs + kHourMs; now += 1000) {
    f.server.clock().Set(now);
    wakes += f.WakeIfDue() ? 1 : 0;
  }
  CHECK(f.mailbox.Head().message_count() == 1);
  CHECK(wakes <= 2);
  const int64_t second = f.mailbox.Head().wake_at_ms();
  CHECK(second >= kExpireMs + kHourMs);
  CHECK(second < kExpireMs + kHourMs + limits::kExpirySlackMs);
}

TEST_CASE("mailboxes that expire at once don't wake at once") {
  TestServer server;
  std::set<int64_t> wakes;
  for (int i = 0; i < 20; ++i) {
    TestMailbox mailbox(server, fmt::format("account-{}", i));
    mailbox.Create();
    mailbox.MustSave(mailbox.first(), {MakeMessage("a", "t", 1, "x", kExpireMs)});
    wakes.insert(mailbox.Head().wake_at_ms());
  }
  CHECK(wakes.size() > 15);
}

TEST_CASE("a wake sweeps a bounded number, and what is left keeps the mailbox due") {
  Fixture f;
  constexpr std::size_t kPerWake = Caretaker::kCommitsPerWake * UpkeepOperation::kExpired;
  for (std::size_t i = 0; i < kPerWake + 100;) {
    std::vector<SaveMessage> messages;
    for (; messages.size() < 100 && i < kPerWake + 100; ++i) {
      messages.push_back(MakeMessage(fmt::format("m{}", i), "t", 1, "x", kExpireMs + static_cast<int64_t>(i)));
    }
    f.Save(std::move(messages));
  }
  f.server.clock().Set(kExpireMs + kHourMs);
  const uint64_t before = f.Revision();
  REQUIRE(f.WakeIfDue());
  CHECK(f.mailbox.Head().message_count() == 100);
  CHECK(f.Revision() == before + Caretaker::kCommitsPerWake);
  REQUIRE(f.WakeIfDue());
  CHECK(f.mailbox.Head().message_count() == 0);
}

TEST_CASE("a wake for nothing sets the wake time and leaves no trace in the feed") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1, "x", kTestNowMs + 1000)});
  f.Delete({"a"});
  const std::size_t rows = f.FeedRows();
  f.server.clock().Set(kTestNowMs + 10);
  const uint64_t before = f.Revision();
  f.Wake();
  CHECK(f.Revision() == before + 1);
  CHECK(f.FeedRows() == rows);
  CHECK(f.mailbox.Head().wake_at_ms() > kTestNowMs + limits::kFeedSettleMs);
  // Right already: nothing is written.
  f.Wake();
  CHECK(f.Revision() == before + 1);
}

TEST_CASE("upkeep that is told nothing of its commit does no harm by repeating it") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1, "x", kExpireMs), MakeMessage("b", "t", 2)});
  f.Delete({"b"});
  f.server.faults().ScriptCommits(
      {storage::CommitFault::kUnknownApplied, storage::CommitFault::kNone, storage::CommitFault::kUnknownApplied});
  f.WakeAt(kExpireMs);
  CHECK(f.mailbox.Head().message_count() == 0);
  f.server.faults().ScriptCommits({storage::CommitFault::kUnknownApplied});
  f.WakeAt(kExpireMs + 2 * kDayMs);
  CHECK(f.FeedRows() == 3);  // the mailbox's first, the deletion, the expiry
}

TEST_CASE("what the feed told of a message goes an hour after it became void, and not before") {
  Fixture f;
  const uint64_t saved = f.Save({MakeMessage("a", "t", 1), MakeMessage("b", "t", 2), MakeMessage("c", "t", 3)});
  f.server.clock().Advance(kDayMs);
  const uint64_t replaced = f.Save({MakeMessage("b", "t", 2, "else")}, OnConflict::kReplace);
  const int64_t now_ms = f.server.clock().NowMs();
  f.WakeAt(now_ms + limits::kFeedSettleMs - 1);
  CHECK(f.FeedAt(saved) == std::vector{kSaved, kSaved, kSaved});
  f.WakeAt(now_ms + limits::kFeedSettleMs);
  // The second entry keeps its place: it numbers the third.
  CHECK(f.FeedAt(saved) == std::vector{kSaved, kVoid, kSaved});
  CHECK(f.FeedAt(replaced) == std::vector{kReplaced});

  const uint64_t again =
      f.Save({MakeMessage("b", "t", 2, "other"), MakeMessage("c", "t", 3, "else")}, OnConflict::kReplace);
  f.WakeAt(f.server.clock().NowMs() + limits::kFeedSettleMs);
  CHECK(f.FeedAt(saved) == std::vector{kSaved});
  CHECK(f.FeedAt(replaced).empty());
  CHECK(f.FeedAt(again) == std::vector{kReplaced, kReplaced});

  f.Delete({"a", "b"});
  f.WakeAt(f.server.clock().NowMs() + limits::kFeedSettleMs);
  CHECK(f.FeedAt(saved).empty());
  CHECK(f.FeedAt(again) == std::vector{kReplaced});
}

TEST_CASE("one commit tells once of a message, however often it was written in it") {
  Fixture f;
  f.Save({MakeMessage("old", "t", 1)});
  Pending<SaveResponse> first, second, third;
  f.server.WhileBusy(f.partition(), [&] {
    first = f.server.Start(f.mailbox.Save(f.me(), {MakeMessage("a", "t", 1)}));
    second = f.server.Start(
        f.mailbox.Save(f.me(), {MakeMessage("a", "t", 1, "2"), MakeMessage("old", "t", 1, "2")}, OnConflict::kReplace));
    third = f.server.Start(
        f.mailbox.Save(f.me(), {MakeMessage("a", "t", 1, "3"), MakeMessage("old", "t", 1, "3")}, OnConflict::kReplace));
  });
  REQUIRE((**third)->revision == (**first)->revision);
  CHECK((**third)->outcomes == std::vector{SaveOutcome::kReplaced, SaveOutcome::kReplaced});
  CHECK(f.FeedAt((**third)->revision) == std::vector{kSaved, kReplaced});
  f.mailbox.CheckSound();
  f.WakeAt(kTestNowMs + kDayMs);
  CHECK(f.FeedAt((**third)->revision) == std::vector{kSaved, kReplaced});
}

TEST_CASE("deletions are forgotten after 90 days, with their tombstones, and the feed's tail says so") {
  Fixture f;
  const uint64_t saved = f.Save({MakeMessage("a", "t", 1), MakeMessage("b", "t", 2), MakeMessage("c", "t", 3)});
  const uint64_t deleted = f.Delete({"a"});
  f.server.clock().Advance(kDayMs);
  const uint64_t later = f.Delete({"b"});
  f.WakeAt(kTestNowMs + limits::kTombstoneMs - 1);
  CHECK(f.IsTombstone("a"));
  CHECK(f.FeedAt(deleted) == std::vector{kDeleted});
  CHECK(f.mailbox.Head().feed_tail_revision() == 0);

  f.WakeAt(kTestNowMs + limits::kTombstoneMs);
  CHECK_FALSE(f.server.RowAt(f.partition(), keys::MessageLocation("a")).has_value());
  CHECK(f.FeedAt(deleted).empty());
  CHECK(f.mailbox.Head().feed_tail_revision() == deleted);
  CHECK(f.IsTombstone("b"));
  CHECK(f.FeedAt(later) == std::vector{kDeleted});
  CHECK(f.FeedAt(saved) == std::vector{kVoid, kVoid, kSaved});

  f.WakeAt(kTestNowMs + kDayMs + limits::kTombstoneMs);
  CHECK(f.mailbox.Head().feed_tail_revision() == later);
  CHECK(f.FeedAt(saved) == std::vector{kVoid, kVoid, kSaved});
  // The id is free again.
  CHECK(f.mailbox.MustSave(f.me(), {MakeMessage("a", "t", 1)}).outcomes[0] == SaveOutcome::kCreated);
  f.mailbox.CheckSound();
}

TEST_CASE("request ids are forgotten after 30 days, and then nothing is left to wake for") {
  Fixture f;
  TestDevice code = MakeVirtual(f.server.random());
  CreateVirtualDeviceRequest request = f.mailbox.VirtualDeviceRequest(f.me(), code);
  const RequestKey key = request.request;
  REQUIRE(f.server.Do(std::move(request)).ok());
  f.WakeAt(kTestNowMs + limits::kRequestIdTtlMs - 1);
  CHECK(f.server.RowAt(f.partition(), keys::Request(key.id)).has_value());
  f.WakeAt(kTestNowMs + limits::kRequestIdTtlMs);
  CHECK_FALSE(f.server.RowAt(f.partition(), keys::Request(key.id)).has_value());
  CHECK(f.mailbox.Head().wake_at_ms() == 0);
}

TEST_CASE("an idle mailbox comes to rest: it wakes no more, and only what is live is left of its feed") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1, "x", kExpireMs), MakeMessage("b", "t", 2), MakeMessage("c", "t", 3)});
  f.Save({MakeMessage("c", "t", 3, "else")}, OnConflict::kReplace);
  f.Delete({"b"});
  std::size_t wakes = 0;
  for (int day = 0; day < 400; ++day) {
    f.server.clock().Advance(kDayMs);
    wakes += f.WakeIfDue() ? 1 : 0;
  }
  CHECK(wakes <= 6);
  CHECK(f.mailbox.Head().wake_at_ms() == 0);
  CHECK(f.FeedRows() == 2);  // the mailbox's first, and the replacement
}

TEST_CASE("the caretaker owns mailboxes alone, and a mailbox that is gone is no error") {
  Fixture f;
  CHECK(f.caretaker.Owns(f.partition()));
  CHECK_FALSE(f.caretaker.Owns("server"));
  CHECK_FALSE(f.caretaker.Owns("probe"));
  CHECK_FALSE(f.caretaker.Owns("attref-0a"));
  REQUIRE(f.server.Do(f.mailbox.DeleteRequest(f.me())).ok());
  f.Wake();
}

TEST_CASE("a message that is gone behind the index's back is damage, which leaves the mailbox due") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1, "x", kExpireMs)});
  const auto location = f.server.Find<storage_v1::MessageLocation>(f.partition(), keys::MessageLocation("a")).value();
  f.server.Overwrite(f.partition(), {{keys::Message(1, FromRecord(location.place())), std::nullopt}});
  f.server.clock().Set(kExpireMs + kHourMs);
  absl::Status status;
  f.caretaker.Wake(f.partition(), absl::InfiniteFuture(), [&](absl::Status result) { status = std::move(result); });
  f.server.Settle();
  CHECK(ReasonOf(status) == Reason::kDataDamaged);
  CHECK(f.mailbox.Head().wake_at_ms() <= f.server.clock().NowMs());
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
