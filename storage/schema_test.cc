#include "storage/schema.h"

#include <catch2/catch.hpp>

#include "common/limits.h"

namespace labyrinth::storage::keys {
namespace {

TEST_CASE("message keys order newest first: by time, then revision, then place in the commit") {
  const Place places[] = {
      {limits::kTimestampMs, 1, 0}, {2000, 9, 1}, {2000, 9, 0}, {2000, 8, 65535}, {1999, 99, 0}, {0, 1, 0}};
  for (std::size_t i = 1; i < std::size(places); ++i) {
    CHECK(places[i] < places[i - 1]);
    CHECK(Message(7, places[i - 1]) < Message(7, places[i]));
    CHECK(MailboxTime(places[i - 1]) < MailboxTime(places[i]));
    CHECK(ThreadActivity(places[i - 1], 3) < ThreadActivity(places[i], 3));
  }
  CHECK(Message(7, places[5]) < Message(8, places[0]));
}

TEST_CASE("keys are undone exactly, and no table's key passes for another's") {
  const Place place{1'700'000'000'123, 77, 3};
  const auto message = ParseMessage(Message(42, place));
  REQUIRE(message.has_value());
  CHECK(message->thread_number == 42);
  CHECK(message->place == place);
  CHECK(ParseMailboxTime(MailboxTime(place)) == place);
  CHECK(ParseThreadActivity(ThreadActivity(place, 9))->number == 9);
  CHECK(ParseDevice(Device(DeviceId(5))) == DeviceId(5));
  CHECK(ParseMember(Member(3, DeviceId(5)))->sequence_id == 3);
  CHECK(ParseLog(Log(11)) == 11u);
  CHECK(ParseEpoch(Epoch(12)) == 12u);
  CHECK(ParseThread(Thread(14)) == 14u);
  CHECK(ParseFeed(Feed(13)) == 13u);
  const auto expiry = ParseExpiry(Expiry(1'800'000'000'000, 42, place));
  REQUIRE(expiry.has_value());
  CHECK(expiry->expire_ms == 1'800'000'000'000);
  CHECK(expiry->thread_number == 42);
  CHECK(expiry->place == place);
  const auto id = *RequestId::From("0123456789abcdef");
  const auto age = ParseRequestAge(RequestAge(1'700'000'000'000, id));
  REQUIRE(age.has_value());
  CHECK(age->create_ms == 1'700'000'000'000);
  CHECK(age->id == id);
  const auto entry = ParseVoidEntry(VoidEntry(1'700'000'000'001, 78, place));
  REQUIRE(entry.has_value());
  CHECK(entry->void_ms == 1'700'000'000'001);
  CHECK(entry->revision == 78);
  CHECK(entry->place == place);
  const auto deletions = ParseDeletionAge(DeletionAge(1'700'000'000'002, 79));
  REQUIRE(deletions.has_value());
  CHECK(deletions->commit_ms == 1'700'000'000'002);
  CHECK(deletions->revision == 79);

  CHECK_FALSE(ParseMessage(MailboxTime(place)).has_value());
  CHECK_FALSE(ParseExpiry(MailboxTime(place)).has_value());
  CHECK_FALSE(ParseVoidEntry(DeletionAge(5, 78)).has_value());
  CHECK_FALSE(ParseRequestAge(RequestAge(5, id) + "x").has_value());
  CHECK_FALSE(ParseThread(Epoch(12)).has_value());
  CHECK_FALSE(ParseFeed(Log(11)).has_value());
  CHECK_FALSE(ParseDevice(OrfServer(DeviceId(5))).has_value());
  CHECK_FALSE(ParseDevice(Device(DeviceId(5)) + "x").has_value());
  CHECK_FALSE(ParseDevice(Device(DeviceId(5)).substr(0, 8)).has_value());
}

TEST_CASE("tables of what is due order by time alone") {
  const Place newest{limits::kTimestampMs, 99, 0};
  const Place oldest{0, 1, 0};
  CHECK(Expiry(1000, 9, oldest) < Expiry(1001, 1, newest));
  CHECK(RequestAge(1000, *RequestId::From(std::string(16, '\xff'))) < RequestAge(1001, RequestId()));
  CHECK(VoidEntry(1000, 9, oldest) < VoidEntry(1001, 1, newest));
  CHECK(DeletionAge(1000, 9) < DeletionAge(1001, 1));
  const Range feed = FeedRows(7, 9);
  CHECK(feed.begin == Feed(7));
  CHECK(Feed(8) < feed.end);
  CHECK_FALSE(Feed(9) < feed.end);
}

TEST_CASE("a range of times holds its first millisecond and not its last") {
  const auto holds = [](const Range& range, const Place& place) {
    const std::string key = Message(1, place);
    return range.begin <= key && key < range.end;
  };
  const Range range = ThreadMessages(1, 1000, 2000);
  CHECK(holds(range, {1000, 1, 0}));
  CHECK(holds(range, {1000, (uint64_t{1} << 48) - 1, 65535}));
  CHECK(holds(range, {1999, 1, 65535}));
  CHECK_FALSE(holds(range, {2000, 1, 0}));
  CHECK_FALSE(holds(range, {999, 5, 0}));

  const Range all = ThreadMessages(1, 0, int64_t{1} << 48);
  CHECK(holds(all, {0, 1, 0}));
  CHECK(holds(all, {limits::kTimestampMs, 1, 0}));
  CHECK_FALSE(all.end > Message(2, {limits::kTimestampMs, 1, 0}));

  const Range mailbox = MailboxMessages(0, 1);
  CHECK(mailbox.begin <= MailboxTime({0, 1, 0}));
  CHECK(MailboxTime({0, 1, 0}) < mailbox.end);
  CHECK(MailboxTime({1, 1, 0}) < mailbox.begin);
}

TEST_CASE("ranges that begin somewhere hold the rest of their table alone") {
  const auto holds = [](const Range& range, const std::string& key) { return range.begin <= key && key < range.end; };
  const Place place{1'700'000'000'123, 77, 3};
  CHECK_FALSE(holds(FeedAfter(7), Feed(7)));
  CHECK(holds(FeedAfter(7), Feed(8)));
  CHECK(holds(FeedAfter(0), Feed(UINT64_MAX)));
  CHECK(FeedAfter(UINT64_MAX).begin < FeedAfter(UINT64_MAX).end);
  CHECK_FALSE(holds(FeedAfter(UINT64_MAX), Feed(UINT64_MAX)));
  CHECK_FALSE(holds(FeedAfter(0), std::string(17, '\x31')));
  CHECK(holds(ThreadsFrom(3), Thread(3)));
  CHECK(holds(ThreadsFrom(3), Thread(UINT32_MAX)));
  CHECK_FALSE(holds(ThreadsFrom(3), Thread(2)));
  CHECK_FALSE(holds(ThreadsFrom(3), ThreadActivity(place, 3)));
  CHECK(holds(Messages(), Message(1, place)));
  CHECK(holds(Messages(), Message(UINT32_MAX, place)));
  CHECK_FALSE(holds(Messages(), MailboxTime(place)));
}

}  // namespace
}  // namespace labyrinth::storage::keys
