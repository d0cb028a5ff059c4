// Reading: order, ranges, pages, threads, and messages by id.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "common/limits.h"
#include "tests/conformance/api/scene.h"

namespace labyrinth::conformance {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min(), kMost = std::numeric_limits<int64_t>::max();

v1::ListMessagesRequest Query(const std::string& thread, int64_t start_ms = 0, int64_t end_ms = 0,
                              v1::Order order = v1::ORDER_NEWEST_FIRST) {
  v1::ListMessagesRequest request;
  request.set_thread_id(thread);
  request.set_start_ms(start_ms);
  request.set_end_ms(end_ms);
  request.set_order(order);
  return request;
}

TEST_CASE("the order is total and the same whatever the pages: time, then first save, then place in it") {
  const Scene f;
  struct Row {
    int64_t timestamp_ms;
    int save, place;
    std::string id, thread;
  };
  std::vector<Row> rows;
  for (int save = 0; save < 6; ++save) {
    std::vector<v1::Message> batch;
    for (int place = 0; place < 9; ++place) {
      const int64_t timestamp_ms = (save * 7 + place * 5) % 4;  // most are equal to some
      rows.push_back({timestamp_ms, save, place, fmt::format("m{}.{}", save, place), place % 3 == 0 ? "a" : "b"});
      batch.push_back(MakeMessage(rows.back().id, rows.back().thread, timestamp_ms));
    }
    f.MustSave(batch);
  }
  // A replacement keeps its place.
  auto changed = MakeMessage("m2.4", "b", (2 * 7 + 4 * 5) % 4, std::string(50, 'x'));
  REQUIRE(f.Save({changed}, v1::ON_CONFLICT_REPLACE).ok());
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
    return std::tie(a.timestamp_ms, a.save, a.place) > std::tie(b.timestamp_ms, b.save, b.place);
  });
  for (const std::string thread : {"", "a", "b"}) {
    Ids newest_first;
    for (const Row& row : rows) {
      if (thread.empty() || row.thread == thread) newest_first.push_back(row.id);
    }
    const Ids oldest_first(newest_first.rbegin(), newest_first.rend());
    for (const std::vector<int>& sizes : {std::vector{500}, {1}, {7}, {3, 1, 20, 2}}) {
      INFO(thread << " in pages of " << sizes[0]);
      CHECK(f.Walk(Query(thread), sizes) == newest_first);
      CHECK(f.Walk(Query(thread, 0, 0, v1::ORDER_UNSPECIFIED), sizes) == newest_first);
      CHECK(f.Walk(Query(thread, 0, 0, v1::ORDER_OLDEST_FIRST), sizes) == oldest_first);
    }
  }
  CHECK(f.Walk(Query("nowhere")).empty());
}

TEST_CASE("a range has its start and not its end, to the ends of time, and no bound makes it lie") {
  const Scene f;
  constexpr int64_t kLast = limits::kTimestampMs;
  f.MustSave({MakeMessage("0", "t", 0), MakeMessage("10", "t", 10), MakeMessage("20", "t", 20),
              MakeMessage("last", "t", kLast)});
  for (const std::string thread : {"", "t"}) {
    CHECK(f.Walk(Query(thread, 0, 20)) == Ids{"10", "0"});
    CHECK(f.Walk(Query(thread, 10, 20)) == Ids{"10"});
    CHECK(f.Walk(Query(thread, 10, 21)) == Ids{"20", "10"});
    CHECK(f.Walk(Query(thread, 11, 20)).empty());
    CHECK(f.Walk(Query(thread, 20, 0)) == Ids{"last", "20"});
    CHECK(f.Walk(Query(thread, 20, kLast)) == Ids{"20"});
    CHECK(f.Walk(Query(thread, 20, kLast + 1)) == Ids{"last", "20"});
    CHECK(f.Walk(Query(thread, kLast, 0)) == Ids{"last"});
    const struct {
      int64_t start_ms, end_ms;
      const char* field;
    } refused[] = {{-1, 0, "start_ms"},    {kLeast, 0, "start_ms"},     {kLast + 1, 0, "start_ms"},
                   {kMost, 0, "start_ms"}, {kLeast, kMost, "start_ms"}, {0, -1, "end_ms"},
                   {0, kLeast, "end_ms"},  {0, kLast + 2, "end_ms"},    {0, kMost, "end_ms"},
                   {10, 10, "end_ms"},     {11, 10, "end_ms"}};
    for (const auto& row : refused) {
      INFO(row.start_ms << " to " << row.end_ms);
      const auto answer = f.Me().Ask(&History::ListMessages, Query(thread, row.start_ms, row.end_ms));
      CHECK(answer.reason() == Reason::kInvalidField);
      CHECK(answer.field() == row.field);
    }
  }
  auto query = Query("t");
  query.set_order(static_cast<v1::Order>(99));
  CHECK(f.Me().Ask(&History::ListMessages, query).field() == "order");
  query = Query("t");
  query.set_page_size(-1);
  CHECK(f.Me().Ask(&History::ListMessages, query).field() == "page_size");
  query.set_page_size(std::numeric_limits<int32_t>::max());
  CHECK(f.Me().Ask(&History::ListMessages, query).ok());
  CHECK(f.Me().Ask(&History::ListMessages, Query(std::string(limits::kThreadIdBytes + 1, 't'))).reason() ==
        Reason::kLimitExceeded);
}

