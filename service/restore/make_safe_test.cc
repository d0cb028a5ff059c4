// A store that comes back from a backup takes nobody back. The "backup" is the same seeded story, told up to a moment.
#include "service/restore/make_safe.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/executor.h"
#include "crypto/primitives/seeded_random.h"
#include "service/auth/server_keys.h"
#include "service/journal/journal_start.h"
#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::restore {
namespace {

namespace keys = storage::keys;
using journal::JournalContent;
using journal::JournalEntry;
using mailbox::Revocation;
using mailbox::testing::MakeMessage;
using mailbox::testing::MakePhysical;
using mailbox::testing::MakeVirtual;
using mailbox::testing::ReasonIn;
using mailbox::testing::TestDevice;
using mailbox::testing::TestMailbox;
using mailbox::testing::TestServer;
using service::ServerKeys;

const service::ServerIdentity kServer{.server_name = "labyrinth.test", .development = true};

// Collects what a journal would.
class Collected final : public mailbox::RevocationJournal {
 public:
  absl::StatusOr<uint64_t> Append(const Revocation& revocation) override {
    JournalEntry entry{.number = content.entries.size() + 1, .kind = JournalEntry::Kind::kRevoke, .generation = 1};
    if (revocation.devices.empty()) entry.kind = JournalEntry::Kind::kDelete;
    entry.revocation = revocation;
    content.entries.push_back(entry);
    return entry.number;
  }
  void Void(uint64_t) override {}
  JournalContent content;
};

// One timeline: a mailbox of `me`, a code and `other`, up to the backup.
struct Story {
  Story() : mailbox(server), code(MakeVirtual(server.random())), other(MakePhysical(server.random())) {
    REQUIRE(ServerKeys::LoadOrCreate(server.store(), server.random(), kServer).ok());
    mailbox.Create();
    code = mailbox.AddVirtualDevice(me());
    other = mailbox.AddDevice(code);
    mailbox.MustSave(other, {MakeMessage("m1", "t", 1)});
    server.RestartWithJournal(&collected);
  }
  TestDevice& me() { return mailbox.first(); }
  // What the store becomes, if this timeline is its backup.
  SafeStore Restore(std::optional<JournalContent> journal) {
    ThreadPool workers(2);
    crypto::SeededRandom random(restores++);  // no two draw the same salt
    auto safe = MakeSafe(server.store(), workers, server.clock(), random, {.journal = std::move(journal)});
    INFO(safe.status().ToString());
    REQUIRE(safe.ok());
    return *safe;
  }
  bool Has(const std::string& key) { return server.RowAt(mailbox.partition(), key).has_value(); }

