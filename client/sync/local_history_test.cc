#include "client/sync/local_history.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <thread>

#include "client/sync/key_slots.h"
#include "client/sync/sync_fixture.h"
#include "common/errors.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::client {
namespace {

namespace fs = std::filesystem;
using testing::Mentions;
using testing::SyncFixture;
using testing::TempDir;
using testing::TestClient;
using testing::Text;

int CountOf(const SyncReport& report, LocalChangeKind kind) {
  return static_cast<int>(std::count_if(report.changes.begin(), report.changes.end(),
                                        [kind](const LocalChange& change) { return change.kind == kind; }));
}

// Everything under a folder.
std::string BytesOf(const std::string& folder) {
  std::string out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    out.append(std::istreambuf_iterator<char>(file), {});
  }
  return out;
}

// What the database of an earlier day gives with the keys of today: the worst that SQLite can have left.
std::optional<std::string> FromOldDatabase(SyncFixture& f, const std::string& old_profile, const std::string& id) {
  TempDir dir;
  const std::string copy = dir.path("old");
  fs::copy(old_profile, copy);
  fs::permissions(copy, fs::perms::owner_all);
  auto database = Database::Open(copy + "/history.db");
  REQUIRE(database.ok());
  crypto::SeededRandom random(1);
  const auto keys = KeySlots::Open(f.laptop.profile() + "/history.db-keys", random);
  REQUIRE(keys.ok());
  Query query(**database, "SELECT slot, content FROM messages WHERE message_id = ?");
  REQUIRE(query.Blob(id).Next());
  const auto key = (*keys)->Get(query.IntAt(0));
  if (!key.ok()) return std::nullopt;
  const auto content = crypto::AesGcmOpen(*key, std::string(12, '\0'), id, query.BlobAt(1));
  return content.ok() ? std::optional<std::string>(content->RevealSecret()) : std::nullopt;
}

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

TEST_CASE("What expired isn't given out, whatever the clock does, and can't be read from any file") {
  SyncFixture f;
  TempDir before;
  f.laptop.clock.Set(1000);
  REQUIRE(
      f.laptop->history()
          .Save({{.thread_id = "t", .message_id = "e", .timestamp_ms = 5, .expire_ms = 2000, .content = "EVANESCENT"},
                 {.thread_id = "t", .message_id = "s", .timestamp_ms = 6, .content = "STAYING"}})
          .ok());
  f.MustSync();
  CHECK(f.local->Find("e")->has_value());
  f.laptop.CopyProfile(before.path("profile"));
  CHECK(FromOldDatabase(f, before.path("profile"), "e") == "EVANESCENT");
  f.laptop.clock.Set(1999);
  CHECK(f.local->Find("e")->has_value());
  f.laptop.clock.Set(2000);
  SECTION("by id") { CHECK_FALSE(f.local->Find("e")->has_value()); }
  SECTION("by thread") { CHECK(f.local->ReadThread({.thread_id = "t"})->messages.size() == 1); }
  SECTION("at the opening") { f.Reopen(); }
  SECTION("by a sync") { f.MustSync(); }
  f.laptop.clock.Set(1000);
  CHECK_FALSE(f.local->Find("e")->has_value());
  f.Reopen();
  CHECK_FALSE(f.local->Find("e")->has_value());
  CHECK(FromOldDatabase(f, before.path("profile"), "e") == std::nullopt);
  CHECK(FromOldDatabase(f, before.path("profile"), "s") == "STAYING");
  // The server's own word comes later and changes nothing; nor does a server that goes on serving it.
  f.server.Locked([](testing::FakeStore& store) { store.Expire(5000); });
  CHECK(CountOf(f.MustSync(), LocalChangeKind::kExpired) == 0);
  f.CheckEqual();
}

TEST_CASE("Time doesn't go back for messages that arrive later, also over a restart") {
  SyncFixture f;
  f.laptop.clock.Set(5000);
  f.MustSync();
  f.laptop.clock.Set(1000);
  if (GENERATE(false, true)) f.Reopen();
  REQUIRE(f.laptop->history()
              .Save({{.thread_id = "t", .message_id = "e", .timestamp_ms = 5, .expire_ms = 5000, .content = "x"},
                     {.thread_id = "t", .message_id = "s", .timestamp_ms = 5, .expire_ms = 5001, .content = "x"}})
              .ok());
  f.MustSync();
  CHECK_FALSE(f.local->Find("e")->has_value());
  CHECK(f.local->Find("s")->has_value());
}

