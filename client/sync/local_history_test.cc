#include "client/sync/local_history.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "client/sync/database.h"
#include "client/sync/sync_fixture.h"

namespace labyrinth::client {
namespace {

namespace fs = std::filesystem;
using testing::CountOf;
using testing::Mentions;
using testing::SyncFixture;
using testing::TempDir;
using testing::TestClient;
using testing::Text;

TEST_CASE("The first sync copies everything, later ones what happened") {
  SyncFixture f;
  f.SaveSome(13);
  SyncReport report = f.MustSync();
  CHECK(report.first_copied == 13);
  CHECK(report.changes.empty());
  f.CheckEqual();
  CHECK(f.MustSync().empty());

  f.Save("t9", "new", 50, "new");
  f.Save("t0", "m0", 100, "edited", OnConflict::kReplace);
  REQUIRE(f.laptop->history().Delete(std::vector<std::string>{"m1", "m2"}).ok());
  auto phone = f.Join(2);
  REQUIRE((*phone)->devices().Rotate().ok());
  report = f.MustSync();
  CHECK(CountOf(report, LocalChangeKind::kAdded) == 1);
  CHECK(CountOf(report, LocalChangeKind::kReplaced) == 1);
  CHECK(CountOf(report, LocalChangeKind::kDeleted) == 2);
  CHECK(CountOf(report, LocalChangeKind::kDeviceAdded) == 2);  // the code and the phone
  CHECK(CountOf(report, LocalChangeKind::kEpochOpened) >= 1);
  CHECK((*f.local->Find("m0"))->verified()->content == "edited");
  CHECK_FALSE(f.local->Find("m1")->has_value());
  f.CheckEqual();

  SECTION("also after a restart of this device") {
    f.Save("t9", "newer", 51, "newer");
    f.Reopen();
    CHECK(f.local->Find("new")->has_value());
    CHECK(CountOf(f.MustSync(), LocalChangeKind::kAdded) == 1);
    f.CheckEqual();
  }
  SECTION("and a message that the feed has no room for is asked for") {
    f.server.inline_messages = 0;
    f.Save("t9", "newer", 51, "newer");
    CHECK(CountOf(f.MustSync(), LocalChangeKind::kAdded) == 1);
    f.CheckEqual();
  }
}

TEST_CASE("The copy is read by thread, by id and as a list of threads") {
  SyncFixture f;
  f.SaveSome(25);
  f.Save("t1", "old", 1, "imported late");
  f.MustSync();
  std::vector<std::string> ids;
  ThreadQuery query{.thread_id = "t1", .limit = 4};
  for (;;) {
    const auto page = f.local->ReadThread(query);
    REQUIRE(page.ok());
    for (const HistoryMessage& message : page->messages) ids.push_back(message.row().message_id);
    if (!page->next) break;
    query.after = page->next;
  }
  CHECK(ids == f.ServerOrder("t1"));
  CHECK(ids.back() == "old");
  const auto oldest = f.local->ReadThread({.thread_id = "t1", .oldest_first = true, .limit = 100});
  CHECK(oldest->messages.size() == ids.size());
  CHECK(oldest->messages.front().row().message_id == "old");
  const auto threads = f.local->ListThreads();
  REQUIRE(threads->size() == 2);
  CHECK((*threads)[0].row().timestamp_ms >= (*threads)[1].row().timestamp_ms);
  CHECK(f.local->ReadThread({.thread_id = "nowhere"})->messages.empty());
  CHECK(*f.local->CountMessages() == 26);
}

TEST_CASE("A first copy that is cut after any batch goes on") {
  SyncFixture f;
  f.SaveSome(20);
  for (int cut = 1; cut < 8; ++cut) {
    f.Start();
    int batches = 0;
    const auto stopped = f.local->Sync([&](const DownloadProgress& progress) {
      CHECK(progress.total_count == 20);
      return ++batches < cut;
    });
    if (stopped.ok()) break;
    CHECK(absl::IsCancelled(stopped.status()));
    f.Reopen();
    // What happens meanwhile comes through the feed.
    f.Save("t0", "between" + std::to_string(cut), 7, "between");
    // Counted here: the server may still be about to see that the first stream is gone.
    int rest = 0;
    const auto finished = f.local->Sync([&](const DownloadProgress&) {
      ++rest;
      return true;
    });
    REQUIRE(finished.ok());
    CHECK(rest == 7 - cut);
    f.CheckEqual();
    REQUIRE(f.laptop->history().Delete(std::vector<std::string>{"between" + std::to_string(cut)}).ok());
  }
}

// Images of the profile after each step, as a crash there would leave it.
TEST_CASE("From a crash at any step the copy becomes the same") {
  SyncFixture f;
  TempDir images;
  int count = 0;
  const auto image = [&] { f.laptop.CopyProfile(images.path(std::to_string(count++))); };
  f.SaveSome(10);
  REQUIRE(f.local
              ->Sync([&](const DownloadProgress&) {
                image();
                return true;
              })
              .ok());
  f.server.before = [&](const std::string& method) {
    if (method == "ListChanges") image();
    return absl::OkStatus();
  };
  f.SaveSome(12, "n");
  f.Save("t1", "m1", 100, "edited", OnConflict::kReplace);
  REQUIRE(f.laptop->history().Delete(std::vector<std::string>{"m3", "n2"}).ok());
  f.MustSync();
  f.server.Locked([](testing::FakeStore& store) { store.feed_tail = store.revision + 1; });
  f.Save("t1", "last", 300, "last");
  f.MustSync();
  f.server.before = nullptr;
  f.CheckEqual();
  REQUIRE(count > 8);
  for (int i = 0; i < count; ++i) {
    TestClient crashed(f.server, 100 + i, images.path(std::to_string(i)));
    auto local = LocalHistory::Open(*crashed);
    REQUIRE(local.ok());
    REQUIRE((*local)->Sync().ok());
    f.CheckEqual(*crashed, **local);
  }
}

TEST_CASE("A log that was cut anywhere is one of the states before") {
  SyncFixture f;
  TempDir images;
  f.SaveSome(9);
  f.MustSync();
  f.SaveSome(9, "n");
  f.MustSync();
  f.laptop.CopyProfile(images.path("whole"));
  const std::string log = images.path("whole") + "/history.db-wal";
  REQUIRE(fs::exists(log));
  const auto size = static_cast<int64_t>(fs::file_size(log));
  REQUIRE(size > 4096);
  for (int i = 0; i < 24; ++i) {
    const std::string copy = images.path("cut" + std::to_string(i));
    fs::copy(images.path("whole"), copy);
    fs::permissions(copy, fs::perms::owner_all);
    fs::resize_file(copy + "/history.db-wal", size * i / 24);
    TestClient crashed(f.server, 200 + i, copy);
    auto local = LocalHistory::Open(*crashed);
    INFO(i << ": " << std::string(local.status().message()));
    REQUIRE(local.ok());
    REQUIRE((*local)->Sync().ok());
    f.CheckEqual(*crashed, **local);
  }
}

TEST_CASE("A watch brings changes as they come, over breaks and new copies") {
  SyncFixture f;
  f.SaveSome(5);
  auto phone = f.Join(2);
  WatchStop stop;
  int writes = 0, calls = 0;
  f.server.before = [&](const std::string& method) {
    return method == "Watch:write" && ++writes % 3 == 0 ? absl::UnavailableError("cut") : absl::OkStatus();
  };
  uint64_t first = 0;
  int added = 0;
  bool resynced = false;
  const absl::Status status = f.local->WatchForChanges(
      [&](const SyncReport& report) {
        first += report.first_copied;
        added += CountOf(report, LocalChangeKind::kAdded);
        resynced = resynced || report.resynced;
        // The callback may read.
        for (const LocalChange& change : report.changes) {
          if (change.kind == LocalChangeKind::kAdded) CHECK(f.local->Find(change.message_id)->has_value());
        }
        ++calls;
        if (added == 6) stop.Request();
        if (calls > 6) return;
        // From this device inside the callback, which the feed tells like any other.
        if (calls == 2) f.Save("t1", "own", 500, "own");
        // From the phone, while the watch runs.
        std::thread other([&] {
          REQUIRE((*phone)->history().Save({Text("t1", "w" + std::to_string(calls), 500, "w")}).ok());
          if (calls != 3) return;
          f.server.Locked([](testing::FakeStore& store) { store.feed_tail = ++store.revision; });
        });
        other.join();
      },
      stop);
  CHECK(status.ok());
  CHECK(first == 5);
  CHECK(added >= 6);
  f.server.before = nullptr;
  f.MustSync();
  f.CheckEqual();
}

TEST_CASE("A copy that can't be used says why, and can be rebuilt") {
  SyncFixture f;
  f.SaveSome(6);
  f.MustSync();
  const std::string path = f.laptop.profile() + "/history.db";
  f.local.reset();
  SECTION("damaged") {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(0);
    file << std::string(2000, 'x');
    file.close();
    const auto status = LocalHistory::Open(*f.laptop).status();
    CHECK(absl::IsDataLoss(status));
    CHECK(Mentions(status, "rebuild"));
  }
  SECTION("of a newer program") {
    auto database = Database::Open(path);
    REQUIRE((*database)->Execute("PRAGMA user_version = 2").ok());
    database->reset();
    const auto status = LocalHistory::Open(*f.laptop).status();
    CHECK(absl::IsFailedPrecondition(status));
    CHECK(Mentions(status, "another version"));
  }
  SECTION("of another program") {
    auto database = Database::Open(path);
    REQUIRE((*database)->Execute("PRAGMA application_id = 2").ok());
    database->reset();
    CHECK(absl::IsDataLoss(LocalHistory::Open(*f.laptop).status()));
  }
  SECTION("of another mailbox") {
    auto database = Database::Open(path);
    REQUIRE((*database)->Execute("UPDATE state SET mailbox_id = x'00'").ok());
    database->reset();
    CHECK(Mentions(LocalHistory::Open(*f.laptop).status(), "another mailbox"));
  }
  auto rebuilt = LocalHistory::Rebuild(*f.laptop);
  REQUIRE(rebuilt.ok());
  f.local = *std::move(rebuilt);
  CHECK(f.MustSync().first_copied == 6);
  f.CheckEqual();
}

TEST_CASE("A profile that is no device has no copy") {
  SyncFixture f;
  TestClient stranger(f.server, 5);
  CHECK(absl::IsFailedPrecondition(LocalHistory::Open(*stranger).status()));
}

}  // namespace
}  // namespace labyrinth::client