  uint64_t restores = 100;
  Collected collected;
  TestServer server;
  TestMailbox mailbox;
  TestDevice code, other;
};

mailbox::RegisterDeviceRequest CopyOf(const mailbox::RegisterDeviceRequest& request) {
  return {.partition = request.partition,
          .request = request.request,
          .sponsor = std::get<VirtualDeviceId>(request.sponsor),
          .keys = request.keys,
          .evolve_token = request.evolve_token.Clone(),
          .epoch_id = request.epoch_id,
          .epoch_device_mac = request.epoch_device_mac,
          .log_entry = request.log_entry,
          .sealed_label = request.sealed_label};
}

void Bind(Story& story, const JournalContent& content) {
  story.server.Overwrite(std::string(ServerKeys::kPartition), {{"journal", content.id.str()}});
}

TEST_CASE("a device that was removed after the backup is removed again, with all that goes with it") {
  Story lost, backup;
  REQUIRE(lost.other.id == backup.other.id);  // the same story
  const int way = GENERATE(0, 1, 2);
  if (way == 0) lost.mailbox.Revoke(lost.me(), lost.other.id);
  if (way == 1) lost.mailbox.CutOff(lost.other.id);
  if (way == 2) lost.mailbox.Rotate(lost.me(), {lost.other.id, lost.code.id});
  Bind(backup, lost.collected.content);
  const SafeStore safe = backup.Restore(lost.collected.content);
  CHECK(safe.mailboxes == 1);
  CHECK(safe.revoked_devices == (way == 2 ? 2 : 1));
  CHECK_FALSE(backup.Has(keys::OrfServer(backup.other.id)));
  if (way == 2) CHECK_FALSE(backup.Has(keys::VirtualDevice(backup.code.virtual_device_id)));
  CHECK(backup.mailbox.Head().rotation_required());
  backup.mailbox.CheckSound();
  backup.mailbox.MustRefuse(backup.mailbox.Save(backup.other, {MakeMessage("m2", "t", 2)}), Reason::kDeviceRevoked);
  backup.mailbox.MustRefuse(backup.mailbox.Save(backup.me(), {MakeMessage("m2", "t", 2)}), Reason::kRotationRequired);
  // The next rotation signs for it, and all goes on.
  backup.mailbox.Rotate(backup.me());
  backup.mailbox.MustSave(backup.me(), {MakeMessage("m2", "t", 2)});
  backup.mailbox.CheckSound();
}

TEST_CASE("without a removal too, every mailbox has to rotate, and again is the same as once") {
  Story backup;
  std::vector<std::unique_ptr<TestMailbox>> more;
  for (int i = 0; i < 300; ++i) {  // more than a page
    more.push_back(std::make_unique<TestMailbox>(backup.server, "account-" + std::to_string(1000 + i)));
    more.back()->Create();
  }
  const JournalContent empty;
  Bind(backup, empty);
  CHECK(backup.Restore(empty).mailboxes == 301);
  for (const auto& mailbox : more) REQUIRE(mailbox->Head().rotation_required());
  const SafeStore again = backup.Restore(empty);
  CHECK(again.revoked_devices == 0);
  CHECK(backup.mailbox.Head().rotation_required());
  backup.mailbox.CheckSound();
}

TEST_CASE("a device that joined and was removed after the backup can't join again by its old entry") {
  Story lost, backup;
  TestDevice thief = MakePhysical(lost.server.random());
  const auto request = lost.mailbox.RegisterRequest(lost.code, thief);
  const auto joined = lost.server.Do(CopyOf(request));
  REQUIRE(joined.ok());
  lost.mailbox.CutOff(joined->device_id);
  Bind(backup, lost.collected.content);
  const bool replayed = GENERATE(true, false);
  const SafeStore safe = backup.Restore(replayed ? lost.collected.content : JournalContent());
  CHECK(safe.barred_keys == (replayed ? 1 : 0));
  backup.mailbox.CheckSound();
  // The log stands where it stood when the thief joined, and the request is word for word the one that was accepted.
  const auto again = backup.server.Do(CopyOf(request));
  if (replayed) {
    CHECK(ReasonIn(again) == Reason::kDeviceRevoked);
  } else {
    CHECK(again.ok());  // control: that is what the bar prevents
  }
  TestDevice honest = MakePhysical(backup.server.random());
  if (replayed) CHECK(backup.server.Do(backup.mailbox.RegisterRequest(backup.code, honest)).ok());
}

TEST_CASE("a mailbox that was deleted after the backup is deleted again; one made anew stays") {
  Story lost, backup;
  REQUIRE(lost.server.Do(lost.mailbox.DeleteRequest(lost.me())).ok());
  Bind(backup, lost.collected.content);
  JournalContent another = lost.collected.content;
  another.entries[0].revocation.mailbox_id = std::string(16, 'x');
  CHECK(backup.Restore(another).deleted_mailboxes == 0);
  CHECK(backup.mailbox.Head().rotation_required());
  CHECK(backup.Restore(lost.collected.content).deleted_mailboxes == 1);
  CHECK(backup.server.Rows(backup.mailbox.partition()).empty());
}

TEST_CASE("the generation rises above all that are known, and what was sealed before opens nothing") {
  Story backup;
  const auto load = [&] { return *ServerKeys::LoadOrCreate(backup.server.store(), backup.server.random(), kServer); };
  const ServerKeys before = load();
  JournalContent content;
  content.entries.push_back({.number = 1, .kind = JournalEntry::Kind::kChecked, .generation = 5'000'000'000'000});
  Bind(backup, content);
  CHECK(backup.Restore(content).generation == 5'000'000'000'001);
  const ServerKeys after = load();
  CHECK(after.generation() == 5'000'000'000'001);
  CHECK(backup.Restore(std::nullopt).generation == 5'000'000'000'002);
  const ServerKeys again = load();
  for (const ServerKeys* restored : {&again, &after}) {
    const ServerKeys& keys = *restored;
    CHECK(keys.AccountPartition("a") == before.AccountPartition("a"));
    CHECK(keys.pseudonym().RevealSecret() == before.pseudonym().RevealSecret());
    CHECK(keys.session().key.RevealSecret() != before.session().key.RevealSecret());
    CHECK(keys.challenge().key.RevealSecret() != before.challenge().key.RevealSecret());
    CHECK(keys.page_token().RevealSecret() != before.page_token().RevealSecret());
    CHECK(keys.ticket().RevealSecret() != before.ticket().RevealSecret());
  }
  CHECK(again.session().key.RevealSecret() != after.session().key.RevealSecret());  // two restores of one backup
  // Without anything to go by, the clock.
  Story other;
  CHECK(other.Restore(std::nullopt).generation == static_cast<uint64_t>(other.server.now_ms()));
}

TEST_CASE("another store's journal is refused, and without one the store begins a new one") {
  Story backup;
  JournalContent content;
  content.id = *journal::JournalId::From(std::string(16, 'j'));
  Bind(backup, content);
  ThreadPool workers(1);
  crypto::SeededRandom random(1);
  const JournalContent foreign;
  const auto refused = MakeSafe(backup.server.store(), workers, backup.server.clock(), random, {.journal = foreign});
  CHECK(absl::IsFailedPrecondition(refused.status()));
  CHECK_FALSE(backup.mailbox.Head().rotation_required());
  backup.Restore(std::nullopt);
  CHECK_FALSE(backup.server.RowAt(std::string(ServerKeys::kPartition), "journal").has_value());
}

}  // namespace
}  // namespace labyrinth::restore