TEST_CASE("A local expiry is reported once") {
  SyncFixture f;
  REQUIRE(f.laptop->history()
              .Save({{.thread_id = "t", .message_id = "e", .timestamp_ms = 5, .expire_ms = 2000, .content = "x"}})
              .ok());
  f.MustSync();
  f.laptop.clock.Set(3000);
  CHECK_FALSE(f.local->Find("e")->has_value());
  CHECK(CountOf(f.MustSync(), LocalChangeKind::kExpired) == 1);
  CHECK(f.MustSync().empty());
}

TEST_CASE("Deleted and replaced content can't be read from any file") {
  SyncFixture f;
  TempDir before;
  f.SaveSome(30);
  f.Save("t0", "secret", 7, "DELETEDCONTENT");
  f.Save("t0", "edit", 8, "OLDVERSION");
  f.MustSync();
  f.laptop.CopyProfile(before.path("profile"));
  CHECK(FromOldDatabase(f, before.path("profile"), "secret") == "DELETEDCONTENT");
  REQUIRE(f.laptop->history().Delete(std::vector<std::string>{"secret"}).ok());
  f.Save("t0", "edit", 8, "NEWVERSION", OnConflict::kReplace);
  f.MustSync();
  CHECK(FromOldDatabase(f, before.path("profile"), "secret") == std::nullopt);
  CHECK(FromOldDatabase(f, before.path("profile"), "edit") == std::nullopt);
  CHECK(FromOldDatabase(f, before.path("profile"), "m7") == "7");
  // Nothing is written in the clear at all.
  const std::string bytes = BytesOf(f.laptop.profile());
  for (const char* text : {"DELETEDCONTENT", "OLDVERSION", "NEWVERSION"}) CHECK(bytes.find(text) == std::string::npos);
}

TEST_CASE("Keys that no row names are wiped at the next opening, and missing ones are damage") {
  SyncFixture f;
  f.SaveSome(3);
  f.MustSync();
  f.local.reset();
  const std::string keys = f.laptop.profile() + "/history.db-keys";
  SECTION("left over by a crash") {
    std::ofstream(keys, std::ios::binary | std::ios::app) << std::string(32, 'k') << "torn";
    f.Reopen();
    CHECK(BytesOf(f.laptop.profile()).find(std::string(32, 'k')) == std::string::npos);
    f.SaveSome(9);
    f.MustSync();
    f.CheckEqual();
  }
  SECTION("cut off") {
    fs::resize_file(keys, 64);
    CHECK(absl::IsDataLoss(LocalHistory::Open(*f.laptop).status()));
  }
  SECTION("overwritten") {
    std::ofstream(keys, std::ios::binary | std::ios::in) << std::string(32, '\0');
    CHECK(absl::IsDataLoss(LocalHistory::Open(*f.laptop).status()));
  }
}

TEST_CASE("An erased copy leaves no key behind") {
  SyncFixture f;
  f.SaveSome(3);
  f.MustSync();
  f.local.reset();
  // Another name of the same file, as a file system's old blocks would be.
  TempDir dir;
  fs::create_hard_link(f.laptop.profile() + "/history.db-keys", dir.path("keys"));
  REQUIRE(fs::file_size(dir.path("keys")) == 3 * 32);
  REQUIRE(LocalHistory::Erase(*f.laptop).ok());
  std::ifstream file(dir.path("keys"), std::ios::binary);
  CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == std::string(3 * 32, '\0'));
  for (const auto& entry : fs::directory_iterator(f.laptop.profile())) {
    CHECK(entry.path().filename().string().find("history") == std::string::npos);
  }
}

