#include "crypto/labyrinth/epoch_chain.h"

#include <string>
#include <utility>

#include "common/errors.h"
#include "crypto/labyrinth/hpke.h"
#include "crypto/primitives/aead.h"
#include "crypto/statements/domains.h"
#include "crypto/statements/epoch_sequence.h"

namespace labyrinth::crypto {

absl::StatusOr<Epoch> DecryptForward(const Epoch& previous, const KeyPair& own_epoch_storage_key,
                                     const EpochRecord& record) {
  if (!previous.id.valid() || !record.id.valid()) return absl::InvalidArgumentError("an epoch has no id");
  if (!record.opener.epoch_storage_auth_key.has_value()) {
    return absl::InvalidArgumentError("the epoch's opener has no authentication key");
  }
  if (record.sequence_id != previous.sequence_id + 1) {
    return errors::DataDamaged("epoch: its sequence id is not the next one");
  }
  if (!VerifyDeviceSignatures(record.opener).ok()) {
    return errors::DataDamaged("epoch: the opener's keys or their signatures");
  }
  if (!VerifyEpochDeviceMac(previous, record.opener.device_key, record.opener_previous_mac)) {
    return errors::DataDamaged("epoch: the opener's MAC in the previous epoch");
  }

  const EpochChainingKeys chaining = DeriveEpochChainingKeys(previous);
  const std::string aad = std::string(domains::kEpochEntropy) + Decimal(record.sequence_id);
  const auto entropy = PkDecrypt(own_epoch_storage_key, *record.opener.epoch_storage_auth_key,
                                 chaining.distribution_psk, aad, record.encrypted_entropy);
  if (!entropy.ok() || entropy->size() != kEpochEntropyBytes) {
    return errors::DataDamaged("epoch: the entropy addressed to this device");
  }
  return Epoch{record.id, record.sequence_id, DeriveEpochRootKey(*entropy, chaining.chaining_key)};
}

absl::StatusOr<Epoch> DecryptBackward(const Epoch& current, EpochId previous_id,
                                      std::string_view encrypted_previous_sequence,
                                      std::string_view encrypted_previous_root_key) {
  if (current.sequence_id == 0) return absl::InvalidArgumentError("nothing precedes the first epoch");
  if (!previous_id.valid()) return absl::InvalidArgumentError("an epoch has no id");
  const Secret key = EpochDataStorageKey(current.root_key, current.sequence_id);

  const auto sequence_text = DecryptPadded(key, domains::kEpochMetadata, encrypted_previous_sequence);
  if (!sequence_text.ok()) return errors::DataDamaged("epoch: its previous sequence id");
  const auto sequence = ParseSequence(sequence_text->RevealSecret());
  if (!sequence.has_value() || *sequence != current.sequence_id - 1) {
    return errors::DataDamaged("epoch: its previous sequence id is not one less than its own");
  }

  auto root_key = DecryptPadded(key, domains::kEpochMetadata, encrypted_previous_root_key);
  if (!root_key.ok() || root_key->size() != kEpochRootKeyBytes) {
    return errors::DataDamaged("epoch: its previous root key");
  }
  return Epoch{previous_id, *sequence, *std::move(root_key)};
}

}  // namespace labyrinth::crypto
