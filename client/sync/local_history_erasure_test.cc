// What expired, was deleted or replaced is gone: from what the copy gives out, and from its files.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "client/sync/database.h"
#include "client/sync/key_slots.h"
#include "client/sync/sync_fixture.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::client {
namespace {

namespace fs = std::filesystem;
using testing::CountOf;
using testing::SyncFixture;
using testing::TempDir;

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

}  // namespace
}  // namespace labyrinth::client
