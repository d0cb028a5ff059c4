#include "crypto/labyrinth/one_time_run.h"

#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/labyrinth/one_time_testing.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/release_watch.h"

namespace labyrinth::crypto {
namespace {

// What a relay saw of a run that went well, and the two devices after it.
struct Finished {
  OneTimeFixture f;
  OneTimeNewDevice joining = f.NewDevice();
  OneTimeOldDevice member = f.OldDevice();
  std::string start = joining.StartPayload();
  std::string answer = *member.Answer(start);
  std::string confirm = *joining.Confirm(answer);
  bool confirmed = member.CheckConfirm(confirm).ok();
  std::string grant = *member.Grant(f.Bundle(), f.random);

  explicit Finished(uint64_t seed) : f(seed) {}
};

// Runs to the end whatever comes; what the first failing step said.
absl::Status RunBetween(OneTimeNewDevice joining, OneTimeOldDevice member, OneTimeFixture& f) {
  const auto answer = member.Answer(joining.StartPayload());
  if (!answer.ok()) return answer.status();
  const auto confirm = joining.Confirm(*answer);
  if (!confirm.ok()) return confirm.status();
  if (const absl::Status checked = member.CheckConfirm(*confirm); !checked.ok()) return checked;
  const auto grant = member.Grant(f.Bundle(), f.random);
  if (!grant.ok()) return grant.status();
  return joining.OpenGrant(*grant).status();
}

bool WrongMac(const absl::Status& status) { return status.code() == absl::StatusCode::kPermissionDenied; }
bool Malformed(const absl::Status& status) { return status.code() == absl::StatusCode::kInvalidArgument; }
bool Over(const absl::Status& status) { return status.code() == absl::StatusCode::kFailedPrecondition; }
bool Damaged(const absl::Status& status) { return ReasonOf(status) == Reason::kDataDamaged; }

TEST_CASE("one code, one run, and the new device has what it needs") {
  Finished r(1);
  OneTimeFixture& f = r.f;
  CHECK(r.confirmed);
  CHECK(r.joining.old_device() == f.self);
  for (const std::string& payload : {r.start, r.answer, r.confirm, r.grant}) {
    CHECK(payload.size() <= limits::kEnrollmentPayloadBytes);
  }
  const auto bundle = r.joining.OpenGrant(r.grant);
  REQUIRE(bundle.ok());
  CHECK(bundle->orf.bytes().RevealSecret() == f.temporary.bytes().RevealSecret());
  CHECK(bundle->mailbox_root_salt.RevealSecret() == f.salt.RevealSecret());
  CHECK(bundle->epoch.id == f.epoch.id);
  CHECK(bundle->epoch.sequence_id == f.epoch.sequence_id);
  CHECK(bundle->epoch.root_key.RevealSecret() == f.epoch.root_key.RevealSecret());
  CHECK(DecodeLogEntry(bundle->add_entry.entry)->index == f.self.log_index + 1);
}

TEST_CASE("a fresh grant follows a log or an epoch that moved") {
  Finished r(2);
  OneTimeFixture& f = r.f;
  REQUIRE(r.joining.OpenGrant(r.grant).ok());
  LogEntry later = f.AddEntry();
  later.index += 2;
  later.previous_head = *LogHead::From(f.random.Bytes(32));
  later.epoch_sequence = 1;
  f.epoch = Epoch{EpochId(5005), 1, RandomSecret(kEpochRootKeyBytes, f.random)};
  const auto grant = r.member.Grant(f.Bundle(later), f.random);
  REQUIRE(grant.ok());
  const auto bundle = r.joining.OpenGrant(*grant);
  REQUIRE(bundle.ok());
  CHECK(bundle->epoch.id == EpochId(5005));
  // The first is still genuine: which one is stale, the log says.
  CHECK(r.joining.OpenGrant(r.grant).ok());
}

TEST_CASE("a wrong code shows at the first MAC, on the side that holds the mailbox") {
  OneTimeFixture f(3);
  OneTimeNewDevice joining = f.NewDevice();
  f.code = OneTimeCode::Generate(f.random);
  OneTimeOldDevice member = f.OldDevice();
  const auto answer = member.Answer(joining.StartPayload());
  const auto confirm = joining.Confirm(*answer);
  REQUIRE(confirm.ok());
  CHECK(WrongMac(member.CheckConfirm(*confirm)));
  // The run is over: no second try at its keys, and no grant.
  CHECK(Over(member.CheckConfirm(*confirm)));
  CHECK(Over(member.Grant(f.Bundle(), f.random).status()));
}

TEST_CASE("a man in the middle who guesses wrong gets nothing from the new device either") {
  OneTimeFixture f(4);
  OneTimeNewDevice joining = f.NewDevice();
  // He enrols it into a mailbox of his own: with his keys, his log, and a guess of the code.
  OneTimeFixture his(5);
  his.inputs = f.inputs;
  his.new_secrets.public_keys = f.new_secrets.public_keys;
  OneTimeOldDevice mallory = his.OldDevice();
  const auto answer = mallory.Answer(joining.StartPayload());
  const auto confirm = joining.Confirm(*answer);
  REQUIRE(confirm.ok());
  CHECK(WrongMac(mallory.CheckConfirm(*confirm)));
  const std::string forged = std::string(MacTag::kSize, 'm') + std::string(600, 'b');
  CHECK(WrongMac(joining.OpenGrant(forged).status()));
  CHECK(Over(joining.OpenGrant(forged).status()));
}

TEST_CASE("whatever the two see differently ends the run") {
  const struct {
    const char* name;
    std::function<void(OneTimeFixture&)> change;  // of what the old device is made with
  } cases[] = {
      {"server name", [](OneTimeFixture& f) { f.inputs.server_name = "server.tesu"; }},
      {"account", [](OneTimeFixture& f) { f.inputs.account_id = "account-2"; }},
      {"a byte between the names",
       [](OneTimeFixture& f) {
         f.inputs.server_name = "server.testa";
         f.inputs.account_id = "ccount-1";
       }},
      {"enrolment", [](OneTimeFixture& f) { f.inputs.enrollment_id = *EnrollmentId::From(std::string(16, 'e')); }},
      {"attempt", [](OneTimeFixture& f) { f.inputs.attempt = 2; }},
      {"N's nonce", [](OneTimeFixture& f) { f.inputs.new_device_nonce = *OneTimeNonce::From(std::string(16, 'n')); }},
      {"O's nonce", [](OneTimeFixture& f) { f.inputs.old_device_nonce = *OneTimeNonce::From(std::string(16, 'n')); }},
      {"the nonces exchanged",
       [](OneTimeFixture& f) { std::swap(f.inputs.new_device_nonce, f.inputs.old_device_nonce); }},
      {"N's keys", [](OneTimeFixture& f) { f.new_secrets = MakeDevice(SubjectKind::kPhysical, f.random); }},
      {"N's signatures",
       [](OneTimeFixture& f) {
         f.new_secrets.public_keys =
             *SignDeviceKeys(f.new_secrets.device_key, f.new_secrets.epoch_storage_key.public_key,
                             f.new_secrets.epoch_storage_auth_key->public_key, f.random);
       }},
  };
  uint64_t seed = 100;
  for (const auto& [name, change] : cases) {
    INFO(name);
    OneTimeFixture f(++seed);
    OneTimeNewDevice joining = f.NewDevice();
    change(f);
    CHECK(WrongMac(RunBetween(std::move(joining), f.OldDevice(), f)));
  }
}

TEST_CASE("a relay that changes ADb on the way ends the run") {
  // Past the share, every byte of the answer is ADb; the epoch id's first one may stop being an id.
  for (std::size_t i = Point::kSize; i < Point::kSize + kOldDeviceDataBytes; i += 5) {
    INFO(i);
    OneTimeFixture f(200 + i);
    OneTimeNewDevice joining = f.NewDevice();
    OneTimeOldDevice member = f.OldDevice();
    const auto answer = member.Answer(joining.StartPayload());
    const auto confirm = joining.Confirm(Flipped(*answer, i));
    if (!confirm.ok()) {
      CHECK(Malformed(confirm.status()));
      continue;
    }
    CHECK(WrongMac(member.CheckConfirm(*confirm)));
  }
}

TEST_CASE("shares that are the identity or no element end the run") {
  const std::string bad[] = {std::string(32, '\0'), std::string(31, '\0') + '\x80', std::string(32, '\xff'),
                             HashToCurve("x").str().substr(1), ""};
  for (const std::string& share : bad) {
    INFO(ToHex(share));
    OneTimeFixture f(6);
    OneTimeOldDevice member = f.OldDevice();
    CHECK(Malformed(member.Answer(share).status()));
    CHECK(Over(member.Answer(HashToCurve("x").view()).status()));
    CHECK(Over(member.CheckConfirm(std::string(32, 'm'))));

    OneTimeNewDevice joining = f.NewDevice();
    CHECK(Malformed(joining.Confirm(share + EncodeOldDeviceData(f.self)).status()));
    CHECK(Over(joining.Confirm(HashToCurve("x").str() + EncodeOldDeviceData(f.self)).status()));
    CHECK(Over(joining.OpenGrant(std::string(100, 'g')).status()));
  }
  // Bit 255, which sloppier decoders ignore, of a share that is good.
  Finished r(7);
  std::string high = r.start;
  high[31] = static_cast<char>(high[31] | 0x80);
  CHECK(Malformed(r.f.OldDevice().Answer(high).status()));
}

TEST_CASE("a MAC that is sent back to its maker, or of another run, is none") {
  Finished r(8);
  OneTimeFixture& f = r.f;
  // N gets its own, O its own.
  CHECK(WrongMac(r.joining.OpenGrant(r.confirm + r.grant.substr(MacTag::kSize)).status()));
  OneTimeNewDevice joining = f.NewDevice();
  OneTimeOldDevice member = f.OldDevice();
  const auto answer = member.Answer(joining.StartPayload());
  const auto confirm = joining.Confirm(*answer);
  REQUIRE(confirm.ok());
  CHECK(*confirm != r.confirm);  // fresh scalars
  OneTimeOldDevice copy = f.OldDevice();
  (void)copy.Answer(joining.StartPayload());
  CHECK(WrongMac(copy.CheckConfirm(*confirm)));  // same code and START, another Yb
  CHECK(WrongMac(member.CheckConfirm(r.grant.substr(0, MacTag::kSize))));
  CHECK(WrongMac(joining.OpenGrant(r.grant).status()));

  OneTimeOldDevice again = f.OldDevice();
  (void)again.Answer(f.NewDevice().StartPayload());
  CHECK(Malformed(again.CheckConfirm(r.confirm + '\0')));
  CHECK(Over(again.CheckConfirm(r.confirm)));
}

TEST_CASE("a share sent back to its sender gets nobody anywhere") {
  OneTimeFixture f(9);
  OneTimeNewDevice joining = f.NewDevice();
  const auto confirm = joining.Confirm(joining.StartPayload() + EncodeOldDeviceData(f.self));
  REQUIRE(confirm.ok());
  CHECK(WrongMac(joining.OpenGrant(*confirm + std::string(600, 'b')).status()));
}

TEST_CASE("a grant that is changed, cut or too long is refused, and ends the run") {
  const Finished good(10);
  const std::size_t size = good.grant.size();
  const auto refuse = [](const std::string& grant, bool (*expected)(const absl::Status&)) {
    Finished r(10);  // the same run again
    CHECK(expected(r.joining.OpenGrant(grant).status()));
    CHECK(Over(r.joining.OpenGrant(r.grant).status()));
  };
  for (std::size_t i = 0; i < size; i += 13) {
    INFO(i);
    refuse(Flipped(good.grant, i), i < MacTag::kSize ? WrongMac : Damaged);
  }
  refuse(Flipped(good.grant, size - 1), Damaged);
  refuse(good.grant.substr(0, size - 1), Damaged);
  refuse(good.grant.substr(0, MacTag::kSize + 20), Damaged);
  refuse(good.grant.substr(0, MacTag::kSize), Malformed);
  refuse(good.grant + 'x', Damaged);
  refuse(good.grant + std::string(limits::kEnrollmentPayloadBytes, 'x'), Malformed);
  refuse("", Malformed);
}

// An old device that holds the code and lies: seals what Grant would refuse to.
absl::Status OpenLie(
    uint64_t seed, const std::function<void(OneTimeFixture&, LogEntry&)>& lie,
    const std::function<void(OneTimeBundle&)>& spoil = [](OneTimeBundle&) {}) {
  OneTimeFixture f(seed);
  OneTimeNewDevice joining = f.NewDevice();
  CpaceRun run = CpaceRun::Start(CpaceRun::Role::kResponder, f.code.digits(), OneTimeChannelId(f.inputs),
                                 OneTimeSessionId(f.inputs).view(), f.random);
  const std::string ada = *EncodeNewDeviceData(f.new_secrets.public_keys), adb = EncodeOldDeviceData(f.self);
  const auto key = run.Finish(adb, joining.StartPayload(), ada);
  const auto t = OneTimeTranscript(f.inputs, joining.StartPayload(), ada, run.share().view(), adb);
  const OneTimeKeys keys = DeriveOneTimeKeys(*key, OneTimeSessionId(f.inputs));
  const auto confirm = joining.Confirm(EncodeOneTimeAnswer(run.share(), adb));
  CHECK(VerifyNewDeviceMac(keys, t, *confirm));

  LogEntry entry = f.AddEntry();
  lie(f, entry);
  OneTimeBundle bundle = f.Bundle(entry);
  spoil(bundle);
  const auto sealed =
      EncryptPadded(keys.bundle_key, OneTimeBundleAad(t), EncodeOneTimeBundle(bundle)->RevealSecret(), f.random);
  return joining.OpenGrant(EncodeOneTimeGrant(OldDeviceMac(keys, t), *sealed)).status();
}

TEST_CASE("the new device takes no Add entry but its own, at its place") {
  CHECK(OpenLie(300, [](OneTimeFixture&, LogEntry&) {}).ok());
  const std::function<void(OneTimeFixture&, LogEntry&)> lies[] = {
      [](OneTimeFixture&, LogEntry& e) { e.server_name = "another.test"; },
      [](OneTimeFixture&, LogEntry& e) { e.account_id = "account-2"; },
      [](OneTimeFixture&, LogEntry& e) { e.index -= 1; },
      [](OneTimeFixture&, LogEntry& e) { e.previous_head = *LogHead::From(std::string(32, 'h')); },
      [](OneTimeFixture&, LogEntry& e) { e.epoch_sequence += 1; },
      [](OneTimeFixture&, LogEntry& e) { e.body_hash = Sha256("other signatures"); },
      [](OneTimeFixture& f, LogEntry& e) { SetSubject(e, f.old_secrets.public_keys); },
      [](OneTimeFixture& f, LogEntry& e) { e.subject_epoch_storage_key = KeyPair::Generate(f.random).public_key; },
      [](OneTimeFixture&, LogEntry& e) {
        e.kind = LogEntryKind::kRemove;
        e.body_hash = Sha256Digest();
      },
      [](OneTimeFixture& f, LogEntry& e) {  // signed by another, in its own name
        f.old_secrets = MakeDevice(SubjectKind::kPhysical, f.random);
        e.actor_device_key = f.old_secrets.public_keys.device_key;
      },
      // The log didn't move, and yet there is another epoch.
      [](OneTimeFixture& f, LogEntry&) { f.epoch.id = EpochId(4005); },
  };
  for (std::size_t i = 0; i < std::size(lies); ++i) {
    INFO(i);
    CHECK(Damaged(OpenLie(301 + i, lies[i])));
  }
  const auto nothing = [](OneTimeFixture&, LogEntry&) {};
  CHECK(Damaged(OpenLie(400, nothing, [](OneTimeBundle& b) { b.add_entry.signature = Signature(); })));
  CHECK(Damaged(OpenLie(401, nothing, [](OneTimeBundle& b) { b.add_entry.entry.clear(); })));
  CHECK(Damaged(OpenLie(402, nothing, [](OneTimeBundle& b) { b.add_entry.entry.push_back('\0'); })));
}

TEST_CASE("the old device grants nothing that the new one would refuse, and may try again") {
  Finished r(500);
  OneTimeFixture& f = r.f;
  LogEntry entry = f.AddEntry();
  entry.index = f.self.log_index;
  CHECK(Malformed(r.member.Grant(f.Bundle(entry), f.random).status()));
  OneTimeBundle bundle = f.Bundle();
  bundle.mailbox_root_salt = Secret(16);
  CHECK(Malformed(r.member.Grant(bundle, f.random).status()));
  CHECK(r.member.Grant(f.Bundle(), f.random).ok());
}

TEST_CASE("steps come in their order, and once") {
  OneTimeFixture f(600);
  OneTimeNewDevice joining = f.NewDevice();
  OneTimeOldDevice member = f.OldDevice();
  CHECK(Over(joining.OpenGrant(std::string(100, 'g')).status()));
  CHECK(Over(member.CheckConfirm(std::string(32, 'm'))));
  CHECK(Over(member.Grant(f.Bundle(), f.random).status()));
  // Asking too early changed nothing.
  const auto answer = member.Answer(joining.StartPayload());
  REQUIRE(answer.ok());
  CHECK(Over(member.Grant(f.Bundle(), f.random).status()));
  CHECK(Over(member.Answer(joining.StartPayload()).status()));
  const auto confirm = joining.Confirm(*answer);
  REQUIRE(confirm.ok());
  CHECK(Over(joining.Confirm(*answer).status()));
  REQUIRE(member.CheckConfirm(*confirm).ok());
  CHECK(Over(member.CheckConfirm(*confirm)));
  CHECK(joining.OpenGrant(*member.Grant(f.Bundle(), f.random)).ok());
}

TEST_CASE("a run begins with inputs that make sense") {
  OneTimeFixture f(700);
  const auto both = [&f] {
    const auto n = OneTimeNewDevice::Create(f.code, f.inputs, f.new_secrets.public_keys, f.random).status();
    const auto o = OneTimeOldDevice::Create(f.code, f.inputs, f.new_secrets.public_keys, f.self, f.random).status();
    return Malformed(n) && Malformed(o);
  };
  const OneTimeRunInputs good = f.inputs;
  for (const uint32_t attempt : {0u, limits::kEnrollmentRuns + 1, 257u}) {
    f.inputs.attempt = attempt;
    CHECK(both());
  }
  f.inputs = good;
  f.inputs.server_name.clear();
  CHECK(both());
  f.inputs = good;
  f.inputs.account_id.clear();
  CHECK(both());
  f.inputs.account_id.assign(limits::kAccountIdBytes + 1, 'a');
  CHECK(both());
  f.inputs = good;

  const auto old_device = [&f](const DevicePublicKeys& keys, const OldDeviceData& self) {
    return OneTimeOldDevice::Create(f.code, f.inputs, keys, self, f.random).status();
  };
  // The server hands out keys that their device didn't sign, or a virtual device's.
  DevicePublicKeys forged = f.new_secrets.public_keys;
  forged.epoch_storage_key = KeyPair::Generate(f.random).public_key;
  CHECK(Malformed(old_device(forged, f.self)));
  CHECK(Malformed(old_device(MakeDevice(SubjectKind::kVirtual, f.random).public_keys, f.self)));
  OldDeviceData nobody = f.self;
  nobody.epoch_id = EpochId(0);
  CHECK(Malformed(old_device(f.new_secrets.public_keys, nobody)));
}

TEST_CASE("what a run releases doesn't hold the epoch's key") {
  Finished r(800);
  ReleaseWatch watch(r.f.epoch.root_key.RevealSecret().substr(4, 20));
  {
    const auto bundle = r.f.Bundle();
    const auto grant = r.member.Grant(bundle, r.f.random);
    (void)r.joining.OpenGrant(*grant);
  }
  CHECK(watch.released() > 0);
  CHECK(watch.released_with_marker() == 0);
}

}  // namespace
}  // namespace labyrinth::crypto
