#include "crypto/labyrinth/message.h"

#include <fmt/format.h>

#include "common/errors.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/domains.h"
#include "crypto/statements/epoch_sequence.h"

namespace labyrinth::crypto {
namespace {

constexpr std::string_view kNullSalt;

absl::Status UnknownVersion(uint32_t cipher_version) {
  const std::string text = fmt::format("cipher version {} is not supported", cipher_version);
  return absl::UnimplementedError(text);
}

}  // namespace

absl::StatusOr<Secret> MessageKey(const Epoch& epoch, uint32_t cipher_version, std::string_view thread_id) {
  if (thread_id.empty()) return absl::InvalidArgumentError("a thread id is empty");
  std::string info = std::string(domains::kMessageKeyInEpoch) + Decimal(epoch.sequence_id);
  switch (cipher_version) {
    case 0:
      return Kdf(epoch.root_key, thread_id, info);
    case 2:
      return Kdf(epoch.root_key, thread_id, info.append(domains::kMessageVersion2Suffix));
    case 3:
      return Kdf(epoch.root_key, kNullSalt, info.append(domains::kMessageVersion3Suffix).append(thread_id));
    case 4:
      return Kdf(epoch.root_key, kNullSalt, info.append(domains::kMessageVersion4Suffix).append(thread_id));
    default:
      return UnknownVersion(cipher_version);
  }
}

std::string MessageAssociatedData(std::string_view thread_id) {
  return std::string(domains::kMessageThread).append(thread_id);
}

absl::StatusOr<std::string> EncryptMessage(const Epoch& epoch, std::string_view thread_id,
                                           std::string_view message_data, RandomSource& random) {
  const auto key = MessageKey(epoch, kCipherVersion, thread_id);
  if (!key.ok()) return key.status();
  return EncryptPadded(*key, MessageAssociatedData(thread_id), message_data, random);
}

absl::StatusOr<Secret> DecryptMessage(const Epoch& epoch, uint32_t cipher_version, std::string_view thread_id,
                                      std::string_view encrypted_message_data) {
  const auto key = MessageKey(epoch, cipher_version, thread_id);
  if (!key.ok()) return key.status();
  auto data = DecryptPadded(*key, MessageAssociatedData(thread_id), encrypted_message_data);
  if (!data.ok()) return errors::DataDamaged("a message doesn't decrypt under its epoch and thread");
  return data;
}

}  // namespace labyrinth::crypto
