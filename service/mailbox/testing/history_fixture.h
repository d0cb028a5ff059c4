// A mailbox whose history is read. testonly.
#ifndef LABYRINTH_SERVICE_MAILBOX_TESTING_HISTORY_FIXTURE_H_
#define LABYRINTH_SERVICE_MAILBOX_TESTING_HISTORY_FIXTURE_H_

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "service/mailbox/history_reader.h"
#include "service/mailbox/testing/message_ids.h"
#include "service/mailbox/testing/three_devices.h"

namespace labyrinth::mailbox::testing {

// In `thread`, or the whole mailbox if that is empty.
inline MessageQuery Query(std::string thread, bool newest_first = true, int64_t start_ms = 0,
                          int64_t end_ms = kEndOfTime) {
  return {std::move(thread), start_ms, end_ms, newest_first};
}

inline Ids Reversed(Ids ids) {
  std::reverse(ids.begin(), ids.end());
  return ids;
}

struct HistoryFixture : ThreeDevices {
  void Save(std::vector<SaveMessage> messages) { mailbox.MustSave(me(), std::move(messages)); }
  void Delete(Ids ids) { CHECK(server.Do(DeleteRequest{Me(), std::move(ids)}).ok()); }
  // `count` messages of 200 KiB: 15 of them fit into a page. Each in its own thread if that is asked for.
  Ids SaveLarge(std::size_t count, bool threads) {
    Ids ids;
    for (std::size_t i = 0; i < count; ++i) {
      ids.push_back(fmt::format("m{}", i));
      Save({MakeMessage(ids.back(), threads ? fmt::format("t{}", i) : "t", 1000 + static_cast<int64_t>(i),
                        std::string(200 * 1024, 'c'))});
    }
    return ids;
  }

  absl::StatusOr<MessagePage> List(const Caller& caller, const MessageQuery& query, PageRequest page) {
    return server.Ask<MessagePage>([&](auto done) {
      server.history().ListMessages(caller, query, std::move(page), absl::InfiniteFuture(), std::move(done));
    });
  }
  absl::StatusOr<MessagePage> Threads(const Caller& caller, PageRequest page) {
    return server.Ask<MessagePage>([&](auto done) {
      server.history().ListThreads(caller, std::move(page), absl::InfiniteFuture(), std::move(done));
    });
  }
  absl::StatusOr<MessagesById> Get(const Caller& caller, Ids ids) {
    return server.Ask<MessagesById>(
        [&](auto done) { server.history().BatchGet(caller, std::move(ids), absl::InfiniteFuture(), std::move(done)); });
  }
  MessagesById MustGet(Ids ids) { return Get(Me(), std::move(ids)).value(); }

  // Every page to the end, of `sizes` in turn.
  template <typename Ask>
  std::vector<MessagePage> Walk(const std::vector<uint32_t>& sizes, Ask ask) {
    std::vector<MessagePage> pages;
    std::string token;
    do {
      const uint32_t size = sizes[pages.size() % sizes.size()];
      absl::StatusOr<MessagePage> page = ask(PageRequest{size, token});
      INFO(page.status().ToString());
      REQUIRE(page.ok());
      REQUIRE(pages.size() < 1000);
      CHECK(page->messages.size() <= size);
      token = page->next_token;
      pages.push_back(*std::move(page));
    } while (!token.empty());
    return pages;
  }
  std::vector<MessagePage> Pages(const MessageQuery& query, const std::vector<uint32_t>& sizes) {
    return Walk(sizes, [&](PageRequest page) { return List(Me(), query, std::move(page)); });
  }
  std::vector<MessagePage> ThreadPages(const std::vector<uint32_t>& sizes) {
    return Walk(sizes, [&](PageRequest page) { return Threads(Me(), std::move(page)); });
  }
  static Ids Joined(const std::vector<MessagePage>& pages) {
    Ids all;
    for (const MessagePage& page : pages) {
      for (std::string& id : IdsOf(page.messages)) all.push_back(std::move(id));
    }
    return all;
  }
  Ids All(const MessageQuery& query, const std::vector<uint32_t>& sizes = {500}) { return Joined(Pages(query, sizes)); }
  Ids AllThreads(const std::vector<uint32_t>& sizes = {500}) { return Joined(ThreadPages(sizes)); }
};

// Nine messages in two threads; `newest_first` as the mailbox has them.
struct NineMessages : HistoryFixture {
  NineMessages() {
    Save({MakeMessage("c", "t", 300), MakeMessage("a", "t", 100), MakeMessage("x", "u", 200)});
    Save({MakeMessage("b", "t", 200), MakeMessage("y", "u", 100), MakeMessage("d", "t", 400)});
    Save({MakeMessage("b2", "t", 200), MakeMessage("b3", "t", 200), MakeMessage("z", "u", 400)});
  }
  const Ids newest_first = {"z", "d", "c", "b3", "b2", "b", "x", "y", "a"};
};

}  // namespace labyrinth::mailbox::testing

#endif  // LABYRINTH_SERVICE_MAILBOX_TESTING_HISTORY_FIXTURE_H_
