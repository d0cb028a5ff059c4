// A mailbox's members and epochs for tests. testonly.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_EPOCH_TESTING_H_
#define LABYRINTH_CRYPTO_LABYRINTH_EPOCH_TESTING_H_

#include <utility>
#include <vector>

#include "crypto/labyrinth/device_secrets.h"
#include "crypto/labyrinth/epoch_chain.h"
#include "crypto/labyrinth/epoch_open.h"

namespace labyrinth::crypto {

inline DeviceSecrets MakeDevice(SubjectKind kind, RandomSource& random) {
  return *DeviceSecrets::Generate(kind, OrfClientState::Generate(random), random);
}

// The first epoch as the server has named it.
inline Epoch MakeFirstEpoch(uint64_t id, RandomSource& random) {
  Epoch epoch = CreateFirstEpoch(random);
  epoch.id = EpochId(id);
  return epoch;
}

// `device` as a rightful member of `epoch`.
inline EpochCandidate CandidateIn(const Epoch& epoch, const DeviceSecrets& device) {
  return {device.public_keys, EpochDeviceMac(epoch, device.public_keys.device_key)};
}

inline const EpochMemberBody* MemberOf(const OpenedEpoch& opened, const DeviceSecrets& device) {
  for (const EpochMemberBody& member : opened.members) {
    if (member.device_key == device.public_keys.device_key) return &member;
  }
  return nullptr;
}

// What the server hands `receiver` of an epoch that `opener` opened after `previous`.
inline EpochRecord RecordFor(const Epoch& previous, const DeviceSecrets& opener, const OpenedEpoch& opened, EpochId id,
                             const DeviceSecrets& receiver) {
  return {id, opened.sequence_id, opener.public_keys, EpochDeviceMac(previous, opener.public_keys.device_key),
          MemberOf(opened, receiver)->encrypted_entropy};
}

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_EPOCH_TESTING_H_
