// The checker itself: whatever one row of a sound store is changed to, it notices.
#include "service/mailbox/testing/store_check.h"

#include <catch2/catch.hpp>

#include "common/bytes.h"
#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::mailbox::testing {
namespace {

// A bit of everything: threads, an expiry, a replacement, a deletion, devices of both kinds, removals with and without
// an entry.
std::map<std::string, std::string> Example() {
  TestServer server;
  TestMailbox mailbox(server);
  mailbox.Create();
  TestDevice& me = mailbox.first();
  mailbox.MustSave(me, {MakeMessage("a", "t", 1), MakeMessage("b", "u", 2, "x", kTestNowMs + 5)});
  mailbox.MustSave(me, {MakeMessage("a", "t", 1, "else"), MakeMessage("c", "t", 3)}, OnConflict::kReplace);
  const TestDevice code = mailbox.AddVirtualDevice(me);
  const TestDevice removed = mailbox.AddDevice(code);
  const TestDevice cut_off = mailbox.AddDevice(code);
  mailbox.Rotate(me, {removed.id});
  mailbox.MustSave(me, {MakeMessage("d", "t", 4), MakeMessage("e", "t", 5)});
  CHECK(server.Do(DeleteRequest{mailbox.CallerOf(me), {"d"}}).ok());
  mailbox.CutOff(cut_off.id);
  return server.Rows(mailbox.partition());
}

TEST_CASE("a sound store passes, also an empty one") {
  CHECK(CheckStore(Example()) == std::vector<std::string>{});
  CHECK(CheckStore({}) == std::vector<std::string>{});
}

TEST_CASE("a missing row is noticed, whichever it is") {
  const auto sound = Example();
  int noticed_members = 0;
  for (const auto& [key, value] : sound) {
    auto rows = sound;
    rows.erase(key);
    const bool noticed = !CheckStore(rows).empty();
    if (key[0] == 0x07) noticed_members += noticed ? 1 : 0;
    if (key[0] == 0x07) continue;
    INFO(ToHex(key));
    CHECK(noticed);
  }
  CHECK(noticed_members == 3);  // each epoch's opener, and the active devices of the current one
}

TEST_CASE("a row that doesn't parse is noticed, whichever it is") {
  const auto sound = Example();
  for (const auto& [key, value] : sound) {
    auto rows = sound;
    rows[key] = "\xff";
    INFO(ToHex(key));
    CHECK_FALSE(CheckStore(rows).empty());
  }
}

TEST_CASE("a row that nothing leads to is noticed, in every table") {
  const auto sound = Example();
  for (const auto& [key, value] : sound) {
    const bool fixed = key.size() == 1;  // head and roster are what leads to others
    const bool member = key[0] == 0x07;  // any number of them is sound
    if (fixed || member) continue;
    std::string stray = key;
    stray.back() = static_cast<char>(stray.back() ^ 0x40);
    if (sound.contains(stray)) continue;
    auto rows = sound;
    rows[stray] = value;
    INFO(ToHex(key));
    CHECK_FALSE(CheckStore(rows).empty());
  }
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