TEST_CASE("a page token is good for its own query in its own mailbox, and for no other") {
  const Scene f, other;
  for (const Scene* scene : {&f, &other}) {
    scene->MustSave({MakeMessage("1", "t", 1), MakeMessage("2", "t", 2), MakeMessage("3", "u", 3)});
  }
  auto query = Query("t");
  query.set_page_size(1);
  const std::string token = f.Me().Must(&History::ListMessages, query).next_page_token();
  REQUIRE_FALSE(token.empty());
  const auto with = [&](v1::ListMessagesRequest request, const std::string& given) {
    request.set_page_token(given);
    return request;
  };
  const auto reason = [&](const v1::ListMessagesRequest& request) {
    return f.Me().Ask(&History::ListMessages, request).reason();
  };
  for (const auto& request : {with(Query("u"), token), with(Query(""), token), with(Query("t", 1), token),
                              with(Query("t", 0, 9), token), with(Query("t", 0, 0, v1::ORDER_OLDEST_FIRST), token)}) {
    CHECK(reason(request) == Reason::kPageTokenInvalid);
  }
  CHECK(other.Me().Ask(&History::ListMessages, with(query, token)).reason() == Reason::kPageTokenInvalid);
  v1::ListThreadsRequest threads;
  threads.set_page_size(1);
  const std::string of_threads = f.Me().Must(&History::ListThreads, threads).next_page_token();
  CHECK(reason(with(query, of_threads)) == Reason::kPageTokenInvalid);
  threads.set_page_token(token);
  CHECK(f.Me().Ask(&History::ListThreads, threads).reason() == Reason::kPageTokenInvalid);
  for (std::size_t at = 0; at < token.size(); at += 3) {
    std::string altered = token;
    altered[at] = altered[at] == 'A' ? 'B' : 'A';
    CHECK(reason(with(query, altered)) == Reason::kPageTokenInvalid);
  }
  for (const std::string& text : {std::string("x"), token + "A", token.substr(1), token.substr(0, token.size() - 1)}) {
    CHECK(reason(with(query, text)) == Reason::kPageTokenInvalid);
  }
  // Another page size is no other query.
  query.set_page_size(7);
  CHECK(IdsOf(f.Me().Must(&History::ListMessages, with(query, token)).messages()) == Ids{"1"});
}

TEST_CASE("messages by id come whole, and what isn't there is named") {
  const Scene f;
  const uint64_t revision = f.MustSave({MakeMessage("a", "t", 5, std::string(60, 'x')), MakeMessage("b")});
  f.MustDelete({"b"});
  v1::BatchGetMessagesRequest request;
  for (const char* id : {"a", "b", "never"}) request.add_message_ids(id);
  const auto got = f.Me().Must(&History::BatchGetMessages, request);
  REQUIRE(got.messages_size() == 1);
  const v1::Message& message = got.messages(0);
  CHECK(message.message_id() == "a");
  CHECK(message.thread_id() == "t");
  CHECK(message.timestamp_ms() == 5);
  CHECK(message.epoch_id() == f.old->epoch_id.value());
  CHECK(message.cipher_version() == 3);
  CHECK(message.ciphertext() == std::string(60, 'x'));
  CHECK(message.expire_ms() == 0);
  CHECK(message.revision() == revision);
  const std::set<std::string> missing(got.missing_message_ids().begin(), got.missing_message_ids().end());
  CHECK(missing == std::set<std::string>{"b", "never"});

  CHECK(f.Me().Ask(&History::BatchGetMessages).field() == "message_ids");
  v1::BatchGetMessagesRequest bad;
  bad.add_message_ids("");
  CHECK(f.Me().Ask(&History::BatchGetMessages, bad).reason() == Reason::kInvalidField);
  bad.set_message_ids(0, std::string(limits::kMessageIdBytes + 1, 'm'));
  CHECK(f.Me().Ask(&History::BatchGetMessages, bad).reason() == Reason::kLimitExceeded);
  bad.Clear();
  for (uint32_t i = 0; i <= limits::kGetMessages; ++i) bad.add_message_ids(std::to_string(i));
  CHECK(f.Me().Ask(&History::BatchGetMessages, bad).reason() == Reason::kLimitExceeded);
}

