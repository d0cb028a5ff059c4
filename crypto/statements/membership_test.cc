#include "crypto/statements/membership.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "common/errors.h"
#include "crypto/primitives/seeded_random.h"
#include "crypto/statements/log_testing.h"

namespace labyrinth::crypto {
namespace {

// A laptop that created the mailbox, a phone it sponsored, and a recovery code.
struct Household {
  SeededRandom random{6};
  TestDevice laptop = MakeTestDevice(SubjectKind::kPhysical, random);
  TestDevice phone = MakeTestDevice(SubjectKind::kPhysical, random);
  TestDevice code = MakeTestDevice(SubjectKind::kVirtual, random);
  TestDevice tablet = MakeTestDevice(SubjectKind::kPhysical, random);  // not yet added
  MembershipState state{TestNames()};

  Household() {
    Extend(state, LogEntryKind::kCreate, laptop, &laptop, random);
    Extend(state, LogEntryKind::kAddDevice, laptop, &phone, random);
    Extend(state, LogEntryKind::kAddVirtualDevice, laptop, &code, random);
  }

  std::string Fault(const LogEntry& entry) {
    const absl::Status status = state.Check(entry);
    if (status.ok()) return "none";
    return ReasonOf(status) == Reason::kLogStale ? "stale" : DetailsOf(status)["field"];
  }
  // The fault of NextEntry(kind, actor, subject).
  std::string Fault(LogEntryKind kind, const TestDevice& actor, const TestDevice* subject = nullptr) {
    return Fault(NextEntry(state, kind, actor, subject));
  }
};

TEST_CASE("a log folds into its members") {
  Household h;
  Extend(h.state, LogEntryKind::kAddDevice, h.code, &h.tablet, h.random);
  Extend(h.state, LogEntryKind::kRemove, h.tablet, &h.laptop, h.random);
  Extend(h.state, LogEntryKind::kOpenEpoch, h.tablet, nullptr, h.random);

  CHECK(h.state.position().length == 6);
  CHECK(h.state.epoch_sequence() == 1);
  CHECK(h.state.ActiveMembers().size() == 3);
  const LogMember* laptop = h.state.Find(h.laptop.id());
  REQUIRE(laptop != nullptr);
  CHECK(laptop->removed_index == 4u);
  const LogMember* tablet = h.state.Find(h.tablet.id());
  REQUIRE(tablet != nullptr);
  CHECK(tablet->active());
  CHECK(tablet->sponsor == h.code.id());
  CHECK(tablet->added_index == 3);
  CHECK(tablet->epoch_storage_key == h.tablet.keys.epoch_storage_key);
  CHECK(h.state.Find(h.code.id())->kind == SubjectKind::kVirtual);
  CHECK(h.state.Find(h.code.id())->epoch_storage_auth_key.IsZero());
}

TEST_CASE("an entry continues its own log alone") {
  Household h;
  LogEntry entry = NextEntry(h.state, LogEntryKind::kOpenEpoch, h.laptop);
  CHECK(h.Fault(entry) == "none");

  LogEntry changed = entry;
  changed.index += 1;
  CHECK(h.Fault(changed) == "stale");
  changed = entry;
  changed.index -= 1;
  CHECK(h.Fault(changed) == "stale");
  changed = entry;
  changed.previous_head.data()[31] ^= 1;
  CHECK(h.Fault(changed) == "stale");
  changed = entry;
  changed.server_name = "labyrinth.evil";
  CHECK(h.Fault(changed) == "log_entry.server_name");
  changed = entry;
  changed.account_id = "account-2";
  CHECK(h.Fault(changed) == "log_entry.account_id");

  // The answer names where the log stands, so that the actor can sign again.
  changed = entry;
  changed.index = 9;
  auto details = DetailsOf(h.state.Check(changed));
  CHECK(details["current_index"] == "2");
  CHECK(details["current_head"] == ToHex(h.state.position().head.view()));
}

TEST_CASE("a log begins with create and has no second one") {
  Household h;
  MembershipState empty(TestNames());
  LogEntry add = NextEntry(empty, LogEntryKind::kAddDevice, h.laptop, &h.phone);
  CHECK_FALSE(empty.Check(add).ok());
  add.index = 1;
  CHECK(ReasonOf(empty.Check(add)) == Reason::kLogStale);
  CHECK(h.Fault(LogEntryKind::kCreate, h.tablet, &h.tablet) == "log_entry.index");
}

TEST_CASE("only an active, physical member acts, but a recovery code may sponsor a device") {
  Household h;
  CHECK(h.Fault(LogEntryKind::kAddDevice, h.tablet, &h.tablet) == "log_entry.actor");
  CHECK(h.Fault(LogEntryKind::kOpenEpoch, h.tablet) == "log_entry.actor");
  CHECK(h.Fault(LogEntryKind::kAddDevice, h.code, &h.tablet) == "none");
  CHECK(h.Fault(LogEntryKind::kRemove, h.code, &h.phone) == "log_entry.actor");
  CHECK(h.Fault(LogEntryKind::kOpenEpoch, h.code) == "log_entry.actor");
  CHECK(h.Fault(LogEntryKind::kCloseMailbox, h.code) == "log_entry.actor");
  const TestDevice second_code = MakeTestDevice(SubjectKind::kVirtual, h.random);
  CHECK(h.Fault(LogEntryKind::kAddVirtualDevice, h.code, &second_code) == "log_entry.actor");

  Extend(h.state, LogEntryKind::kRemove, h.laptop, &h.phone, h.random);
  CHECK(h.Fault(LogEntryKind::kAddDevice, h.phone, &h.tablet) == "log_entry.actor");
  CHECK(h.Fault(LogEntryKind::kOpenEpoch, h.phone) == "log_entry.actor");
  Extend(h.state, LogEntryKind::kRemove, h.laptop, &h.code, h.random);
  CHECK(h.Fault(LogEntryKind::kAddDevice, h.code, &h.tablet) == "log_entry.actor");
}

TEST_CASE("a key is added once, for ever, and removed under its own keys") {
  Household h;
  CHECK(h.Fault(LogEntryKind::kAddDevice, h.laptop, &h.phone) == "log_entry.subject_device_key");
  CHECK(h.Fault(LogEntryKind::kAddVirtualDevice, h.laptop, &h.code) == "log_entry.subject_device_key");
  CHECK(h.Fault(LogEntryKind::kRemove, h.laptop, &h.tablet) == "log_entry.subject_device_key");

  LogEntry remove = NextEntry(h.state, LogEntryKind::kRemove, h.laptop, &h.phone);
  CHECK(h.Fault(remove) == "none");
  LogEntry changed = remove;
  changed.subject_epoch_storage_key = h.tablet.keys.epoch_storage_key;
  CHECK(h.Fault(changed) == "log_entry.subject");
  changed = remove;
  changed.subject_epoch_storage_auth_key = *h.tablet.keys.epoch_storage_auth_key;
  CHECK(h.Fault(changed) == "log_entry.subject");
  changed = remove;
  changed.subject_kind = SubjectKind::kVirtual;
  changed.subject_epoch_storage_auth_key = PublicKey();
  CHECK(h.Fault(changed) == "log_entry.subject");

  Extend(h.state, LogEntryKind::kRemove, h.laptop, &h.phone, h.random);
  CHECK(h.Fault(LogEntryKind::kRemove, h.laptop, &h.phone) == "log_entry.subject_device_key");
  CHECK(h.Fault(LogEntryKind::kAddDevice, h.laptop, &h.phone) == "log_entry.subject_device_key");
}

TEST_CASE("the epoch sequence rises by one at each open and stands still elsewhere") {
  Household h;
  for (const uint32_t sequence : {0u, 2u, 3u}) {
    LogEntry open = NextEntry(h.state, LogEntryKind::kOpenEpoch, h.laptop);
    open.epoch_sequence = sequence;
    CHECK(h.Fault(open) == "log_entry.epoch_sequence");
  }
  LogEntry remove = NextEntry(h.state, LogEntryKind::kRemove, h.laptop, &h.phone);
  remove.epoch_sequence = 1;  // removes stand before the open that they travel with
  CHECK(h.Fault(remove) == "log_entry.epoch_sequence");
  Extend(h.state, LogEntryKind::kOpenEpoch, h.laptop, nullptr, h.random);
  LogEntry add = NextEntry(h.state, LogEntryKind::kAddDevice, h.laptop, &h.tablet);
  CHECK(h.Fault(add) == "none");
  add.epoch_sequence = 0;
  CHECK(h.Fault(add) == "log_entry.epoch_sequence");
}

TEST_CASE("nothing follows close") {
  Household h;
  Extend(h.state, LogEntryKind::kCloseMailbox, h.phone, nullptr, h.random);
  CHECK(h.state.closed());
  CHECK(h.Fault(LogEntryKind::kAddDevice, h.laptop, &h.tablet) == "log_entry.kind");
  CHECK(h.Fault(LogEntryKind::kCloseMailbox, h.laptop) == "log_entry.kind");
}

TEST_CASE("a device may remove itself, and acts no more") {
  Household h;
  Extend(h.state, LogEntryKind::kRemove, h.phone, &h.phone, h.random);
  CHECK(h.Fault(LogEntryKind::kOpenEpoch, h.phone) == "log_entry.actor");
}

TEST_CASE("a refused entry changes nothing: forged, replayed, garbled") {
  Household h;
  const LogPosition before = h.state.position();
  const LogEntry entry = NextEntry(h.state, LogEntryKind::kAddDevice, h.laptop, &h.tablet);

  SignedLogEntry forged = SignAs(entry, h.tablet, h.random);
  CHECK(DetailsOf(h.state.Apply(forged).status())["field"] == "log_entry.signature");
  SignedLogEntry garbled = SignAs(entry, h.laptop, h.random);
  garbled.entry.pop_back();
  CHECK_FALSE(h.state.Apply(garbled).ok());
  CHECK(h.state.position() == before);
  CHECK(h.state.Find(h.tablet.id()) == nullptr);

  const SignedLogEntry good = SignAs(entry, h.laptop, h.random);
  REQUIRE(h.state.Apply(good).ok());
  CHECK(h.state.position().head == good.Head());
  CHECK(ReasonOf(h.state.Apply(good).status()) == Reason::kLogStale);
}

TEST_CASE("the same entries under another signature make another log") {
  Household h;
  MembershipState fork = h.state;
  const LogEntry entry = NextEntry(h.state, LogEntryKind::kOpenEpoch, h.laptop);
  REQUIRE(h.state.Apply(SignAs(entry, h.laptop, h.random)).ok());
  REQUIRE(fork.Apply(SignAs(entry, h.laptop, h.random)).ok());
  CHECK(fork.position().head != h.state.position().head);
}

TEST_CASE("a state from a snapshot decides as the folded one") {
  Household h;
  Extend(h.state, LogEntryKind::kRemove, h.laptop, &h.phone, h.random);
  std::vector<LogMember> members = h.state.ActiveMembers();
  members.push_back(*h.state.Find(h.phone.id()));
  MembershipState restored(TestNames(), {h.state.position(), h.state.epoch_sequence(), h.state.closed(), members});

  for (const TestDevice* actor : {&h.laptop, &h.phone, &h.code, &h.tablet}) {
    const LogEntry add = NextEntry(h.state, LogEntryKind::kAddDevice, *actor, &h.tablet);
    CHECK(restored.Check(add) == h.state.Check(add));
    const LogEntry open = NextEntry(h.state, LogEntryKind::kOpenEpoch, *actor);
    CHECK(restored.Check(open) == h.state.Check(open));
  }
  Extend(restored, LogEntryKind::kOpenEpoch, h.laptop, nullptr, h.random);
  CHECK(restored.epoch_sequence() == 1);

  MembershipState closed(TestNames(), {h.state.position(), 0, true, members});
  CHECK_FALSE(closed.Check(NextEntry(h.state, LogEntryKind::kOpenEpoch, h.laptop)).ok());
}

TEST_CASE("sponsors lead back to the first device") {
  Household h;
  Extend(h.state, LogEntryKind::kAddDevice, h.code, &h.tablet, h.random);
  CHECK(h.state.SponsorChain(h.laptop.id())->empty());
  CHECK(*h.state.SponsorChain(h.tablet.id()) == std::vector<PublicKey>{h.code.id(), h.laptop.id()});
  const TestDevice stranger = MakeTestDevice(SubjectKind::kPhysical, h.random);
  CHECK_FALSE(h.state.SponsorChain(stranger.id()).ok());
}

TEST_CASE("a broken or circular chain in a damaged snapshot is no chain") {
  Household h;
  std::vector<LogMember> members = h.state.ActiveMembers();
  for (LogMember& member : members) {
    if (member.device_key == h.laptop.id()) member.sponsor = h.phone.id();
  }
  MembershipState circular(TestNames(), {h.state.position(), 0, false, members});
  CHECK_FALSE(circular.SponsorChain(h.phone.id()).ok());
  members.erase(
      std::remove_if(members.begin(), members.end(), [&](const LogMember& m) { return m.device_key == h.laptop.id(); }),
      members.end());
  MembershipState broken(TestNames(), {h.state.position(), 0, false, members});
  CHECK_FALSE(broken.SponsorChain(h.phone.id()).ok());
}

TEST_CASE("whom a revoked device let in is known, the opener's own line excepted") {
  Household h;
  const TestDevice rogue = MakeTestDevice(SubjectKind::kPhysical, h.random);
  const TestDevice rogues_friend = MakeTestDevice(SubjectKind::kPhysical, h.random);
  Extend(h.state, LogEntryKind::kAddDevice, h.phone, &rogue, h.random);
  Extend(h.state, LogEntryKind::kAddDevice, rogue, &rogues_friend, h.random);
  Extend(h.state, LogEntryKind::kRemove, h.laptop, &h.phone, h.random);

  const auto found = h.state.DescendantsOf(h.phone.id(), h.laptop.id());
  REQUIRE(found.size() == 2);
  for (const auto& one : found) {
    CHECK((one.device_key == rogue.id() || one.device_key == rogues_friend.id()));
    CHECK(one.direct == (one.device_key == rogue.id()));
  }

  // The phone was lost; the tablet came back by the laptop's code, and revokes the laptop.
  Extend(h.state, LogEntryKind::kAddDevice, h.code, &h.tablet, h.random);
  const TestDevice watch = MakeTestDevice(SubjectKind::kPhysical, h.random);
  Extend(h.state, LogEntryKind::kAddDevice, h.tablet, &watch, h.random);
  for (const auto& one : h.state.DescendantsOf(h.laptop.id(), h.tablet.id())) {
    CHECK(one.device_key != h.tablet.id());
    CHECK(one.device_key != watch.id());
  }
  CHECK(h.state.DescendantsOf(watch.id(), h.tablet.id()).empty());
}

}  // namespace
}  // namespace labyrinth::crypto
