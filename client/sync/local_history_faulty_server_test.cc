// A server that tampers, that forgets, and one that came back from a backup.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "client/sync/sync_fixture.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

using testing::CountOf;
using testing::Mentions;
using testing::SyncFixture;
using testing::Text;

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

}  // namespace
}  // namespace labyrinth::client
