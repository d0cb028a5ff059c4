#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "crypto/labyrinth/epoch_chain.h"
#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/labyrinth/epoch_open.h"
#include "crypto/labyrinth/hpke.h"
#include "crypto/primitives/hash.h"
#include "tools/vectors/case_random.h"
#include "tools/vectors/file_devices.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {
namespace {

using crypto::DeviceSecrets;
using crypto::Epoch;
using crypto::Secret;

// The devices of the chain: the opener of every epoch and a virtual device.
struct Members {
  DeviceSecrets device;
  DeviceSecrets virtual_device;
};

// A key of an epoch: by name and, with the info string as the file spells it, by the bare kdf.
void ExpectEpochKey(Fields& f, std::string_view info, std::string_view key, const Epoch& epoch, const Secret& derived) {
  f.Expect(key, derived);
  f.Expect(key, crypto::Kdf(epoch.root_key, "", f.Text(info)));
}

void ExpectKeysOf(Fields& f, const Epoch& epoch, const Members& members) {
  ExpectEpochKey(f, "data_storage_info", "data_storage_key", epoch,
                 crypto::EpochDataStorageKey(epoch.root_key, epoch.sequence_id));
  ExpectEpochKey(f, "device_mac_info", "device_mac_key", epoch,
                 crypto::EpochDeviceMacKey(epoch.root_key, epoch.sequence_id));
  f.Expect("device_mac_prefixed_pub", EpochDeviceMac(epoch, members.device.public_keys.device_key).view());
  f.Expect("vdevice_mac_prefixed_pub", EpochDeviceMac(epoch, members.virtual_device.public_keys.device_key).view());
}

void ExpectChaining(Fields& f, const Epoch& previous) {
  const crypto::EpochChainingKeys keys = crypto::DeriveEpochChainingKeys(previous);
  f.Expect("chaining_key", keys.chaining_key);
  f.Expect("distribution_psk", keys.distribution_psk);
  const auto [chaining_key, psk] = crypto::KdfTwoKeys(previous.root_key, "", f.Text("chaining_info"));
  f.Expect("chaining_key", chaining_key);
  f.Expect("distribution_psk", psk);
  f.Expect("root_key", crypto::DeriveEpochRootKey(f.SecretOf("entropy"), keys.chaining_key));
}

// The opener's half, with the case's randomness in the order in which OpenEpoch draws it.
void ExpectOpening(Fields& f, Fields& to_device, Fields& to_virtual_device, const Epoch& previous,
                   const Members& members) {
  const DeviceSecrets& device = members.device;
  const DeviceSecrets& virtual_device = members.virtual_device;
  const bool device_first = device.public_keys.device_key < virtual_device.public_keys.device_key;
  Fields* const ascending[] = {device_first ? &to_device : &to_virtual_device,
                               device_first ? &to_virtual_device : &to_device};
  std::string drawn = f.Hex("entropy") + f.Hex("prev_seq_nonce28") + f.Hex("prev_root_nonce28");
  for (Fields* member : ascending) drawn += member->Hex("ephemeral_priv");

  const std::array<crypto::EpochCandidate, 2> candidates = {{
      {device.public_keys, EpochDeviceMac(previous, device.public_keys.device_key)},
      {virtual_device.public_keys, EpochDeviceMac(previous, virtual_device.public_keys.device_key)},
  }};
  CaseRandom random(drawn, f.outcome());
  const absl::StatusOr<crypto::OpenedEpoch> opened = crypto::OpenEpoch(previous, device, candidates, random);
  if (!f.Ok(opened, "OpenEpoch")) return;
  f.Expect("root_key", opened->root_key);
  f.Expect("encrypted_previous_sequence_id_padded", opened->encrypted_previous_sequence);
  f.Expect("encrypted_previous_root_key_padded", opened->encrypted_previous_root_key);
  f.Check(opened->members.size() == 2 && opened->refused.empty(), "OpenEpoch: refused a member");
  if (opened->members.size() != 2) return;
  for (std::size_t i = 0; i < 2; ++i) {
    ascending[i]->Expect("epoch_entropy_encrypted", opened->members[i].encrypted_entropy);
    const bool is_device = ascending[i] == &to_device;
    f.Expect(is_device ? "device_mac_prefixed_pub" : "vdevice_mac_prefixed_pub",
             opened->members[i].epoch_device_mac.view());
  }
}

// A receiver's half: the entropy is what pk_decrypt gives under the case's associated data, and the chain reaches the
// epoch's root key.
void ExpectReceiving(Fields& f, Fields& to_member, const Epoch& previous, const Epoch& epoch,
                     const DeviceSecrets& opener, const DeviceSecrets& receiver) {
  const std::string encrypted = to_member.Hex("epoch_entropy_encrypted");
  f.Expect("entropy", crypto::PkDecrypt(receiver.epoch_storage_key, *opener.public_keys.epoch_storage_auth_key,
                                        f.SecretOf("distribution_psk"), to_member.Text("aad"), encrypted));
  const crypto::EpochRecord record{epoch.id, epoch.sequence_id, opener.public_keys,
                                   EpochDeviceMac(previous, opener.public_keys.device_key), encrypted};
  const absl::StatusOr<Epoch> reached = crypto::DecryptForward(previous, receiver.epoch_storage_key, record);
  if (f.Ok(reached, "chaining forward")) f.Expect("root_key", reached->root_key);
}

void ExpectBackward(Fields& f, const Epoch& previous, const Epoch& epoch) {
  const std::string sequence = f.Hex("encrypted_previous_sequence_id_padded");
  const std::string root_key = f.Hex("encrypted_previous_root_key_padded");
  const absl::StatusOr<Epoch> reached = crypto::DecryptBackward(epoch, previous.id, sequence, root_key);
  if (!f.Ok(reached, "chaining backward")) return;
  f.Check(reached->sequence_id == previous.sequence_id, "chaining backward: another sequence id");
  f.Check(reached->root_key.RevealSecret() == previous.root_key.RevealSecret(), "chaining backward: another root key");
  // Both decrypt under one key and associated data: only their form tells them apart.
  f.ExpectRefused(crypto::DecryptBackward(epoch, previous.id, root_key, root_key), "a root key as the sequence id");
  f.ExpectRefused(crypto::DecryptBackward(epoch, previous.id, sequence, sequence), "a sequence id as the root key");
}

}  // namespace

