// Lies to somebody who joins or tests a recovery code (protocol section 4).
#include "tests/malicious/cases.h"

namespace labyrinth::malicious {
namespace {

// A blank profile joins with the laptop's code.
template <typename Reply>
Verdict Joins(Scene& scene, std::function<void(Reply&)> lie) {
  const crypto::Secret code = scene.MakeCode();
  scene.Tell<Reply>(std::move(lie));
  const auto phone = scene.Blank();
  return Said((*phone)->recovery().Join(code));
}

// The last reply to who asked for the virtual device of this code.
v1::GetVirtualDeviceResponse BundleOf(Scene& scene, Device& device, const crypto::Secret& code) {
  (void)device->recovery().Test(code);
  return scene.Heard<v1::GetVirtualDeviceResponse>().back();
}

Verdict OtherCodesBundle(Scene& scene) {
  const v1::GetVirtualDeviceResponse other = BundleOf(scene, scene.laptop(), scene.MakeCode());
  return Joins<v1::GetVirtualDeviceResponse>(scene, [other](auto& reply) { reply = other; });
}
Verdict OtherSecrets(Scene& scene) {
  const v1::GetVirtualDeviceResponse other = BundleOf(scene, scene.laptop(), scene.MakeCode());
  return Joins<v1::GetVirtualDeviceResponse>(scene,
                                             [other](auto& reply) { *reply.mutable_secrets() = other.secrets(); });
}
// Under one key, and told apart by their associated data.
Verdict SwappedSecrets(Scene& scene) {
  return Joins<v1::GetVirtualDeviceResponse>(scene, [](auto& reply) {
    reply.mutable_secrets()->mutable_epoch_root_key()->swap(*reply.mutable_secrets()->mutable_mailbox_root_salt());
  });
}
Verdict OtherAccountsDevice(Scene& scene) {
  const auto stranger = scene.Stranger();
  auto code = (*stranger)->recovery().CreateCode();
  if (!code.ok()) return Said(code);
  const v1::GetVirtualDeviceResponse other = BundleOf(scene, *stranger, code->code);
  return Joins<v1::GetVirtualDeviceResponse>(scene, [other](auto& reply) { reply = other; });
}
Verdict OtherStart(Scene& scene) {
  return Joins<v1::GetVirtualDeviceResponse>(scene, [](auto& reply) { reply.set_epoch_id(reply.epoch_id() ^ 1); });
}
Verdict OtherMailboxId(Scene& scene) {
  return Joins<v1::GetVirtualDeviceResponse>(scene, [](auto& reply) { reply.mutable_mailbox_id()->front() ^= 1; });
}
Verdict TooManyChecks(Scene& scene) {
  return Joins<v1::ListVirtualDeviceChecksResponse>(scene, [](auto& reply) {
    for (int i = 0; i < 100'000; ++i) reply.add_checks("12345678");
  });
}
Verdict HiddenCode(Scene& scene) {
  return Joins<v1::ListVirtualDeviceChecksResponse>(scene, [](auto& reply) { reply.clear_checks(); });
}

// A code that was taken back, on a disk from before.
Verdict RevokedCode(Scene& scene) {
  const crypto::Secret code = scene.MakeCode();
  scene.KeepDisk();
  auto second = scene.laptop()->recovery().CreateCode();
  if (!second.ok()) return Said(second);
  scene.PutBackDisk();
  return Said(scene.laptop()->recovery().Test(code));
}

// Made on a copy of the disk that nobody will see again: the person must not write that code down.
Verdict CodeOnAFork(Scene& scene) {
  (void)scene.laptop()->devices().List();
  scene.KeepDisk();
  if (scene.lying()) scene.relay().Divert("CreateVirtualDevice", scene.ForkEndpoint());
  return Said(scene.laptop()->recovery().CreateCode());
}

}  // namespace

std::vector<Case> RecoveryCases() {
  return {
      {"another code's bundle", "gives the virtual device of another code",
       DataLoss("recovery: stored data is damaged: a virtual device's device key"), "", OtherCodesBundle},
      {"wrong recovery bundle", "gives a virtual device the secrets of another",
       DataLoss("recovery: stored data is damaged: a virtual device's device key"), "", OtherSecrets},
      {"swapped recovery secrets", "swaps root key and salt of a virtual device",
       DataLoss("recovery: stored data is damaged: a virtual device's mailbox root salt"), "", SwappedSecrets},
      {"another account's virtual device", "gives the virtual device of another account",
       DataLoss("recovery: stored data is damaged: a virtual device's device key"), "", OtherAccountsDevice},
      {"another start of the chain", "names another epoch for a virtual device",
       DataLoss("epoch 0: the record has another epoch id"), "", OtherStart},
      {"another mailbox's id", "names another mailbox to who joins", Error(Reason::kProofInvalid, "the"), "",
       OtherMailboxId},
      {"too many checks", "lists so many virtual devices that any code would have one",
       DataLoss("recovery: the server lists too many virtual devices"), "", TooManyChecks},
      {"hidden code", "lists no virtual device",
       Error(Reason::kVirtualDeviceNotFound, "no virtual device answers to this code"), "", HiddenCode},
      {"code tested on a restored disk", "sets its disk back, and a member tests a code",
       DataLoss("membership log: shorter than this device has seen it"), "", RevokedCode},
      {"code made on a fork", "makes a recovery code on a copy of its disk alone",
       DataLoss("recovery: the membership log lacks the new recovery code"), "", CodeOnAFork},
  };
}

}  // namespace labyrinth::malicious