// Changes a stored row; as a commit, so that the feed tells of it.
void Rewrite(SyncFixture& f, const std::string& id, const std::function<void(v1::Message&)>& change) {
  f.server.Locked([&](testing::FakeStore& store) {
    for (v1::Message& message : store.messages) {
      if (message.message_id() != id) continue;
      change(message);
      message.set_revision(store.revision + 1);
      v1::ChangeEntry entry;
      entry.set_kind(v1::CHANGE_KIND_REPLACED);
      entry.set_thread_id(message.thread_id());
      entry.set_message_id(id);
      entry.set_timestamp_ms(message.timestamp_ms());
      store.Commit({entry});
    }
  });
}

std::string CiphertextOf(SyncFixture& f, const std::string& id) {
  for (const v1::Message& message : f.server.store.messages) {
    if (message.message_id() == id) return message.ciphertext();
  }
  return "";
}

TEST_CASE("Rows that fail a check never enter, and what stood there stays") {
  SyncFixture f;
  f.SaveSome(6);
  const std::string good = CiphertextOf(f, "m4");
  std::string bad = good;
  bad[50] = static_cast<char>(bad[50] ^ 1);
  Rewrite(f, "m4", [&](v1::Message& m) { m.set_ciphertext(bad); });
  SECTION("in the first copy") {
    const SyncReport report = f.MustSync();
    CHECK(report.first_copied == 5);
    REQUIRE(report.tampering.size() == 1);
    CHECK(report.tampering[0].kind == Tampering::kUndecryptable);
    CHECK_FALSE(f.local->Find("m4")->has_value());
  }
  SECTION("in the feed") {
    Rewrite(f, "m4", [&](v1::Message& m) { m.set_ciphertext(good); });
    f.MustSync();
    Rewrite(f, "m4", [&](v1::Message& m) { m.set_ciphertext(bad); });
    const SyncReport report = f.MustSync();
    CHECK(report.changes.empty());
    REQUIRE(report.tampering.size() == 1);
    CHECK((*f.local->Find("m4"))->verified()->content == "4");
  }
  REQUIRE(f.local->Refused()->size() == 1);
  CHECK(f.local->Refused()->front().message_id == "m4");
  f.Reopen();
  CHECK(f.local->Refused()->size() == 1);
  Rewrite(f, "m4", [&](v1::Message& m) { m.set_ciphertext(good); });
  CHECK(f.MustSync().tampering.empty());
  CHECK(f.local->Refused()->empty());
  f.CheckEqual();
}

TEST_CASE("An older version of a message is tampering") {
  SyncFixture f;
  f.SaveSome(6);
  const std::string old = CiphertextOf(f, "m4");
  f.Save("t0", "m4", 101, "edited", OnConflict::kReplace);
  f.MustSync();
  const bool in_a_new_copy = GENERATE(false, true);
  Rewrite(f, "m4", [&](v1::Message& m) { m.set_ciphertext(old); });
  if (in_a_new_copy) f.server.Locked([](testing::FakeStore& store) { store.feed_tail = ++store.revision; });
  const SyncReport report = f.MustSync();
  REQUIRE(report.tampering.size() == 1);
  CHECK(report.tampering[0].kind == Tampering::kRolledBack);
  CHECK((*f.local->Find("m4"))->verified()->content == "edited");
  CHECK(CountOf(report, LocalChangeKind::kReplaced) == 0);
}

TEST_CASE("A history that ends before what was seen of it is refused") {
  SyncFixture f;
  f.SaveSome(6);
  f.MustSync();
  f.server.Locked([](testing::FakeStore& store) { store.revision -= 2; });
  const auto status = f.local->Sync().status();
  CHECK(absl::IsDataLoss(status));
  CHECK(Mentions(status, "ends before"));
}

