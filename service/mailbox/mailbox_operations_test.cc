// The life of a mailbox as a whole.
#include "service/mailbox/mailbox_operations.h"

#include <catch2/catch.hpp>
#include <functional>
#include <utility>

#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;
using crypto::LogEntry;
using crypto::LogEntryKind;
using storage::CommitFault;
using storage::Position;

struct Fixture {
  Fixture() : mailbox(server) {}
  TestDevice& me() { return mailbox.first(); }
  const std::string& partition() { return mailbox.partition(); }

  TestServer server;
  TestMailbox mailbox;
};

// A create request whose entry was changed by `spoil` and signed anew.
CreateMailboxRequest Spoilt(Fixture& f, const std::function<void(LogEntry&)>& spoil) {
  CreateMailboxRequest request = f.mailbox.CreateRequest(f.me());
  LogEntry entry = *crypto::DecodeLogEntry(request.log_entry.entry);
  spoil(entry);
  request.log_entry = f.mailbox.Sign(entry, f.me());
  return request;
}

TEST_CASE("a mailbox appears with its first device, epoch and log entry, in one commit") {
  Fixture f;
  const CreateMailboxRequest request = f.mailbox.CreateRequest(f.me());
  const auto created = f.server.Do(request);
  REQUIRE(created.ok());
  CHECK(created->device_id.valid());
  CHECK(created->epoch_id.valid());
  CHECK(f.server.PositionOf(f.partition()) == Position{1, 1});
  f.mailbox.CheckSound();

  const storage_v1::MailboxHead head = f.mailbox.Head();
  CHECK(head.mailbox_id() == created->mailbox_id.view());
  CHECK(head.create_ms() == kTestNowMs);
  CHECK(head.current_epoch_id() == created->epoch_id.value());
  CHECK(head.log_count() == 1);
  CHECK(head.log_head() == request.log_entry.Head().view());
  CHECK_FALSE(head.rotation_required());
  CHECK(f.mailbox.KeysOfDevice(created->device_id) == f.me().keys);
  const auto epoch = f.server.Find<storage_v1::EpochRecord>(f.partition(), keys::Epoch(0)).value();
  CHECK(epoch.opener_device_id() == created->device_id.value());
  CHECK(epoch.commitment() == "commitment 0");
  CHECK(epoch.revision() == 1);
  const auto member =
      f.server.Find<storage_v1::MemberRecord>(f.partition(), keys::Member(0, created->device_id)).value();
  CHECK(member.epoch_device_mac() == request.epoch_device_mac.view());
  const auto feed = f.server.Find<storage_v1::FeedRecord>(f.partition(), keys::Feed(1)).value();
  REQUIRE(feed.changes_size() == 2);
  CHECK(feed.changes(0).kind() == storage_v1::CHANGE_KIND_DEVICE_ADDED);
  CHECK(feed.changes(1).kind() == storage_v1::CHANGE_KIND_EPOCH_OPENED);
  for (const storage_v1::ChangeRecord& change : feed.changes()) {
    CHECK(change.by_device_id() == created->device_id.value());
  }
}

TEST_CASE("or it doesn't appear at all") {
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kFail});
  f.mailbox.MustRefuse(f.mailbox.CreateRequest(f.me()), Reason::kEngineUnavailable);
  CHECK(f.server.Rows(f.partition()).empty());
  f.mailbox.Create();
  f.mailbox.CheckSound();
}

TEST_CASE("a repeated creation gets the first answer, whatever has happened since") {
  Fixture f;
  const CreateMailboxRequest request = f.mailbox.CreateRequest(f.me());
  const auto first = f.server.Do(request);
  REQUIRE(first.ok());
  f.me().id = first->device_id;
  f.mailbox.Rotate(f.me());
  f.server.Restart();
  const auto before = f.server.Rows(f.partition());
  const auto again = f.server.Do(request);
  REQUIRE(again.ok());
  CHECK(again->mailbox_id == first->mailbox_id);
  CHECK(again->device_id == first->device_id);
  CHECK(again->epoch_id == first->epoch_id);
  CHECK(f.server.Rows(f.partition()) == before);
}

