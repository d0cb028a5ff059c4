#include "crypto/labyrinth/epoch_open.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/labyrinth/epoch_testing.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

struct Mailbox {
  SeededRandom random{21};
  DeviceSecrets laptop = MakeDevice(SubjectKind::kPhysical, random);
  DeviceSecrets phone = MakeDevice(SubjectKind::kPhysical, random);
  DeviceSecrets code = MakeDevice(SubjectKind::kVirtual, random);
  Epoch first = MakeFirstEpoch(7182818284590452, random);

  std::vector<EpochCandidate> Candidates() const {
    return {CandidateIn(first, laptop), CandidateIn(first, phone), CandidateIn(first, code)};
  }
};

TEST_CASE("the first epoch is random and unnamed") {
  SeededRandom random(22);
  const Epoch one = CreateFirstEpoch(random);
  const Epoch two = CreateFirstEpoch(random);
  CHECK_FALSE(one.id.valid());
  CHECK(one.sequence_id == 0);
  CHECK(one.root_key.size() == kEpochRootKeyBytes);
  CHECK(one.root_key.RevealSecret() != two.root_key.RevealSecret());
}

TEST_CASE("an opener encrypts to every rightful member, itself included") {
  Mailbox m;
  const auto opened = OpenEpoch(m.first, m.laptop, m.Candidates(), m.random);
  REQUIRE(opened.ok());
  CHECK(opened->sequence_id == 1);
  CHECK(opened->refused.empty());
  REQUIRE(opened->members.size() == 3);
  CHECK(std::is_sorted(opened->members.begin(), opened->members.end(),
                       [](const auto& a, const auto& b) { return a.device_key < b.device_key; }));
  for (const DeviceSecrets* device : {&m.laptop, &m.phone, &m.code}) {
    const EpochMemberBody* member = MemberOf(*opened, *device);
    REQUIRE(member != nullptr);
    CHECK(VerifyEpochDeviceMac(opened->Named(EpochId(1)), member->device_key, member->epoch_device_mac));
    CHECK(member->encrypted_entropy.size() <= limits::kEncryptedEntropyBytes);
  }
  CHECK(opened->encrypted_previous_sequence.size() <= limits::kEncryptedPreviousBytes);
  CHECK(opened->encrypted_previous_root_key.size() <= limits::kEncryptedPreviousBytes);

  // The stored entropy and the previous epoch yield the root key again.
  const Secret again = DeriveEpochRootKey(opened->entropy, DeriveEpochChainingKeys(m.first).chaining_key);
  CHECK(again.RevealSecret() == opened->root_key.RevealSecret());
}

TEST_CASE("the order of the candidates changes nothing but the randomness drawn is replayed") {
  Mailbox m;
  auto reversed = m.Candidates();
  std::reverse(reversed.begin(), reversed.end());
  SeededRandom one(23), two(23);
  const auto a = OpenEpoch(m.first, m.laptop, m.Candidates(), one);
  const auto b = OpenEpoch(m.first, m.laptop, reversed, two);
  REQUIRE(a.ok());
  REQUIRE(b.ok());
  for (std::size_t i = 0; i < a->members.size(); ++i) {
    CHECK(a->members[i].encrypted_entropy == b->members[i].encrypted_entropy);
  }
}

TEST_CASE("nothing is encrypted to a candidate that doesn't hold, and it is reported") {
  Mailbox m;
  const Epoch foreign = MakeFirstEpoch(7182818284590452, m.random);
  struct Case {
    CandidateFault fault;
    std::function<void(EpochCandidate&)> change;
  };
  const Case cases[] = {
      {CandidateFault::kPreviousMacInvalid, [](EpochCandidate& c) { c.previous_mac.data()[0] ^= 1; }},
      {CandidateFault::kPreviousMacInvalid,
       [&](EpochCandidate& c) { c.previous_mac = EpochDeviceMac(foreign, c.keys.device_key); }},
      // Another member's MAC.
      {CandidateFault::kPreviousMacInvalid,
       [&](EpochCandidate& c) { c.previous_mac = CandidateIn(m.first, m.laptop).previous_mac; }},
      {CandidateFault::kKeysInvalid, [](EpochCandidate& c) { c.keys.sig_30.data()[5] ^= 1; }},
      // The server's own storage key under a rightful device key.
      {CandidateFault::kKeysInvalid,
       [&](EpochCandidate& c) { c.keys.epoch_storage_key = KeyPair::Generate(m.random).public_key; }},
      {CandidateFault::kKeysInvalid, [](EpochCandidate& c) { c.keys.sig_31->data()[5] ^= 1; }},
  };
  for (const Case& one : cases) {
    auto candidates = m.Candidates();
    one.change(candidates[1]);
    const auto opened = OpenEpoch(m.first, m.laptop, candidates, m.random);
    REQUIRE(opened.ok());
    CHECK(opened->members.size() == 2);
    CHECK(MemberOf(*opened, m.phone) == nullptr);
    REQUIRE(opened->refused.size() == 1);
    CHECK(opened->refused[0].device_key == m.phone.public_keys.device_key);
    CHECK(opened->refused[0].fault == one.fault);
    CHECK_FALSE(CandidateFaultText(one.fault).empty());
  }
}

TEST_CASE("an epoch isn't opened from a wrong position") {
  Mailbox m;
  const auto code_of = [&](const Epoch& previous, const DeviceSecrets& opener,
                           const std::vector<EpochCandidate>& candidates) {
    return OpenEpoch(previous, opener, candidates, m.random).status().code();
  };
  Epoch unnamed = m.first.Clone();
  unnamed.id = EpochId();
  CHECK(code_of(unnamed, m.laptop, m.Candidates()) == absl::StatusCode::kInvalidArgument);
  Epoch short_key = m.first.Clone();
  short_key.root_key = Secret(31);
  CHECK(code_of(short_key, m.laptop, m.Candidates()) == absl::StatusCode::kInvalidArgument);
  Epoch last = m.first.Clone();
  last.sequence_id = limits::kEpochSequence;
  CHECK(code_of(last, m.laptop, m.Candidates()) == absl::StatusCode::kInvalidArgument);
  CHECK(code_of(m.first, m.code, m.Candidates()) == absl::StatusCode::kInvalidArgument);

  auto without_opener = m.Candidates();
  without_opener.erase(without_opener.begin());
  CHECK(code_of(m.first, m.laptop, without_opener) == absl::StatusCode::kInvalidArgument);
  auto twice = m.Candidates();
  twice.push_back(twice[1]);
  CHECK(code_of(m.first, m.laptop, twice) == absl::StatusCode::kInvalidArgument);

  // The server means another epoch, or lists the opener with other keys.
  Epoch other = m.first.Clone();
  other.sequence_id = 1;
  CHECK(code_of(other, m.laptop, m.Candidates()) == absl::StatusCode::kDataLoss);
  auto changed = m.Candidates();
  changed[0].keys.epoch_storage_key = m.phone.public_keys.epoch_storage_key;
  CHECK(code_of(m.first, m.laptop, changed) == absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace labyrinth::crypto
