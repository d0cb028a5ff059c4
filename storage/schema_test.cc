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

  CHECK_FALSE(ParseMessage(MailboxTime(place)).has_value());
  CHECK_FALSE(ParseDevice(OrfServer(DeviceId(5))).has_value());
  CHECK_FALSE(ParseDevice(Device(DeviceId(5)) + "x").has_value());
  CHECK_FALSE(ParseDevice(Device(DeviceId(5)).substr(0, 8)).has_value());
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

}  // namespace
}  // namespace labyrinth::storage::keys