TEST_CASE("a request id stands for one request") {
  Fixture f;
  CreateMailboxRequest request = f.mailbox.CreateRequest(f.me());
  CHECK(f.server.Do(request).ok());
  request.request.hash = crypto::Sha256("another request");
  f.mailbox.MustRefuse(request, Reason::kRequestIdReused);
}

TEST_CASE("an account has one mailbox") {
  Fixture f;
  f.mailbox.Create();
  f.mailbox.MustRefuse(f.mailbox.CreateRequest(f.me()), Reason::kMailboxExists);
  TestMailbox same_account(f.server);
  f.mailbox.MustRefuse(same_account.CreateRequest(same_account.first()), Reason::kMailboxExists);
  TestMailbox other_account(f.server, "account-2");
  other_account.Create();
  CHECK(other_account.Head().mailbox_id() != f.mailbox.Head().mailbox_id());
}

TEST_CASE("of two creations at once one wins; the same one twice is one") {
  const bool same = GENERATE(true, false);
  Fixture f;
  const CreateMailboxRequest first = f.mailbox.CreateRequest(f.me());
  CreateMailboxRequest second = first;
  if (!same) second.request = f.mailbox.NewRequest();
  Pending<CreateMailboxResponse> one, two;
  f.server.WhileBusy(f.partition(), [&] {
    one = f.server.Start(first);
    two = f.server.Start(second);
  });
  REQUIRE((*one)->ok());
  if (same) {
    REQUIRE((*two)->ok());
    CHECK((**two)->device_id == (**one)->device_id);
  } else {
    CHECK(ReasonIn(**two) == Reason::kMailboxExists);
  }
  f.mailbox.CheckSound();
}

TEST_CASE("of two nodes' creations one wins, and the other learns of it") {
  Fixture f;
  QueueExecutor executor;
  Sequencer other(f.server.store(), executor, f.server.clock(), f.server.random());
  f.server.faults().ScriptCommits({CommitFault::kHoldRequest});
  auto mine = f.server.Start(f.mailbox.CreateRequest(f.me()));
  absl::StatusOr<CreateMailboxResponse> theirs = absl::InternalError("");
  other.Submit(f.partition(),
               std::make_unique<CreateMailboxOperation>(f.server.policy(), f.mailbox.CreateRequest(f.me()),
                                                        f.server.random(), [&](auto result) { theirs = result; }));
  executor.RunAll();
  CHECK(theirs.ok());
  f.server.faults().Release();
  f.server.Settle();
  CHECK(ReasonIn(**mine) == Reason::kMailboxExists);
  f.mailbox.CheckSound();
}

TEST_CASE("a creation of unknown outcome answers with what is stored") {
  const auto fault = GENERATE(CommitFault::kUnknownApplied, CommitFault::kUnknownLost);
  Fixture f;
  f.server.faults().ScriptCommits({fault});
  const auto created = f.server.Do(f.mailbox.CreateRequest(f.me()));
  REQUIRE(created.ok());
  CHECK(f.mailbox.KeysOfDevice(created->device_id) == f.me().keys);
  f.mailbox.CheckSound();
}