void RunEpochChain(Section& section) {
  section.Ignore("cross_checks");  // prose: ExpectReceiving and ExpectBackward do what it says
  std::optional<Epoch> previous;
  section.ForEach("epochs", [&section, &previous](Fields& f) {
    Epoch epoch{EpochId(f.Decimal("epoch_id")), f.Decimal("sequence_id"), f.SecretOf("root_key")};
    absl::StatusOr<DeviceSecrets> device = PhysicalDevice(section, f.outcome());
    absl::StatusOr<DeviceSecrets> virtual_device = VirtualDevice(section, f.outcome());
    if (!f.Ok(device, "devices: device") || !f.Ok(virtual_device, "devices: virtual_device")) return;
    const Members members{*std::move(device), *std::move(virtual_device)};
    ExpectKeysOf(f, epoch, members);

    if (epoch.sequence_id != 0) {
      if (!previous.has_value()) return f.Fail("sequence_id", "the epoch before isn't in the list");
      f.Check(epoch.sequence_id == previous->sequence_id + 1, "sequence_id: not the next one");
      ExpectChaining(f, *previous);
      Fields distribution = f.Object("distribution");
      Fields to_device = distribution.Object("device");
      Fields to_virtual_device = distribution.Object("vdevice");
      ExpectOpening(f, to_device, to_virtual_device, *previous, members);
      ExpectReceiving(f, to_device, *previous, epoch, members.device, members.device);
      ExpectReceiving(f, to_virtual_device, *previous, epoch, members.device, members.virtual_device);
      ExpectBackward(f, *previous, epoch);
    }
    previous = std::move(epoch);
  });
}

}  // namespace labyrinth::vectors
