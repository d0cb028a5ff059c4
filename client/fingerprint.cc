#include "client/fingerprint.h"

#include <cstdint>
#include <string_view>

#include "crypto/labyrinth/recovery_code.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/codec.h"
#include "crypto/statements/domains.h"

namespace labyrinth::client {
namespace {

constexpr std::size_t kCharacters = 16, kGroup = 4;
constexpr int kBitsACharacter = 5;
constexpr uint8_t kOfDevice = 1, kOfLog = 2;

// SHA-256("labyrinth_fingerprint_v1" || what u8 || lv(server_name) || lv(account_id) || ...
std::string Begin(uint8_t what, const crypto::LogNames& names) {
  std::string out(crypto::domains::kFingerprint);
  crypto::AppendU8(out, what);
  crypto::AppendLv(out, names.server_name);
  crypto::AppendLv(out, names.account_id);
  return out;
}

// ...), its first 80 bits, five to a character, the highest first.
std::string Text(std::string_view hashed) {
  const crypto::Sha256Digest digest = crypto::Sha256(hashed);
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  std::size_t at = 0;
  for (std::size_t i = 0; i < kCharacters; ++i) {
    if (i > 0 && i % kGroup == 0) out += ' ';
    while (count < kBitsACharacter) {
      bits = bits << 8 | static_cast<uint8_t>(digest.view()[at++]);
      count += 8;
    }
    count -= kBitsACharacter;
    out += crypto::kRecoveryAlphabet[bits >> count & 31];
  }
  return out;
}

}  // namespace

std::string DeviceFingerprint(const crypto::LogNames& names, const crypto::PublicKey& device_key,
                              const crypto::PublicKey& epoch_storage_key,
                              const crypto::PublicKey& epoch_storage_auth_key) {
  std::string hashed = Begin(kOfDevice, names);
  for (const crypto::PublicKey& key : {device_key, epoch_storage_key, epoch_storage_auth_key}) hashed += key.view();
  return Text(hashed);
}

std::string DeviceFingerprint(const crypto::LogNames& names, const crypto::DevicePublicKeys& keys) {
  return DeviceFingerprint(names, keys.device_key, keys.epoch_storage_key,
                           keys.epoch_storage_auth_key.value_or(crypto::PublicKey()));
}

std::string LogFingerprint(const crypto::LogNames& names, const crypto::LogPosition& position) {
  std::string hashed = Begin(kOfLog, names);
  crypto::AppendU64(hashed, position.length);
  hashed += position.head.view();
  return Text(hashed);
}

}  // namespace labyrinth::client
