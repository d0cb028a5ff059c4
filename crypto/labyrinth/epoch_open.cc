#include "crypto/labyrinth/epoch_open.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/labyrinth/hpke.h"
#include "crypto/primitives/aead.h"
#include "crypto/statements/domains.h"
#include "crypto/statements/epoch_sequence.h"

namespace labyrinth::crypto {
namespace {

using Candidates = std::vector<const EpochCandidate*>;

absl::Status CheckArguments(const Epoch& previous, const DeviceSecrets& opener) {
  if (!previous.id.valid()) return absl::InvalidArgumentError("the previous epoch has no id");
  if (previous.root_key.size() != kEpochRootKeyBytes) {
    return absl::InvalidArgumentError("the previous epoch's root key is not 32 bytes");
  }
  if (previous.sequence_id >= limits::kEpochSequence) {
    return absl::InvalidArgumentError("the previous epoch's sequence id is the last one");
  }
  if (!opener.epoch_storage_auth_key.has_value()) {
    return absl::InvalidArgumentError("a virtual device can't open an epoch");
  }
  return absl::OkStatus();
}

absl::StatusOr<Candidates> InOrder(std::span<const EpochCandidate> candidates) {
  Candidates sorted;
  for (const EpochCandidate& candidate : candidates) sorted.push_back(&candidate);
  std::sort(sorted.begin(), sorted.end(),
            [](const EpochCandidate* a, const EpochCandidate* b) { return a->keys.device_key < b->keys.device_key; });
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return a->keys.device_key == b->keys.device_key;
  });
  if (twice != sorted.end()) return absl::InvalidArgumentError("a device is named twice as a member");
  return sorted;
}

// The opener judges itself first: if its own row is wrong, the fault lies with the server or with `previous`, and the
// others' rows would all look forged.
absl::Status CheckOwnRow(const Epoch& previous, const DeviceSecrets& opener, const Candidates& candidates) {
  const auto own = std::find_if(candidates.begin(), candidates.end(), [&](const EpochCandidate* candidate) {
    return candidate->keys.device_key == opener.public_keys.device_key;
  });
  if (own == candidates.end()) return absl::InvalidArgumentError("the opener is not among the members");
  if ((*own)->keys != opener.public_keys) return errors::DataDamaged("epoch: the opener is listed with other keys");
  if (!VerifyEpochDeviceMac(previous, opener.public_keys.device_key, (*own)->previous_mac)) {
    return errors::DataDamaged("epoch: the opener's MAC in the previous epoch");
  }
  return absl::OkStatus();
}

std::optional<CandidateFault> FaultOf(const Epoch& previous, const EpochCandidate& candidate) {
  if (!VerifyDeviceSignatures(candidate.keys).ok()) return CandidateFault::kKeysInvalid;
  if (!VerifyEpochDeviceMac(previous, candidate.keys.device_key, candidate.previous_mac)) {
    return CandidateFault::kPreviousMacInvalid;
  }
  return std::nullopt;
}

absl::Status EncryptPrevious(const Epoch& previous, OpenedEpoch& opened, RandomSource& random) {
  const Secret key = EpochDataStorageKey(opened.root_key, opened.sequence_id);
  auto sequence = EncryptPadded(key, domains::kEpochMetadata, Decimal(previous.sequence_id), random);
  if (!sequence.ok()) return sequence.status();
  opened.encrypted_previous_sequence = *std::move(sequence);
  auto root_key = EncryptPadded(key, domains::kEpochMetadata, previous.root_key.RevealSecret(), random);
  if (!root_key.ok()) return root_key.status();
  opened.encrypted_previous_root_key = *std::move(root_key);
  return absl::OkStatus();
}

}  // namespace

Epoch CreateFirstEpoch(RandomSource& random) { return {EpochId(), 0, RandomSecret(kEpochRootKeyBytes, random)}; }

std::string_view CandidateFaultText(CandidateFault fault) {
  switch (fault) {
    case CandidateFault::kKeysInvalid:
      return "its keys or their signatures don't hold";
    case CandidateFault::kPreviousMacInvalid:
      return "it was not a member of the previous epoch";
  }
  return "unknown";
}

absl::StatusOr<OpenedEpoch> OpenEpoch(const Epoch& previous, const DeviceSecrets& opener,
                                      std::span<const EpochCandidate> candidates, RandomSource& random) {
  if (auto status = CheckArguments(previous, opener); !status.ok()) return status;
  const auto sorted = InOrder(candidates);
  if (!sorted.ok()) return sorted.status();
  if (auto status = CheckOwnRow(previous, opener, *sorted); !status.ok()) return status;

  OpenedEpoch opened;
  opened.entropy = RandomSecret(kEpochEntropyBytes, random);
  const EpochChainingKeys chaining = DeriveEpochChainingKeys(previous);
  opened.root_key = DeriveEpochRootKey(opened.entropy, chaining.chaining_key);
  opened.sequence_id = previous.sequence_id + 1;
  if (auto status = EncryptPrevious(previous, opened, random); !status.ok()) return status;

  const Secret mac_key = EpochDeviceMacKey(opened.root_key, opened.sequence_id);
  const std::string aad = std::string(domains::kEpochEntropy) + Decimal(opened.sequence_id);
  for (const EpochCandidate* candidate : *sorted) {
    const PublicKey& device_key = candidate->keys.device_key;
    if (const auto fault = FaultOf(previous, *candidate); fault.has_value()) {
      opened.refused.push_back({device_key, *fault});
      continue;
    }
    auto entropy = PkEncrypt(candidate->keys.epoch_storage_key, *opener.epoch_storage_auth_key,
                             chaining.distribution_psk, aad, opened.entropy.RevealSecret(), random);
    if (!entropy.ok()) return entropy.status();
    opened.members.push_back({device_key, EpochDeviceMac(mac_key, device_key), *std::move(entropy)});
  }
  return opened;
}

}  // namespace labyrinth::crypto
