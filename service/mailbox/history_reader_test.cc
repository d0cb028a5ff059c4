// What a device reads of the history, and in which order.
#include "service/mailbox/history_reader.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "service/mailbox/testing/history_fixture.h"

namespace labyrinth::mailbox::testing {
namespace {

constexpr int64_t kExpireMs = kTestNowMs + 1000;

TEST_CASE("messages are ordered by time, then by revision, then by their place in the commit") {
  NineMessages f;
  CHECK(f.All(Query("")) == f.newest_first);
  CHECK(f.All(Query("t")) == Ids{"d", "c", "b3", "b2", "b", "a"});
  CHECK(f.All(Query("u")) == Ids{"z", "x", "y"});
}

TEST_CASE("oldest first is the exact reverse, whatever the page size") {
  NineMessages f;
  const std::string thread = GENERATE("", "t", "u");
  const Ids newest_first = f.All(Query(thread));
  for (uint32_t size = 1; size <= 10; ++size) {
    INFO("pages of " << size);
    CHECK(f.All(Query(thread), {size}) == newest_first);
    CHECK(f.All(Query(thread, /*newest_first=*/false), {size}) == Reversed(newest_first));
  }
}

TEST_CASE("the page size may change from page to page") {
  NineMessages f;
  const bool newest_first = GENERATE(true, false);
  const Ids expected = newest_first ? f.newest_first : Reversed(f.newest_first);
  CHECK(f.All(Query("", newest_first), {1, 3, 2}) == expected);
  CHECK(f.All(Query("", newest_first), {4, 1, 500}) == expected);
  CHECK(f.AllThreads({1, 500}) == Ids{"z", "d"});
}

TEST_CASE("a message comes as it was saved, with its place") {
  HistoryFixture f;
  const uint64_t before = f.server.PositionOf(f.partition()).revision;
  f.Save({MakeMessage("a", "t", 5, "one"), MakeMessage("b", "t", 7, "two", kExpireMs)});
  const auto page = f.List(f.Me(), Query("t"), {500, ""}).value();
  CHECK(page.as_of == f.server.PositionOf(f.partition()));
  REQUIRE(page.messages.size() == 2);
  const MessageView& view = page.messages[0];
  CHECK(view.thread_id() == "t");
  CHECK(view.place == storage::Place{7, before + 1, 1});
  CHECK(view.revision() == before + 1);
  CHECK(view.record.message_id() == "b");
  CHECK(view.record.ciphertext() == "two");
  CHECK(view.record.expire_ms() == kExpireMs);
  CHECK(view.record.epoch_id() == f.mailbox.CurrentEpoch().value());
  CHECK(view.record.cipher_version() == 3);
  CHECK(page.messages[1].place == storage::Place{5, before + 1, 0});

  f.mailbox.MustSave(f.me(), {MakeMessage("a", "t", 5, "anew")}, OnConflict::kReplace);
  const MessageView replaced = f.MustGet({"a"}).messages.at(0);
  CHECK(replaced.record.ciphertext() == "anew");
  CHECK(replaced.place == storage::Place{5, before + 1, 0});
  CHECK(replaced.revision() == before + 2);
}

TEST_CASE("a range holds its start and not its end") {
  NineMessages f;
  const bool newest_first = GENERATE(true, false);
  const auto list = [&](const std::string& thread, int64_t start_ms, int64_t end_ms) {
    const uint32_t size = 1;  // so that each page but the first starts from a token
    Ids ids = f.All(Query(thread, newest_first, start_ms, end_ms), {size});
    return newest_first ? ids : Reversed(ids);
  };
  CHECK(list("", 200, 400) == Ids{"c", "b3", "b2", "b", "x"});
  CHECK(list("t", 200, 400) == Ids{"c", "b3", "b2", "b"});
  CHECK(list("u", 200, 400) == Ids{"x"});
  CHECK(list("t", 300, 301) == Ids{"c"});
  CHECK(list("t", 299, 300) == Ids{});
  CHECK(list("t", 301, 400) == Ids{});
  CHECK(list("", 0, 101) == Ids{"y", "a"});
  CHECK(list("", 400, kEndOfTime) == Ids{"z", "d"});
  CHECK(list("", 401, kEndOfTime) == Ids{});
}

TEST_CASE("the first and the last moment there are can be read") {
  HistoryFixture f;
  f.Save({MakeMessage("first", "t", 0), MakeMessage("last", "t", limits::kTimestampMs)});
  for (const std::string thread : {"", "t"}) {
    CHECK(f.All(Query(thread), {1}) == Ids{"last", "first"});
    CHECK(f.All(Query(thread, false), {1}) == Ids{"first", "last"});
    CHECK(f.All(Query(thread, true, 0, 1)) == Ids{"first"});
  }
}

TEST_CASE("a page of exactly what is left is the last") {
  NineMessages f;
  CHECK(f.Pages(Query(""), {9}).size() == 1);
  CHECK(f.Pages(Query("", false), {3}).size() == 3);
  CHECK(f.Pages(Query("u"), {3}).size() == 1);
  CHECK(f.ThreadPages({2}).size() == 1);
}

TEST_CASE("a page stops before it passes its bytes, and the walk goes on after it") {
  HistoryFixture f;
  const Ids ids = f.SaveLarge(20, /*threads=*/false);
  const std::string thread = GENERATE("", "t");
  const bool newest_first = GENERATE(true, false);
  const auto pages = f.Pages(Query(thread, newest_first), {500});
  REQUIRE(pages.size() == 2);
  CHECK(pages[0].messages.size() == 15);
  CHECK(pages[1].messages.size() == 5);
  CHECK(HistoryFixture::Joined(pages) == (newest_first ? Reversed(ids) : ids));
}

TEST_CASE("a page of threads stops before it passes its bytes, and so does a batch") {
  HistoryFixture f;
  const Ids ids = f.SaveLarge(20, /*threads=*/true);
  const auto pages = f.ThreadPages({500});
  REQUIRE(pages.size() == 2);
  CHECK(pages[0].messages.size() == 15);
  CHECK(HistoryFixture::Joined(pages) == Reversed(ids));
  // What doesn't fit is to be asked for again.
  const MessagesById got = f.MustGet(ids);
  CHECK(IdsOf(got.messages) == Ids(ids.begin(), ids.begin() + 15));
  CHECK(got.missing_ids == Ids(ids.begin() + 15, ids.end()));
  CHECK(IdsOf(f.MustGet(got.missing_ids).messages) == got.missing_ids);
}

TEST_CASE("what is saved during a walk neither repeats nor hides what was there") {
  NineMessages f;
  const bool newest_first = GENERATE(true, false);
  int saves = 0;
  const auto pages = f.Walk({2}, [&](PageRequest page) {
    auto answer = f.List(f.Me(), Query("", newest_first), std::move(page));
    if (++saves <= 3) f.Save({MakeMessage(fmt::format("new {}", saves), "t", newest_first ? 500 : 50)});
    return answer;
  });
  CHECK(HistoryFixture::Joined(pages) == (newest_first ? f.newest_first : Reversed(f.newest_first)));
}

TEST_CASE("an unknown thread and an empty mailbox are empty pages") {
  HistoryFixture f;
  const auto check = [&](const absl::StatusOr<MessagePage>& page) {
    REQUIRE(page.ok());
    CHECK(page->messages.empty());
    CHECK(page->next_token.empty());
    CHECK(page->as_of == f.server.PositionOf(f.partition()));
  };
  check(f.List(f.Me(), Query(""), {500, ""}));
  check(f.Threads(f.Me(), {500, ""}));
  f.Save({MakeMessage("m", "t", 1)});
  check(f.List(f.Me(), Query("nowhere"), {500, ""}));
  check(f.List(f.Me(), Query("T"), {500, ""}));
}

TEST_CASE("threads stand by their newest message, and show it") {
  HistoryFixture f;
  f.Save({MakeMessage("a1", "a", 10), MakeMessage("b1", "b", 30), MakeMessage("c1", "c", 20)});
  CHECK(f.AllThreads() == Ids{"b1", "c1", "a1"});
  f.Save({MakeMessage("a2", "a", 40), MakeMessage("b0", "b", 5), MakeMessage("d1", "d", 30)});
  for (const uint32_t size : {1u, 2u, 3u, 4u, 5u}) CHECK(f.AllThreads({size}) == Ids{"a2", "d1", "b1", "c1"});
  CHECK(f.Threads(f.Me(), {1, ""})->messages.at(0).thread_id() == "a");
}

TEST_CASE("a thread whose newest has expired shows what is below, at the old place until the sweep") {
  HistoryFixture f;
  f.Save({MakeMessage("a1", "a", 10), MakeMessage("a2", "a", 20), MakeMessage("a3", "a", 100, "x", kExpireMs),
          MakeMessage("a4", "a", 110, "x", kExpireMs), MakeMessage("b1", "b", 50)});
  CHECK(f.AllThreads() == Ids{"a4", "b1"});
  f.server.clock().Set(kExpireMs);
  CHECK(f.AllThreads() == Ids{"a2", "b1"});
  CHECK(f.AllThreads({1}) == Ids{"a2", "b1"});
}

TEST_CASE("a thread is left out if the 32 newest have expired, or all") {
  const int expired = GENERATE(31, 32);
  HistoryFixture f;
  f.Save({MakeMessage("live", "a", 1), MakeMessage("b1", "b", 50)});
  std::vector<SaveMessage> messages;
  for (int i = 0; i < expired; ++i)
    messages.push_back(MakeMessage(fmt::format("e{}", i), "a", 100 + i, "x", kExpireMs));
  messages.push_back(MakeMessage("c", "c", 40, "x", kExpireMs));
  f.Save(std::move(messages));
  f.server.clock().Set(kExpireMs);
  CHECK(f.AllThreads({1}) == (expired == 31 ? Ids{"live", "b1"} : Ids{"b1"}));
}

TEST_CASE("a batch gives the messages in the order asked for, and names the missing") {
  NineMessages f;
  const MessagesById got = f.MustGet({"c", "nothing", "z", "a", "Z"});
  CHECK(IdsOf(got.messages) == Ids{"c", "z", "a"});
  CHECK(got.messages[0].thread_id() == "t");
  CHECK(got.messages[1].thread_id() == "u");
  CHECK(got.missing_ids == Ids{"nothing", "Z"});
  CHECK(f.MustGet({}).messages.empty());
  CHECK(IdsOf(f.MustGet(f.newest_first).messages) == f.newest_first);
}

TEST_CASE("a deleted message is missing") {
  NineMessages f;
  f.Delete({"c"});
  const MessagesById got = f.MustGet({"c", "a"});
  CHECK(IdsOf(got.messages) == Ids{"a"});
  CHECK(got.missing_ids == Ids{"c"});
  CHECK(f.All(Query("")) == Ids{"z", "d", "b3", "b2", "b", "x", "y", "a"});
}

TEST_CASE("a walk goes on at its place in a thread that was emptied and used again") {
  const bool newest_first = GENERATE(true, false);
  NineMessages f;
  f.Save({MakeMessage("v", "v", 200)});
  const auto page = f.List(f.Me(), Query("t", newest_first), {3, ""});
  CHECK(IdsOf(page->messages) == (newest_first ? Ids{"d", "c", "b3"} : Ids{"a", "b", "b2"}));
  f.Delete({"a", "b", "b2", "b3", "c", "d"});
  CHECK(f.List(f.Me(), Query("t", newest_first), {500, page->next_token})->messages.empty());
  f.Save({MakeMessage("n1", "t", 50), MakeMessage("n2", "t", 500)});
  const auto rest = f.List(f.Me(), Query("t", newest_first), {500, page->next_token});
  REQUIRE(rest.ok());
  CHECK(IdsOf(rest->messages) == (newest_first ? Ids{"n1"} : Ids{"n2"}));
}

TEST_CASE("a thread that is emptied and used again between two reads of a page is read as it is at the end") {
  NineMessages f;
  f.server.faults().ScriptReads({storage::ReadFault::kHoldReply});
  std::optional<absl::StatusOr<MessagePage>> answer;
  f.server.history().ListMessages(f.Me(), Query("t"), {500, ""}, absl::InfiniteFuture(),
                                  [&](absl::StatusOr<MessagePage> page) { answer = std::move(page); });
  REQUIRE_FALSE(answer.has_value());  // its number has been looked up
  f.Delete({"a", "b", "b2", "b3", "c", "d"});
  f.Save({MakeMessage("n", "t", 50)});
  f.server.faults().Release();
  f.server.Settle();
  REQUIRE(answer.has_value());
  CHECK(IdsOf((*answer)->messages) == Ids{"n"});
  CHECK((*answer)->as_of == f.server.PositionOf(f.partition()));
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