TEST_CASE("a creation's entry must be this account's, on this server, for this very request") {
  Fixture f;
  const auto refused = [&](const std::function<void(LogEntry&)>& spoil) {
    return DetailIn(f.mailbox.MustRefuse(Spoilt(f, spoil), Reason::kInvalidField), "field");
  };
  CHECK(refused([](LogEntry& e) { e.account_id = "account-2"; }) == "log_entry.account_id");
  CHECK(refused([](LogEntry& e) { e.server_name = "other.test"; }) == "log_entry.server_name");
  CHECK(refused([](LogEntry& e) { e.body_hash = crypto::Sha256("else"); }) == "log_entry");
  const TestDevice other = MakePhysical(f.server.random());
  CHECK(refused([&](LogEntry& e) { e.subject_epoch_storage_key = other.keys.epoch_storage_key; }) == "log_entry");
  CHECK(refused([&](LogEntry& e) { e.subject_epoch_storage_auth_key = *other.keys.epoch_storage_auth_key; }) ==
        "log_entry");

  // Another device's entry, signed by that one.
  CreateMailboxRequest request = f.mailbox.CreateRequest(f.me());
  request.log_entry = f.mailbox.CreateRequest(other).log_entry;
  f.mailbox.MustRefuse(request, Reason::kInvalidField);
  // The right entry, signed by another device; or changed after it was signed; or no entry at all.
  request = f.mailbox.CreateRequest(f.me());
  request.log_entry = f.mailbox.Sign(*crypto::DecodeLogEntry(request.log_entry.entry), other);
  CHECK(DetailIn(f.mailbox.MustRefuse(request, Reason::kInvalidField), "field") == "log_entry.signature");
  request = f.mailbox.CreateRequest(f.me());
  request.log_entry.entry.back() = static_cast<char>(request.log_entry.entry.back() ^ 1);
  f.mailbox.MustRefuse(request, Reason::kInvalidField);
  request.log_entry.entry.clear();
  f.mailbox.MustRefuse(request, Reason::kInvalidField);
  // MAC and signatures are part of the body.
  request = f.mailbox.CreateRequest(f.me());
  request.epoch_device_mac = TestMailbox::MacOf(other.keys, 0);
  f.mailbox.MustRefuse(request, Reason::kInvalidField);
  request = f.mailbox.CreateRequest(f.me());
  request.keys.sig_30 = other.keys.sig_30;
  f.mailbox.MustRefuse(request, Reason::kInvalidField);
  CHECK(f.server.Rows(f.partition()).empty());
}

TEST_CASE("an entry of another kind creates nothing") {
  Fixture f;
  const TestDevice other = MakePhysical(f.server.random());
  const auto entry = [&](LogEntryKind kind, uint64_t index) {
    CreateMailboxRequest request = f.mailbox.CreateRequest(f.me());
    LogEntry e = f.mailbox.NextEntry(kind, f.me());
    e.index = index;
    if (kind == LogEntryKind::kAddDevice) crypto::SetSubject(e, other.keys);
    request.log_entry = f.mailbox.Sign(e, f.me());
    return request;
  };
  // Only a create entry may have index 0, and where there is no log nothing else comes next.
  const auto stale = f.mailbox.MustRefuse(entry(LogEntryKind::kAddDevice, 1), Reason::kLogStale);
  CHECK(DetailIn(stale, "current_index") == "0");
  f.mailbox.MustRefuse(entry(LogEntryKind::kOpenEpoch, 1), Reason::kLogStale);
}

TEST_CASE("a damaged head is damage, neither a mailbox nor none") {
  Fixture f;
  f.mailbox.Create();
  f.server.Overwrite(f.partition(), {{keys::Head(), "\xff"}});
  f.mailbox.MustRefuse(f.mailbox.CreateRequest(f.me()), Reason::kDataDamaged);
}

TEST_CASE("a deleted mailbox leaves no row and wakes nobody") {
  Fixture f;
  f.mailbox.Create();
  f.mailbox.MustSave(f.me(), {MakeMessage("m", "t", 1, "x", kTestNowMs + 5)});
  CHECK(f.server.Do(f.mailbox.DeleteRequest(f.me())).ok());
  CHECK(f.server.Rows(f.partition()).empty());
  CHECK(f.server.PositionOf(f.partition()) == Position{2, 0});
  f.server.store().Due(kTestNowMs * 2, 10, [](const auto& due) { CHECK(due->empty()); });
}

TEST_CASE("a repeated deletion is done already, until another mailbox is made") {
  Fixture f;
  f.mailbox.Create();
  const DeleteMailboxRequest request = f.mailbox.DeleteRequest(f.me());
  CHECK(f.server.Do(request).ok());
  CHECK(f.server.Do(request).ok());
  f.server.Restart();
  CHECK(f.server.Do(request).ok());
  f.mailbox.Create();
  f.mailbox.MustRefuse(request, Reason::kMailboxNotFound);
  DeleteMailboxRequest never = request;
  never.caller.partition = f.server.policy().partition_of("nobody");
  CHECK(ReasonIn(f.server.Do(never)) == Reason::kMailboxNotFound);
}

