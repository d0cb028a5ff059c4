#include <algorithm>

#include "crypto/labyrinth/envelope.h"
#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/labyrinth/epoch_testing.h"
#include "crypto/labyrinth/hpke.h"
#include "crypto/labyrinth/message.h"
#include "crypto/labyrinth/recovery_code.h"
#include "crypto/labyrinth/recovery_correction.h"
#include "crypto/labyrinth/virtual_device.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/seeded_random.h"
#include "crypto/statements/domains.h"
#include "tests/fuzz/fuzz_target.h"

namespace labyrinth::fuzz {
namespace {

constexpr std::string_view kThread = "thread";
constexpr std::string_view kMessage = "message";
constexpr int64_t kTimeMs = 1'700'000'000'000;

crypto::Epoch TestEpoch() {
  crypto::SeededRandom random(4);
  return crypto::MakeFirstEpoch(7, random);
}

crypto::MessageRow Row(std::string_view ciphertext) {
  return {kThread, kMessage, kTimeMs, 0, crypto::kCipherVersion, ciphertext};
}

// The input is what a writer encrypted: a member may be hostile, and the key right.
void RunEnvelope(std::string_view input) {
  crypto::SeededRandom random(5);
  const crypto::Epoch epoch = TestEpoch();
  const auto ciphertext = crypto::EncryptMessage(epoch, kThread, input, random);
  if (!ciphertext.ok()) return;
  const auto opened = crypto::OpenEnvelope(epoch, Row(*ciphertext));
  if (!opened.ok()) return;
  if (opened->verified()) {
    Require(opened->envelope->message_id == kMessage, "a verified envelope names its row");
    Require(opened->envelope->timestamp_ms == kTimeMs, "and its time");
  } else {
    Require(opened->foreign_data.RevealSecret() == input, "foreign data comes out as it went in");
  }
}

std::vector<std::string> EnvelopeSeeds() {
  crypto::SeededRandom random(6);
  const crypto::Epoch epoch = TestEpoch();
  const crypto::Envelope envelope{std::string(kMessage),
                                  kTimeMs,
                                  0,
                                  crypto::KeyPair::Generate(random).public_key,
                                  1,
                                  crypto::Secret::CopyOf("content")};
  const auto sealed = crypto::SealEnvelope(epoch, kThread, envelope, random);
  const auto plaintext = crypto::DecryptMessage(epoch, crypto::kCipherVersion, kThread, *sealed);
  return {std::string(plaintext->RevealSecret()), "without an envelope"};
}

// The input is what the server stores.
void RunMessage(std::string_view input) {
  crypto::SeededRandom random(7);
  const auto opened = crypto::DecryptMessage(TestEpoch(), crypto::kCipherVersion, kThread, input);
  Require(!opened.ok() || opened->size() < input.size(), "decryption takes off nonce, tag and padding");
}

std::vector<std::string> MessageSeeds() {
  crypto::SeededRandom random(8);
  return {*crypto::EncryptMessage(TestEpoch(), kThread, "data", random)};
}

struct HpkeCase {
  crypto::SeededRandom random{9};
  crypto::KeyPair recipient = crypto::KeyPair::Generate(random);
  crypto::KeyPair sender = crypto::KeyPair::Generate(random);
  crypto::Secret psk = crypto::Secret::CopyOf(std::string(32, 'p'));
};

void RunHpke(std::string_view input) {
  const HpkeCase c;
  const auto opened = crypto::PkDecrypt(c.recipient, c.sender.public_key, c.psk, "epoch__1", input);
  Require(!opened.ok() || opened->size() + 49 == input.size(), "1 + 32 + 16 bytes come off");
}

std::vector<std::string> HpkeSeeds() {
  HpkeCase c;
  return {*crypto::PkEncrypt(c.recipient.public_key, c.sender, c.psk, "epoch__1", std::string(32, 'e'), c.random)};
}

void RunRecoveryCode(std::string_view input) {
  const auto code = crypto::RecoveryCode::Parse(crypto::Secret::CopyOf(input));
  if (!code.ok()) return;
  const auto again = crypto::RecoveryCode::Parse(code->Formatted());
  Require(again.ok() && again->characters().RevealSecret() == code->characters().RevealSecret(),
          "a code that was printed reads the same");
  if (code->version() != 2) return;
  const auto candidates = crypto::CorrectionCandidates(*code);
  for (const auto& candidate : candidates) {
    // As typed comes first, whatever its check symbols say: other makers of codes use another matrix.
    Require(candidate.corrections == 0 || candidate.code.CheckSymbolsHold(), "a correction's check symbols hold");
  }
}

std::vector<std::string> RecoveryCodeSeeds() {
  crypto::SeededRandom random(10);
  const auto code = crypto::RecoveryCode::Generate(random);
  return {std::string(code.Formatted().RevealSecret()), std::string(code.characters().RevealSecret()),
          "2obi-" + std::string(36, 'g')};
}

// Six values, each as a length byte and that many bytes: as the server would send them, and as somebody who has the
// code would have sealed them.
void RunVirtualDevice(std::string_view input) {
  using namespace crypto::domains;
  constexpr std::string_view kLabels[] = {kVirtualDeviceKey,      kVirtualDeviceStorageKey,   kVirtualDeviceOrfState,
                                          kVirtualDeviceRootSalt, kVirtualDeviceEpochRootKey, kVirtualDeviceSequence};
  crypto::SeededRandom random(11);
  const crypto::Secret key = crypto::Secret::CopyOf(std::string(32, 'd'));
  std::string sent[6], sealed[6];
  for (int i = 0; i < 6; ++i) {
    if (input.empty()) return;
    const std::size_t length = std::min<std::size_t>(static_cast<unsigned char>(input[0]), input.size() - 1);
    sent[i] = input.substr(1, length);
    sealed[i] = *crypto::EncryptPadded(key, kLabels[i], sent[i], random);
    input.remove_prefix(1 + length);
  }
  const auto keys = crypto::MakeDevice(crypto::SubjectKind::kVirtual, random).public_keys;
  Require(!crypto::OpenVirtualDevice({sent[0], sent[1], sent[2], sent[3], sent[4], sent[5]}, key, keys).ok(),
          "nothing opens that wasn't sealed");
  (void)crypto::OpenVirtualDevice({sealed[0], sealed[1], sealed[2], sealed[3], sealed[4], sealed[5]}, key, keys);
}

std::vector<std::string> VirtualDeviceSeeds() {
  std::string seed;
  for (const std::string& value : {std::string(32, 1), std::string(32, 2), std::string(32, 3), std::string(32, 4),
                                   std::string(32, 5), std::string("Mw==")}) {
    seed += static_cast<char>(value.size());
    seed += value;
  }
  return {seed};
}

constexpr FuzzTarget kTargets[] = {
    {"envelope", EnvelopeSeeds, RunEnvelope},
    {"message", MessageSeeds, RunMessage},
    {"hpke", HpkeSeeds, RunHpke},
    {"recovery_code", RecoveryCodeSeeds, RunRecoveryCode},
    {"virtual_device", VirtualDeviceSeeds, RunVirtualDevice},
};

}  // namespace

std::span<const FuzzTarget> ProtocolTargets() { return kTargets; }

}  // namespace labyrinth::fuzz
