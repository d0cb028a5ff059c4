// Lies about who belongs to the mailbox (protocol sections 3 and 8).
#include "tests/malicious/cases.h"

namespace labyrinth::malicious {
namespace {

// The row of the phone in a device list: the newest physical device.
v1::Device& NewestDevice(v1::ListDevicesResponse& reply) { return *reply.mutable_devices()->rbegin(); }

Verdict HiddenMember(Scene& scene) {
  const auto phone = scene.Phone();
  scene.Tell<v1::ListDevicesResponse>([](auto& reply) { reply.mutable_devices()->RemoveLast(); });
  return Said(scene.laptop()->devices().List());
}

// A real device with real keys, of an account that the server made up for the purpose.
Verdict ExtraMember(Scene& scene) {
  const auto stranger = scene.Stranger();
  (void)(*stranger)->devices().List();
  const v1::Device rogue = scene.Heard<v1::ListDevicesResponse>().back().devices(0);
  scene.Tell<v1::ListDevicesResponse>([rogue](auto& reply) { *reply.add_devices() = rogue; });
  return Said(scene.laptop()->devices().List());
}

Verdict OtherMailboxsDevices(Scene& scene) {
  const auto stranger = scene.Stranger();
  (void)(*stranger)->devices().List();
  const v1::ListDevicesResponse other = scene.Heard<v1::ListDevicesResponse>().back();
  scene.Tell<v1::ListDevicesResponse>([other](auto& reply) { reply = other; });
  return Said(scene.laptop()->devices().List());
}

// What entropies would be encrypted to.
Verdict OtherStorageKey(Scene& scene) {
  const auto stranger = scene.Stranger();
  (void)(*stranger)->devices().List();
  const std::string key = scene.Heard<v1::ListDevicesResponse>().back().devices(0).keys().epoch_storage_key();
  const auto phone = scene.Phone();
  scene.Tell<v1::ListDevicesResponse>(
      [key](auto& reply) { NewestDevice(reply).mutable_keys()->set_epoch_storage_key(key); });
  return Said(scene.laptop()->devices().Rotate());
}

Verdict TwoNumbers(Scene& scene) {
  const auto phone = scene.Phone();
  scene.Tell<v1::ListDevicesResponse>([](auto& reply) {
    v1::Device again = NewestDevice(reply);
    again.set_device_id(again.device_id() ^ 1);
    *reply.add_devices() = again;
  });
  return Said(scene.laptop()->devices().List());
}

Verdict BadMac(Scene& scene) {
  const auto phone = scene.Phone();
  const uint64_t id = scene.IdOf(*phone).value();
  scene.Tell<v1::ListEpochsResponse>([id](auto& reply) {
    for (v1::Epoch& epoch : *reply.mutable_epochs()) {
      for (v1::Member& member : *epoch.mutable_members()) {
        if (member.device_id() == id) member.mutable_epoch_device_mac()->front() ^= 1;
      }
    }
  });
  return Said(scene.laptop()->devices().Rotate());
}

Verdict BadStorageKeySignature(Scene& scene) {
  const auto phone = scene.Phone();
  // Not the opener's own, whatever the order of their numbers.
  const DeviceId id = scene.IdOf(*phone);
  scene.Tell<v1::ListDevicesResponse>([id](auto& reply) {
    for (v1::Device& device : *reply.mutable_devices()) {
      if (device.device_id() == id.value()) device.mutable_keys()->mutable_sig_30()->front() ^= 1;
    }
  });
  return Said(scene.laptop()->devices().Rotate());
}

Verdict RemovedCalledActive(Scene& scene) {
  const auto phone = scene.Phone();
  const DeviceId id = scene.IdOf(*phone);
  const auto revoked = scene.laptop()->devices().Revoke(id);
  if (!revoked.ok()) return Said(revoked);
  scene.Tell<v1::ListDevicesResponse>([id](auto& reply) {
    for (v1::Device& device : *reply.mutable_devices()) {
      if (device.device_id() == id.value()) device.set_state(v1::DEVICE_STATE_ACTIVE);
    }
  });
  return Said(scene.laptop()->devices().List());
}

}  // namespace

std::vector<Case> MembershipCases() {
  return {
      {"hidden member", "leaves a member out of the device list", DataLoss("device list: the server hides a member"),
       "", HiddenMember},
      {"extra member", "lists a device that no member added",
       DataLoss("device list: it names a device that the membership log doesn't"), "", ExtraMember},
      {"another mailbox's devices", "answers with the device list of another mailbox",
       DataLoss("device list: it names a device that the membership log doesn't"), "", OtherMailboxsDevices},
      {"member's storage key", "names another key for a member, which the server may hold",
       DataLoss("device list: a device's keys or kind differ from the membership log"), "", OtherStorageKey},
      {"member twice", "lists a member under a second number", DataLoss("device list: a device's keys occur twice"), "",
       TwoNumbers},
      {"member's MAC",
       "changes a member's MAC in the current epoch",
       {std::string(kDropped), "its MAC in the previous epoch doesn't verify"},
       "",
       BadMac},
      {"member's 0x30 signature",
       "changes the signature over a member's storage key",
       {std::string(kDropped), "a signature over its keys doesn't verify"},
       "",
       BadStorageKeySignature},
      {"removed member", "calls a removed device active",
       DataLoss("device list: a device is called active although the membership log removed it"), "",
       RemovedCalledActive},
  };
}

}  // namespace labyrinth::malicious
