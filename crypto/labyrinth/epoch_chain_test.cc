#include "crypto/labyrinth/epoch_chain.h"

#include <catch2/catch.hpp>
#include <functional>

#include "common/errors.h"
#include "crypto/labyrinth/epoch_testing.h"
#include "crypto/labyrinth/hpke.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/seeded_random.h"
#include "crypto/statements/domains.h"

namespace labyrinth::crypto {
namespace {

// The laptop opens the second epoch for itself, the phone and a recovery code.
struct TwoEpochs {
  SeededRandom random{31};
  DeviceSecrets laptop = MakeDevice(SubjectKind::kPhysical, random);
  DeviceSecrets phone = MakeDevice(SubjectKind::kPhysical, random);
  DeviceSecrets code = MakeDevice(SubjectKind::kVirtual, random);
  Epoch first = MakeFirstEpoch(1001, random);
  OpenedEpoch opened =
      *OpenEpoch(first, laptop,
                 std::vector{CandidateIn(first, laptop), CandidateIn(first, phone), CandidateIn(first, code)}, random);
  Epoch second = opened.Named(EpochId(2002));

  EpochRecord Record(const DeviceSecrets& receiver) const {
    return RecordFor(first, laptop, opened, second.id, receiver);
  }
  // Encrypts under the second epoch's storage key, as a dishonest member could.
  std::string Metadata(std::string_view plaintext) {
    return *EncryptPadded(EpochDataStorageKey(second.root_key, 1), domains::kEpochMetadata, plaintext, random);
  }
};

std::string FaultOf(const absl::Status& status) {
  CHECK(ReasonOf(status) == Reason::kDataDamaged);
  return std::string(status.message());
}

TEST_CASE("every member reaches the next epoch, and only with its own key") {
  TwoEpochs e;
  for (const DeviceSecrets* device : {&e.laptop, &e.phone, &e.code}) {
    const auto reached = DecryptForward(e.first, device->epoch_storage_key, e.Record(*device));
    REQUIRE(reached.ok());
    CHECK(reached->id == e.second.id);
    CHECK(reached->sequence_id == 1);
    CHECK(reached->root_key.RevealSecret() == e.second.root_key.RevealSecret());
  }
  CHECK_THAT(FaultOf(DecryptForward(e.first, e.phone.epoch_storage_key, e.Record(e.laptop)).status()),
             Catch::Contains("entropy"));
}

TEST_CASE("a removed device can't reach the next epoch by what it knows") {
  TwoEpochs e;
  const auto third = OpenEpoch(e.second, e.laptop,
                               std::vector{CandidateIn(e.second, e.laptop), CandidateIn(e.second, e.code)}, e.random);
  REQUIRE(third.ok());
  CHECK(MemberOf(*third, e.phone) == nullptr);
  for (const EpochMemberBody& member : third->members) {
    const EpochRecord record{EpochId(3003), 2, e.laptop.public_keys,
                             EpochDeviceMac(e.second, e.laptop.public_keys.device_key), member.encrypted_entropy};
    CHECK_FALSE(DecryptForward(e.second, e.phone.epoch_storage_key, record).ok());
  }
}

TEST_CASE("a receiver checks the opener before it decrypts") {
  TwoEpochs e;
  const DeviceSecrets stranger = MakeDevice(SubjectKind::kPhysical, e.random);
  struct Case {
    std::string fault;
    std::function<void(EpochRecord&)> change;
  };
  const Case cases[] = {
      {"sequence", [](EpochRecord& r) { r.sequence_id = 2; }},
      {"sequence", [](EpochRecord& r) { r.sequence_id = 0; }},
      {"signatures", [](EpochRecord& r) { r.opener.sig_31->data()[0] ^= 1; }},
      {"signatures",
       [&](EpochRecord& r) { r.opener.epoch_storage_auth_key = stranger.public_keys.epoch_storage_auth_key; }},
      {"MAC", [](EpochRecord& r) { r.opener_previous_mac.data()[0] ^= 1; }},
      // A stranger that never was in the previous epoch.
      {"MAC", [&](EpochRecord& r) { r.opener = stranger.public_keys; }},
      {"MAC",
       [&](EpochRecord& r) { r.opener_previous_mac = EpochDeviceMac(e.second, e.laptop.public_keys.device_key); }},
      // Another rightful member in the opener's place: the sender's key authenticates the entropy.
      {"entropy",
       [&](EpochRecord& r) {
         r.opener = e.phone.public_keys;
         r.opener_previous_mac = EpochDeviceMac(e.first, e.phone.public_keys.device_key);
       }},
      {"entropy", [](EpochRecord& r) { r.encrypted_entropy.remove_suffix(1); }},
      {"entropy", [](EpochRecord& r) { r.encrypted_entropy = {}; }},
  };
  for (const Case& one : cases) {
    EpochRecord record = e.Record(e.phone);
    one.change(record);
    CHECK_THAT(FaultOf(DecryptForward(e.first, e.phone.epoch_storage_key, record).status()),
               Catch::Contains(one.fault));
  }

  EpochRecord by_code = e.Record(e.phone);
  by_code.opener = e.code.public_keys;
  CHECK_FALSE(DecryptForward(e.first, e.phone.epoch_storage_key, by_code).ok());
  EpochRecord unnamed = e.Record(e.phone);
  unnamed.id = EpochId();
  CHECK_FALSE(DecryptForward(e.first, e.phone.epoch_storage_key, unnamed).ok());

  // The server names the previous epoch otherwise than the opener knew it.
  Epoch renamed = e.first.Clone();
  renamed.id = EpochId(1002);
  CHECK_THAT(FaultOf(DecryptForward(renamed, e.phone.epoch_storage_key, e.Record(e.phone)).status()),
             Catch::Contains("entropy"));
}

TEST_CASE("an entropy of another length is refused") {
  TwoEpochs e;
  // Only a dishonest opener can make one: encrypted rightly, 31 bytes long.
  const EpochChainingKeys chaining = DeriveEpochChainingKeys(e.first);
  const auto entropy = PkEncrypt(e.phone.public_keys.epoch_storage_key, *e.laptop.epoch_storage_auth_key,
                                 chaining.distribution_psk, "epoch__1", std::string(31, 'e'), e.random);
  REQUIRE(entropy.ok());
  EpochRecord record = e.Record(e.phone);
  record.encrypted_entropy = *entropy;
  CHECK_THAT(FaultOf(DecryptForward(e.first, e.phone.epoch_storage_key, record).status()), Catch::Contains("entropy"));
}

TEST_CASE("backward, a member reaches the previous epoch") {
  TwoEpochs e;
  const auto reached =
      DecryptBackward(e.second, e.first.id, e.opened.encrypted_previous_sequence, e.opened.encrypted_previous_root_key);
  REQUIRE(reached.ok());
  CHECK(reached->id == e.first.id);
  CHECK(reached->sequence_id == 0);
  CHECK(reached->root_key.RevealSecret() == e.first.root_key.RevealSecret());
  CHECK_FALSE(DecryptBackward(e.first, EpochId(1), "", "").ok());
  CHECK_FALSE(
      DecryptBackward(e.second, EpochId(), e.opened.encrypted_previous_sequence, e.opened.encrypted_previous_root_key)
          .ok());
}

TEST_CASE("a chain of epochs is walked in both directions") {
  SeededRandom random(32);
  const DeviceSecrets laptop = MakeDevice(SubjectKind::kPhysical, random);
  const DeviceSecrets phone = MakeDevice(SubjectKind::kPhysical, random);
  std::vector<Epoch> epochs;
  std::vector<OpenedEpoch> opened;
  epochs.push_back(MakeFirstEpoch(1, random));
  constexpr uint64_t kEpochs = 12;  // two-digit sequence ids among them
  for (uint64_t i = 1; i < kEpochs; ++i) {
    const Epoch& previous = epochs.back();
    const DeviceSecrets& opener = i % 2 == 0 ? laptop : phone;
    opened.push_back(
        *OpenEpoch(previous, opener, std::vector{CandidateIn(previous, laptop), CandidateIn(previous, phone)}, random));
    epochs.push_back(opened.back().Named(EpochId(i + 1)));
  }

  Epoch at = epochs.front().Clone();
  for (uint64_t i = 1; i < kEpochs; ++i) {
    const DeviceSecrets& opener = i % 2 == 0 ? laptop : phone;
    auto next = DecryptForward(at, phone.epoch_storage_key, RecordFor(at, opener, opened[i - 1], epochs[i].id, phone));
    REQUIRE(next.ok());
    at = *std::move(next);
    CHECK(at.root_key.RevealSecret() == epochs[i].root_key.RevealSecret());
  }
  for (uint64_t i = kEpochs - 1; i > 0; --i) {
    auto previous = DecryptBackward(at, epochs[i - 1].id, opened[i - 1].encrypted_previous_sequence,
                                    opened[i - 1].encrypted_previous_root_key);
    REQUIRE(previous.ok());
    at = *std::move(previous);
    CHECK(at.root_key.RevealSecret() == epochs[i - 1].root_key.RevealSecret());
  }
}

TEST_CASE("the two previous values aren't taken for each other") {
  TwoEpochs e;
  const std::string& sequence = e.opened.encrypted_previous_sequence;
  const std::string& root = e.opened.encrypted_previous_root_key;
  const auto fault = [&](std::string_view a, std::string_view b) {
    return FaultOf(DecryptBackward(e.second, e.first.id, a, b).status());
  };
  // The previous "sequence" is really a root key; the "root key" really a sequence.
  CHECK_THAT(fault(root, root), Catch::Contains("sequence"));
  CHECK_THAT(fault(sequence, sequence), Catch::Contains("root key"));
  CHECK_THAT(fault(root, sequence), Catch::Contains("sequence"));
  for (const std::string_view text : {"1", "2", "00", "-1", "0 ", "", "MA==", "100000000000"}) {
    INFO(text);
    CHECK_THAT(fault(e.Metadata(text), root), Catch::Contains("sequence"));
  }
  CHECK_THAT(fault(sequence, e.Metadata(std::string(31, 'k'))), Catch::Contains("root key"));
  CHECK_THAT(fault(sequence, e.Metadata(std::string(33, 'k'))), Catch::Contains("root key"));
  CHECK_THAT(fault("", root), Catch::Contains("sequence"));
  CHECK_THAT(fault(sequence, ""), Catch::Contains("root key"));
}

}  // namespace
}  // namespace labyrinth::crypto