TEST_CASE("a mailbox made anew is another incarnation: no session, cursor or request of the old one counts") {
  Fixture f;
  const CreateMailboxRequest first = f.mailbox.CreateRequest(f.me());
  f.me().id = f.server.Do(first)->device_id;
  const SaveRequest save = f.mailbox.Save(f.me(), {MakeMessage("m", "t", 1)});
  const OpenEpochRequest open = f.mailbox.OpenRequest(f.me());
  const std::string old_id = f.mailbox.Head().mailbox_id();
  CHECK(f.server.Do(f.mailbox.DeleteRequest(f.me())).ok());
  f.mailbox.MustRefuse(save, Reason::kMailboxNotFound);

  const auto again = f.server.Do(first);  // the old request's answer is gone with its mailbox
  REQUIRE(again.ok());
  CHECK(again->device_id != f.me().id);
  CHECK(again->mailbox_id.view() != old_id);
  CHECK(f.server.PositionOf(f.partition()) == Position{2, 1});
  f.mailbox.MustRefuse(save, Reason::kMailboxNotFound);
  f.mailbox.MustRefuse(open, Reason::kMailboxNotFound);
  f.mailbox.CheckSound();
}

TEST_CASE("a deletion needs the calling device's own entry, on the current log") {
  Fixture f;
  f.mailbox.Create();
  const TestDevice code = f.mailbox.AddVirtualDevice(f.me());
  const TestDevice other = f.mailbox.AddDevice(code);
  DeleteMailboxRequest stale = f.mailbox.DeleteRequest(f.me());
  f.mailbox.Rotate(f.me());
  const storage_v1::MailboxHead head = f.mailbox.Head();
  const auto refused = f.mailbox.MustRefuse(stale, Reason::kLogStale);
  CHECK(DetailIn(refused, "current_index") == std::to_string(head.log_count() - 1));
  CHECK(DetailIn(refused, "current_head") == ToHex(head.log_head()));

  DeleteMailboxRequest foreign = f.mailbox.DeleteRequest(other);
  foreign.caller = f.mailbox.CallerOf(f.me());
  f.mailbox.MustRefuse(foreign, Reason::kInvalidField);
  DeleteMailboxRequest remove = f.mailbox.DeleteRequest(f.me());
  remove.log_entry = f.mailbox.Sign(f.mailbox.RemoveEntry(other.id, f.me()), f.me());
  f.mailbox.MustRefuse(remove, Reason::kInvalidField);
  f.mailbox.MustRefuse(f.mailbox.DeleteRequest(code), Reason::kTokenInvalid);
  f.mailbox.CutOff(other.id);
  f.mailbox.MustRefuse(f.mailbox.DeleteRequest(other), Reason::kDeviceRevoked);
  CHECK(f.server.Do(f.mailbox.DeleteRequest(f.me())).ok());  // also while a rotation is required
}

TEST_CASE("a sign-in leaves its day behind, once a day, of devices of both kinds") {
  Fixture f;
  constexpr int64_t kDayMs = 24 * 3600 * 1000;
  f.mailbox.Create();
  const TestDevice code = f.mailbox.AddVirtualDevice(f.me());
  for (const TestDevice* device : {&std::as_const(f.me()), &code}) {
    const auto day = [&] {
      const auto record = f.server.Find<storage_v1::DeviceRecord>(f.partition(), keys::Device(device->id)).value();
      return record.last_seen_day_ms();
    };
    CHECK(f.server.Do(f.mailbox.CallerOf(*device)).ok());
    CHECK(day() == kTestNowMs - kTestNowMs % kDayMs);
    const Position position = f.server.PositionOf(f.partition());
    CHECK(f.server.Do(f.mailbox.CallerOf(*device)).ok());
    CHECK(f.server.PositionOf(f.partition()) == position);
    f.server.clock().Advance(kDayMs);
    CHECK(f.server.Do(f.mailbox.CallerOf(*device)).ok());
    CHECK(day() == kTestNowMs - kTestNowMs % kDayMs + kDayMs);
    f.server.clock().Advance(-kDayMs);
  }
  f.mailbox.CheckSound();
  f.mailbox.Revoke(f.me(), code.id);
  f.mailbox.MustRefuse(f.mailbox.CallerOf(code), Reason::kDeviceRevoked);
  Caller other_incarnation = f.mailbox.CallerOf(f.me());
  other_incarnation.incarnation += 1;
  f.mailbox.MustRefuse(other_incarnation, Reason::kMailboxNotFound);
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
