// A mailbox, and a laptop with a copy of it.
#ifndef LABYRINTH_CLIENT_SYNC_SYNC_FIXTURE_H_
#define LABYRINTH_CLIENT_SYNC_SYNC_FIXTURE_H_

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "client/sync/local_history.h"
#include "client/testing/mailbox_fixture.h"

namespace labyrinth::client::testing {

// What a reader sees of every message, by id.
using Seen = std::map<std::string, std::tuple<std::string, int64_t, int64_t, std::string>>;

inline void See(const HistoryMessage& message, Seen& seen) {
  REQUIRE(message.verified() != nullptr);
  const RowClaims& row = message.row();
  CHECK(seen.try_emplace(row.message_id, row.thread_id, row.timestamp_ms, row.expire_ms, message.verified()->content)
            .second);
}

// Thread by thread, in order.
inline std::vector<std::string> LocalOrder(LocalHistory& local, const std::string& thread_id, Seen& seen) {
  std::vector<std::string> ids;
  ThreadQuery query{.thread_id = thread_id, .limit = 7};
  for (;;) {
    const auto page = local.ReadThread(query);
    REQUIRE(page.ok());
    for (const HistoryMessage& message : page->messages) {
      See(message, seen);
      ids.push_back(message.row().message_id);
    }
    if (!page->next) return ids;
    query.after = page->next;
  }
}

inline std::vector<std::string> ServerOrder(LabyrinthClient& client, const std::string& thread_id, Seen& seen) {
  std::vector<std::string> ids;
  auto reader = client.history().ListMessages({.thread_id = thread_id});
  while (!reader.done()) {
    const auto page = reader.NextPage();
    REQUIRE(page.ok());
    for (const HistoryMessage& message : *page) {
      See(message, seen);
      ids.push_back(message.row().message_id);
    }
  }
  return ids;
}

// The copy has what the server has, in the same order, and nothing else.
inline void CheckCopyEquals(LabyrinthClient& client, LocalHistory& local) {
  Seen there, here;
  std::vector<std::string> threads;
  auto reader = client.history().ListThreads();
  while (!reader.done()) {
    const auto page = reader.NextPage();
    REQUIRE(page.ok());
    for (const HistoryMessage& newest : *page) threads.push_back(newest.row().thread_id);
  }
  const auto listed = local.ListThreads();
  REQUIRE(listed.ok());
  CHECK(listed->size() == threads.size());
  for (const std::string& thread : threads) {
    CHECK(LocalOrder(local, thread, here) == ServerOrder(client, thread, there));
  }
  CHECK(here == there);
  CHECK(*local.CountMessages() == there.size());
}

inline int CountOf(const SyncReport& report, LocalChangeKind kind) {
  return static_cast<int>(std::count_if(report.changes.begin(), report.changes.end(),
                                        [kind](const LocalChange& change) { return change.kind == kind; }));
}

struct SyncFixture : MailboxFixture {
  SyncFixture() { Start(); }

  // From no copy at all.
  void Start() {
    local.reset();
    REQUIRE(LocalHistory::Erase(*laptop).ok());
    Reopen();
  }
  // The process ended and was started again.
  void Reopen() {
    local.reset();
    laptop.Open();
    auto opened = LocalHistory::Open(*laptop);
    INFO(std::string(opened.status().message()));
    REQUIRE(opened.ok());
    local = *std::move(opened);
  }

  SyncReport MustSync() {
    auto report = local->Sync();
    INFO(std::string(report.status().message()));
    REQUIRE(report.ok());
    return *std::move(report);
  }

  void Save(const std::string& thread, const std::string& id, int64_t timestamp_ms, const std::string& content,
            OnConflict on_conflict = OnConflict::kKeepExisting) {
    REQUIRE(laptop->history().Save({Text(thread, id, timestamp_ms, content)}, {.on_conflict = on_conflict}).ok());
  }
  // Over two threads, with times that repeat.
  void SaveSome(int count, const std::string& prefix = "m") {
    for (int i = 0; i < count; ++i) {
      Save("t" + std::to_string(i % 2), prefix + std::to_string(i), 100 + i / 4, std::to_string(i));
    }
  }

  std::vector<std::string> ServerOrder(const std::string& thread) {
    Seen ignored;
    return testing::ServerOrder(*laptop, thread, ignored);
  }
  void CheckEqual() { CheckCopyEquals(*laptop, *local); }
  static void CheckEqual(LabyrinthClient& client, LocalHistory& copy) { CheckCopyEquals(client, copy); }

  std::unique_ptr<LocalHistory> local;
};

}  // namespace labyrinth::client::testing

#endif  // LABYRINTH_CLIENT_SYNC_SYNC_FIXTURE_H_
