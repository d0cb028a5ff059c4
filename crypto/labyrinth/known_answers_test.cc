// The client's half against the shared known answers, with the fixed randomness drawn through the seam in the order
// that the headers state.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "crypto/labyrinth/device_secrets.h"
#include "crypto/labyrinth/epoch_chain.h"
#include "crypto/labyrinth/epoch_open.h"
#include "crypto/labyrinth/message.h"
#include "crypto/labyrinth/recovery_code.h"
#include "crypto/labyrinth/virtual_device.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/seeded_random.h"
#include "crypto/statements/epoch_sequence.h"

namespace labyrinth::crypto {
namespace {

using nlohmann::json;

const json& Answers() {
  static const json answers = [] {
    std::ifstream file("tests/vectors/labyrinth-v1.json");
    REQUIRE(file);
    return json::parse(file);
  }();
  return answers;
}

std::string Bytes(const json& hex) { return *FromHex(hex.get<std::string>()); }
Secret Hidden(const json& hex) { return Secret::TakeAndWipe(Bytes(hex)); }
std::string Hex(const Secret& secret) { return ToHex(secret.RevealSecret()); }

DevicePublicKeys KeysOf(const json& device, const json& sig_30, const json* sig_31) {
  DevicePublicKeys keys;
  keys.device_key = *PublicKey::From(Bytes(device["deviceKey"]["pub"]));
  keys.epoch_storage_key = *PublicKey::From(Bytes(device["epochStorageKey"]["pub"]));
  keys.sig_30 = *Signature::From(Bytes(sig_30["signature"]));
  if (sig_31 != nullptr) {
    keys.epoch_storage_auth_key = PublicKey::From(Bytes(device["epochStorageAuthKey"]["pub"]));
    keys.sig_31 = Signature::From(Bytes((*sig_31)["signature"]));
  }
  return keys;
}

OrfClientState AnyOrf() {
  SeededRandom random(91);
  return OrfClientState::Generate(random);
}

DeviceSecrets Physical() {
  const json& devices = Answers()["devices"];
  const json& device = devices["device"];
  auto secrets =
      DeviceSecrets::FromParts(Hidden(device["deviceKey"]["priv"]), Hidden(device["epochStorageKey"]["priv"]),
                               Hidden(device["epochStorageAuthKey"]["priv"]), AnyOrf(),
                               KeysOf(device, devices["epochStorageKeySig"], &devices["epochStorageAuthKeySig"]));
  REQUIRE(secrets.ok());
  return *std::move(secrets);
}

DeviceSecrets Virtual() {
  const json& devices = Answers()["devices"];
  const json& device = devices["virtual_device"];
  auto secrets =
      DeviceSecrets::FromParts(Hidden(device["deviceKey"]["priv"]), Hidden(device["epochStorageKey"]["priv"]),
                               std::nullopt, AnyOrf(), KeysOf(device, devices["vdevice_epochStorageKeySig"], nullptr));
  REQUIRE(secrets.ok());
  return *std::move(secrets);
}

Epoch EpochOf(const json& epoch) {
  return {EpochId(std::stoull(epoch["epoch_id"].get<std::string>())),
          std::stoull(epoch["sequence_id"].get<std::string>()), Hidden(epoch["root_key"])};
}

TEST_CASE("known answers: a device's signatures") {
  const json& devices = Answers()["devices"];
  const DeviceSecrets device = Physical();
  ScriptedRandom random(Bytes(devices["epochStorageKeySig"]["Z"]) + Bytes(devices["epochStorageAuthKeySig"]["Z"]));
  const auto keys = SignDeviceKeys(device.device_key, device.public_keys.epoch_storage_key,
                                   device.public_keys.epoch_storage_auth_key, random);
  REQUIRE(keys.ok());
  CHECK(*keys == device.public_keys);
}

TEST_CASE("known answers: opening and walking a chain of epochs") {
  const json& epochs = Answers()["epoch_chain"]["epochs"];
  const DeviceSecrets device = Physical();
  const DeviceSecrets code = Virtual();
  const PublicKey& device_key = device.public_keys.device_key;
  const PublicKey& code_key = code.public_keys.device_key;

  for (const json& epoch : epochs) {
    const Epoch known = EpochOf(epoch);
    CHECK(Hex(EpochDataStorageKey(known.root_key, known.sequence_id)) == epoch["data_storage_key"]);
    CHECK(Hex(EpochDeviceMacKey(known.root_key, known.sequence_id)) == epoch["device_mac_key"]);
    CHECK(ToHex(EpochDeviceMac(known, device_key).view()) == epoch["device_mac_prefixed_pub"]);
    CHECK(ToHex(EpochDeviceMac(known, code_key).view()) == epoch["vdevice_mac_prefixed_pub"]);
  }
  REQUIRE(epochs.size() >= 2);
  for (std::size_t i = 1; i < epochs.size(); ++i) {
    const json& epoch = epochs[i];
    const Epoch previous = EpochOf(epochs[i - 1]);
    const Epoch known = EpochOf(epoch);
    const EpochChainingKeys chaining = DeriveEpochChainingKeys(previous);
    CHECK(Hex(chaining.chaining_key) == epoch["chaining_key"]);
    CHECK(Hex(chaining.distribution_psk) == epoch["distribution_psk"]);

    const json& to_device = epoch["distribution"]["device"];
    const json& to_code = epoch["distribution"]["vdevice"];
    const bool code_first = code_key < device_key;
    ScriptedRandom random(Bytes(epoch["entropy"]) + Bytes(epoch["prev_seq_nonce28"]) +
                          Bytes(epoch["prev_root_nonce28"]) +
                          Bytes((code_first ? to_code : to_device)["ephemeral_priv"]) +
                          Bytes((code_first ? to_device : to_code)["ephemeral_priv"]));
    const std::vector<EpochCandidate> candidates = {{device.public_keys, EpochDeviceMac(previous, device_key)},
                                                    {code.public_keys, EpochDeviceMac(previous, code_key)}};
    const auto opened = OpenEpoch(previous, device, candidates, random);
    REQUIRE(opened.ok());
    CHECK(Hex(opened->root_key) == epoch["root_key"]);
    CHECK(ToHex(opened->encrypted_previous_sequence) == epoch["encrypted_previous_sequence_id_padded"]);
    CHECK(ToHex(opened->encrypted_previous_root_key) == epoch["encrypted_previous_root_key_padded"]);
    for (const EpochMemberBody& member : opened->members) {
      const json& expected = member.device_key == code_key ? to_code : to_device;
      CHECK(ToHex(member.encrypted_entropy) == expected["epoch_entropy_encrypted"]);
    }

    const std::string entropy = Bytes(to_code["epoch_entropy_encrypted"]);
    const auto forward = DecryptForward(
        previous, code.epoch_storage_key,
        {known.id, known.sequence_id, device.public_keys, EpochDeviceMac(previous, device_key), entropy});
    REQUIRE(forward.ok());
    CHECK(Hex(forward->root_key) == epoch["root_key"]);
    const auto backward = DecryptBackward(known, previous.id, Bytes(epoch["encrypted_previous_sequence_id_padded"]),
                                          Bytes(epoch["encrypted_previous_root_key_padded"]));
    REQUIRE(backward.ok());
    CHECK(Hex(backward->root_key) == epochs[i - 1]["root_key"]);
    CHECK_FALSE(DecryptBackward(known, previous.id, Bytes(epoch["encrypted_previous_root_key_padded"]),
                                Bytes(epoch["encrypted_previous_root_key_padded"]))
                    .ok());
  }
}

TEST_CASE("known answers: messages") {
  for (const json& one : Answers()["messages"]["vectors"]) {
    const std::string thread = one["thread_id"];
    const uint32_t version = one["version"];
    const Epoch epoch{EpochId(1), *ParseSequence(one["epoch_sequence_id"].get<std::string>()),
                      Hidden(one["epoch_root_key"])};
    INFO("version " << version << ", thread " << thread);
    const auto key = MessageKey(epoch, version, thread);
    REQUIRE(key.ok());
    CHECK(Hex(*key) == one["message_key"]);
    CHECK(MessageAssociatedData(thread) == one["aad"]);
    const std::string data = Bytes(one["encrypted_message_data"]);
    const auto plaintext = DecryptMessage(epoch, version, thread, data);
    REQUIRE(plaintext.ok());
    CHECK(Hex(*plaintext) == one["plaintext"]);
    if (version != kCipherVersion) continue;
    ScriptedRandom random(Bytes(one["nonce28"]));
    CHECK(*EncryptMessage(epoch, thread, plaintext->RevealSecret(), random) == data);
  }
}

TEST_CASE("known answers: recovery codes") {
  for (const json& one : Answers()["recovery_code"]["vectors"]) {
    const auto code = RecoveryCode::Parse(Secret::CopyOf(one["code_with_arbitrary_ecc"].get<std::string>()));
    REQUIRE(code.ok());
    CHECK(code->version() == one["version"]);
    const RecoveryKeys keys = code->Derive(one["user_id"].get<std::string>());
    CHECK(ToHex(keys.virtual_device_id) == one["vdevice_id"]);
    CHECK(Hex(keys.decryption_key) == one["vdevice_decryption_key"]);
  }
}

TEST_CASE("known answers: a virtual device's secrets") {
  const json& section = Answers()["virtual_device_secrets"];
  const Secret key = Hidden(section["key"]);
  const json& v = section["vectors"];
  REQUIRE(v.size() == 6);
  const auto value = [&](std::size_t i) { return Bytes(v[i]["whitepaper_padded"]); };
  const SealedVirtualDevice sealed{value(0), value(1), value(2), value(3), value(4), value(5)};

  const auto opened = OpenVirtualDevice(sealed, key, Virtual().public_keys);
  REQUIRE(opened.ok());
  CHECK(Hex(opened->device_key.private_key) == v[0]["value"]);
  CHECK(Hex(opened->epoch_storage_key.private_key) == v[1]["value"]);
  CHECK(Hex(opened->orf.bytes()) == v[2]["value"]);
  CHECK(Hex(opened->mailbox_root_salt) == v[3]["value"]);
  CHECK(Hex(opened->epoch_root_key) == v[4]["value"]);
  CHECK(Decimal(opened->epoch_sequence_id) == Bytes(v[5]["value"]));

  std::string nonces;
  for (const json& one : v) nonces += Bytes(one["nonce28"]);
  ScriptedRandom random(nonces);
  const auto again = SealVirtualDevice(*opened, key, random);
  REQUIRE(again.ok());
  CHECK(again->InOrder() == sealed.InOrder());
}

}  // namespace
}  // namespace labyrinth::crypto
