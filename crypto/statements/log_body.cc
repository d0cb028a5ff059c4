#include "crypto/statements/log_body.h"

#include <algorithm>

#include "common/errors.h"
#include "crypto/statements/codec.h"

namespace labyrinth::crypto {
namespace {

std::string DeviceSignatures(const DevicePublicKeys& keys) {
  // A physical device has a sig_31; without one the hash is over an empty value, which no valid keys produce.
  return Lv(keys.sig_30.view()) + Lv(keys.sig_31 ? keys.sig_31->view() : std::string_view());
}

}  // namespace

Sha256Digest CreateBodyHash(const DevicePublicKeys& keys, const MacTag& epoch_device_mac) {
  return Sha256(DeviceSignatures(keys) + Lv(epoch_device_mac.view()));
}

Sha256Digest AddDeviceBodyHash(const DevicePublicKeys& keys) { return Sha256(DeviceSignatures(keys)); }

std::array<std::string_view, 6> SealedVirtualDevice::InOrder() const {
  return {device_key_private, epoch_storage_key_private, orf_client_state, mailbox_root_salt,
          epoch_root_key,     epoch_sequence_id};
}

Sha256Digest AddVirtualDeviceBodyHash(const VirtualDeviceId& virtual_device_id, const Signature& sig_30,
                                      const SealedVirtualDevice& sealed) {
  std::string body = Lv(virtual_device_id.view()) + Lv(sig_30.view());
  for (const std::string_view value : sealed.InOrder()) AppendLv(body, value);
  return Sha256(body);
}

absl::StatusOr<Sha256Digest> OpenEpochBodyHash(std::string_view encrypted_previous_sequence,
                                               std::string_view encrypted_previous_root_key,
                                               std::vector<EpochMemberBody> members) {
  std::sort(members.begin(), members.end(),
            [](const EpochMemberBody& a, const EpochMemberBody& b) { return a.device_key < b.device_key; });
  std::string body = Lv(encrypted_previous_sequence) + Lv(encrypted_previous_root_key);
  const PublicKey* last = nullptr;
  for (const EpochMemberBody& member : members) {
    if (last != nullptr && *last == member.device_key) return errors::InvalidField("members", "name a device twice");
    last = &member.device_key;
    body.append(member.device_key.view());
    body.append(member.epoch_device_mac.view());
    AppendLv(body, member.encrypted_entropy);
  }
  return Sha256(body);
}

}  // namespace labyrinth::crypto