TEST_CASE("each thread is listed by its newest message, newest thread first, in pages of any size") {
  const Scene f;
  for (int thread = 0; thread < 12; ++thread) {
    const std::string name = fmt::format("t{}", thread);
    f.MustSave({MakeMessage(name + " old", name, thread), MakeMessage(name + " new", name, 100 - thread)});
  }
  f.MustDelete({"t3 new"});
  Ids expected;
  for (int thread = 0; thread < 12; ++thread) {
    if (thread != 3) expected.push_back(fmt::format("t{} new", thread));
  }
  expected.push_back("t3 old");
  for (const int size : {1, 4, 500}) {
    Ids ids;
    v1::ListThreadsRequest request;
    request.set_page_size(size);
    do {
      const auto page = f.Me().Must(&History::ListThreads, request);
      for (std::string& id : IdsOf(page.newest_messages())) ids.push_back(std::move(id));
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    CHECK(ids == expected);
  }
}

TEST_CASE("a walk has once what was there throughout, and the feed since its first page closes every gap") {
  const Scene f;
  for (const auto order : {v1::ORDER_NEWEST_FIRST, v1::ORDER_OLDEST_FIRST}) {
    const std::string thread = v1::Order_Name(order);
    const auto id = [&](int n) { return fmt::format("{} {}", thread, n); };
    std::vector<v1::Message> messages;
    std::set<std::string> live;
    for (int n = 0; n < 60; ++n) {
      messages.push_back(MakeMessage(id(n), thread, 1000 + n));
      live.insert(id(n));
    }
    f.MustSave(messages);
    std::set<std::string> throughout = live, gone_unreached;
    std::optional<v1::Cursor> since;
    int step = 0;
    std::set<std::string> seen;
    const auto between = [&](const v1::ListMessagesResponse& page) {
      if (!since.has_value()) since = page.as_of();
      for (const v1::Message& message : page.messages()) seen.insert(message.message_id());
      // One goes that was seen, or not yet; one comes before the walk and one behind; one is replaced.
      for (const std::string& goes : {id(5 * step), id(59 - 5 * step)}) {
        f.MustDelete({goes});
        live.erase(goes);
        throughout.erase(goes);
        if (!seen.contains(goes)) gone_unreached.insert(goes);
      }
      f.MustSave({MakeMessage(id(100 + step), thread, 1), MakeMessage(id(200 + step), thread, 5000)});
      live.insert({id(100 + step), id(200 + step)});
      f.Save({MakeMessage(id(31), thread, 1031, std::string(44 + step, 'x'))}, v1::ON_CONFLICT_REPLACE);
      ++step;
    };
    const Ids walked = f.Walk(Query(thread, 0, 0, order), {9, 4, 17}, between);
    REQUIRE(step >= 3);
    std::map<std::string, int> times;
    for (const std::string& one : walked) ++times[one];
    for (const std::string& one : throughout) CHECK(times[one] == 1);
    for (const std::string& one : gone_unreached) CHECK(times[one] == 0);
    std::set<std::string> have(walked.begin(), walked.end());
    for (const v1::Change& change : f.ChangesSince(*since)) {
      for (const v1::ChangeEntry& entry : change.entries()) {
        if (entry.kind() == v1::CHANGE_KIND_DELETED) have.erase(entry.message_id());
        if (entry.kind() == v1::CHANGE_KIND_SAVED) have.insert(entry.message_id());
      }
    }
    CHECK(have == live);
  }
}

}  // namespace
}  // namespace labyrinth::conformance