TEST_CASE("A feed that forgot leads to a new copy: exactly the server's state, and the differences") {
  SyncFixture f;
  f.SaveSome(14);
  f.MustSync();
  f.SaveSome(5, "n");
  f.Save("t0", "m0", 100, "edited", OnConflict::kReplace);
  f.server.Locked([](testing::FakeStore& store) {
    // Deleted so long ago that no tombstone is left.
    for (const char* id : {"m5", "m6", "m7"}) store.RemoveMessage(id);
    store.feed.clear();
    store.feed_tail = ++store.revision;
  });
  SECTION("at once") {
    const SyncReport report = f.MustSync();
    CHECK(report.resynced);
    CHECK(CountOf(report, LocalChangeKind::kAdded) == 5);
    CHECK(CountOf(report, LocalChangeKind::kReplaced) == 1);
    CHECK(CountOf(report, LocalChangeKind::kVanished) == 3);
    CHECK(report.changes.size() == 9);
  }
  SECTION("with an interruption: until its end the old rows are there") {
    int batches = 0;
    CHECK_FALSE(f.local->Sync([&](const DownloadProgress&) { return ++batches < 2; }).ok());
    CHECK(f.local->Find("m5")->has_value());
    const SyncReport report = f.MustSync();
    // Also what the call that failed had applied.
    CHECK(report.changes.size() == 9);
  }
  f.CheckEqual();
  CHECK(f.MustSync().empty());
}

TEST_CASE("A download whose token the server forgot begins anew") {
  SyncFixture f;
  f.SaveSome(14);
  int batches = 0;
  CHECK_FALSE(f.local->Sync([&](const DownloadProgress&) { return ++batches < 2; }).ok());
  bool once = true;
  f.server.before = [&](const std::string& method) {
    if (method != "DownloadHistory" || !std::exchange(once, false)) return absl::OkStatus();
    return errors::PageTokenInvalid("too old");
  };
  CHECK(f.MustSync().tampering.empty());
  f.CheckEqual();
}

TEST_CASE("After a restore the product hears what the server lacks, and can save it again") {
  SyncFixture f;
  auto phone = f.Join(2);
  f.SaveSome(8);
  f.Save("t0", "edit", 7, "first version");
  testing::FakeStore backup = f.server.store;
  f.Save("t0", "edit", 7, "second version", OnConflict::kReplace);
  f.SaveSome(4, "lost");
  f.MustSync();
  f.server.Locked([&](testing::FakeStore& store) { store.Restore(backup); });
  SyncReport report = f.MustSync();
  CHECK(report.restored);
  CHECK(report.tampering.empty());
  CHECK(CountOf(report, LocalChangeKind::kVanished) == 0);
  REQUIRE(report.lacking.size() == 5);
  CHECK(std::count_if(report.lacking.begin(), report.lacking.end(),
                      [](const LackingMessage& m) { return m.older_version_there; }) == 1);
  CHECK((*f.local->Find("edit"))->verified()->content == "second version");
  CHECK(f.local->Find("lost2")->has_value());
  f.Reopen();
  report = f.MustSync();
  CHECK_FALSE(report.restored);
  CHECK(report.lacking.size() == 5);  // until somebody decides

  SECTION("save again") {
    // Another device was faster with one, and deleted another.
    REQUIRE((*phone)->history().Save({Text("t0", "lost0", 100, "0")}).ok());
    REQUIRE((*phone)->history().Save({Text("t1", "lost1", 100, "1")}).ok());
    REQUIRE((*phone)->history().Delete(std::vector<std::string>{"lost1"}).ok());
    const auto saved = f.local->SaveLacking();
    REQUIRE(saved.ok());
    CHECK(saved->saved == 3);
    CHECK(saved->existing == 1);
    CHECK(saved->deleted == 1);
    CHECK(f.MustSync().lacking.empty());
    CHECK((*f.local->Find("edit"))->verified()->content == "second version");
    f.CheckEqual();
  }
  SECTION("or forget") {
    REQUIRE(f.local->ForgetLacking().ok());
    CHECK(f.MustSync().lacking.empty());
    CHECK((*f.local->Find("edit"))->verified()->content == "first version");
    f.CheckEqual();
  }
  SECTION("and a new copy in between takes nothing of it") {
    f.server.Locked([](testing::FakeStore& store) { store.feed_tail = ++store.revision; });
    report = f.MustSync();
    CHECK(report.resynced);
    CHECK(report.tampering.empty());
    CHECK(report.lacking.size() == 5);
    REQUIRE(f.local->SaveLacking().ok());
    CHECK(f.MustSync().lacking.empty());
    f.CheckEqual();
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
