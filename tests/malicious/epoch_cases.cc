// Lies about epochs (protocol section 3): what a device is told when it follows to the newest, or back to the first.
#include "tests/malicious/cases.h"

namespace labyrinth::malicious {
namespace {

using Records = google::protobuf::RepeatedPtrField<v1::Epoch>;

v1::Epoch* Find(Records& records, uint32_t sequence_id) {
  for (v1::Epoch& record : records) {
    if (record.sequence_id() == sequence_id) return &record;
  }
  return nullptr;
}

// The phone opened epoch 1 as it joined, the laptop epochs 2 and 3 since; the phone follows, and `change` is the lie
// about epoch 3, with epoch 2 at hand.
Verdict Follow(Scene& scene, void (*change)(v1::Epoch& newest, const v1::Epoch& before)) {
  const auto phone = scene.Phone();
  scene.Rotate(scene.laptop());
  scene.Rotate(scene.laptop());
  scene.Tell<v1::ListEpochsResponse>([change](auto& reply) {
    v1::Epoch* newest = Find(*reply.mutable_epochs(), 3);
    const v1::Epoch* before = Find(*reply.mutable_epochs(), 2);
    if (newest != nullptr && before != nullptr) change(*newest, *before);
  });
  return Said((*phone)->mailbox().Info());
}

// The entropy of the one who asks: the only one in a reply.
std::string& Entropy(v1::Epoch& record) {
  for (v1::Member& member : *record.mutable_members()) {
    if (!member.encrypted_entropy().empty()) return *member.mutable_encrypted_entropy();
  }
  return *record.mutable_members(0)->mutable_encrypted_entropy();
}

Verdict SwappedEntropy(Scene& scene) {
  return Follow(scene, [](auto& newest, auto& before) {
    v1::Epoch other = before;
    Entropy(newest) = Entropy(other);
  });
}
Verdict WithheldEntropy(Scene& scene) {
  return Follow(scene, [](auto& newest, auto&) { Entropy(newest).clear(); });
}
Verdict WithheldMember(Scene& scene) {
  return Follow(scene, [](auto& newest, auto&) { newest.clear_members(); });
}
Verdict OwnMac(Scene& scene) {
  return Follow(scene, [](auto& newest, auto&) {
    for (v1::Member& member : *newest.mutable_members()) member.mutable_epoch_device_mac()->front() ^= 1;
  });
}
Verdict Replayed(Scene& scene) {
  return Follow(scene, [](auto& newest, auto& before) { newest = v1::Epoch(before); });
}
Verdict ReplayedRenumbered(Scene& scene) {
  return Follow(scene, [](auto& newest, auto& before) {
    newest = v1::Epoch(before);
    newest.set_sequence_id(3);
  });
}
Verdict WrongPreviousRoot(Scene& scene) {
  return Follow(scene, [](auto& newest, auto& before) { newest.set_enc_prev_root(before.enc_prev_root()); });
}
// Both are encrypted under one key with one associated-data string: their form alone tells them apart.
Verdict RootForSequence(Scene& scene) {
  return Follow(scene, [](auto& newest, auto&) { newest.set_enc_prev_sequence(newest.enc_prev_root()); });
}
Verdict SequenceForRoot(Scene& scene) {
  return Follow(scene, [](auto& newest, auto&) { newest.set_enc_prev_root(newest.enc_prev_sequence()); });
}
Verdict OtherCommitment(Scene& scene) {
  return Follow(scene, [](auto& newest, auto& before) { newest.set_commitment(before.commitment()); });
}
Verdict OpenersMac(Scene& scene) {
  return Follow(scene,
                [](auto& newest, auto& before) { newest.set_opener_previous_mac(before.opener_previous_mac()); });
}

Verdict OpenedByNonMember(Scene& scene) {
  const auto stranger = scene.Stranger();
  (void)(*stranger)->devices().List();
  const v1::Device other = scene.Heard<v1::ListDevicesResponse>().back().devices(0);
  const auto phone = scene.Phone();
  scene.Rotate(scene.laptop());
  scene.Tell<v1::ListEpochsResponse>([other](auto& reply) {
    if (v1::Epoch* newest = Find(*reply.mutable_epochs(), 2)) *newest->mutable_opener() = other;
  });
  return Said((*phone)->mailbox().Info());
}

// The id stands in the next epoch's key schedule.
Verdict OtherEpochId(Scene& scene) {
  const auto phone = scene.Phone();
  scene.Rotate(scene.laptop());
  scene.Rotate(scene.laptop());
  scene.Tell<v1::ListEpochsResponse>([](auto& reply) {
    if (v1::Epoch* record = Find(*reply.mutable_epochs(), 2)) record->set_epoch_id(record->epoch_id() ^ 1);
  });
  return Said((*phone)->mailbox().Info());
}

Verdict NewestEpochId(Scene& scene) {
  const auto phone = scene.Phone();
  scene.Rotate(scene.laptop());
  scene.Save(scene.laptop(), "t", "m1", "hello");
  scene.Tell<v1::ListEpochsResponse>([](auto& reply) {
    if (v1::Epoch* record = Find(*reply.mutable_epochs(), 2)) record->set_epoch_id(record->epoch_id() ^ 1);
  });
  return scene.Read(*phone);
}

Verdict TruncatedChain(Scene& scene) {
  const auto phone = scene.Phone();
  scene.Rotate(scene.laptop());
  scene.Tell<v1::ListEpochsResponse>([](auto& reply) {
    if (Find(*reply.mutable_epochs(), 2) != nullptr) reply.mutable_epochs()->RemoveLast();
  });
  return Said((*phone)->mailbox().Info());
}

// On the way back, as a new device goes it.
Verdict Back(Scene& scene, void (*change)(v1::Epoch& record, const v1::Epoch& older)) {
  scene.Rotate(scene.laptop());
  scene.Rotate(scene.laptop());
  const crypto::Secret code = scene.MakeCode();
  scene.Tell<v1::ListEpochsRequest, v1::ListEpochsResponse>([change](const auto& request, auto& reply) {
    if (request.range_case() != v1::ListEpochsRequest::kBeforeSequenceId) return;
    v1::Epoch* record = Find(*reply.mutable_epochs(), 2);
    const v1::Epoch* older = Find(*reply.mutable_epochs(), 1);
    if (record != nullptr && older != nullptr) change(*record, *older);
  });
  const auto phone = scene.Blank();
  return Said((*phone)->recovery().Join(code));
}

Verdict WrongRootBackward(Scene& scene) {
  return Back(scene, [](auto& record, auto& older) { record.set_enc_prev_root(older.enc_prev_root()); });
}
Verdict RootForSequenceBackward(Scene& scene) {
  return Back(scene, [](auto& record, auto&) { record.set_enc_prev_sequence(record.enc_prev_root()); });
}

Verdict GapBackward(Scene& scene) {
  scene.Rotate(scene.laptop());
  scene.Rotate(scene.laptop());
  const crypto::Secret code = scene.MakeCode();
  scene.Tell<v1::ListEpochsRequest, v1::ListEpochsResponse>([](const auto& request, auto& reply) {
    if (request.range_case() != v1::ListEpochsRequest::kBeforeSequenceId) return;
    if (Find(*reply.mutable_epochs(), 0) != nullptr) reply.mutable_epochs()->RemoveLast();
  });
  const auto phone = scene.Blank();
  return Said((*phone)->recovery().Join(code));
}

}  // namespace

std::vector<Case> EpochCases() {
  const Verdict entropy =
      DataLoss("epoch 3: forward: stored data is damaged: epoch: the entropy addressed to this device");
  const Verdict root = DataLoss("previous secrets: stored data is damaged: epoch: its previous root key");
  const Verdict sequence = DataLoss(
      "previous secrets: stored data is damaged: epoch: its previous sequence id is not one less than its own");
  return {
      {"swapped entropy", "gives a member the entropy of another epoch", entropy, "", SwappedEntropy},
      {"withheld entropy", "leaves out the entropy addressed to a member", entropy, "", WithheldEntropy},
      {"withheld member", "leaves a member out of an epoch", DataLoss("it doesn't list this device exactly once"), "",
       WithheldMember},
      {"own MAC", "changes the members' MACs in the new epoch", DataLoss("the device's MAC in it doesn't verify"), "",
       OwnMac},
      {"replayed epoch", "shows an old epoch in the new one's place",
       DataLoss("epoch 3: missing: the server's chain has a gap or a repeat"), "", Replayed},
      {"replayed and renumbered", "shows an old epoch under the new one's sequence",
       DataLoss("epoch 3: forward: stored data is damaged: epoch: the opener's MAC in the previous epoch"), "",
       ReplayedRenumbered},
      {"wrong previous root", "gives the previous root key of another epoch", root, "", WrongPreviousRoot},
      {"root key for sequence", "gives the root key where the previous sequence id belongs", sequence, "",
       RootForSequence},
      {"sequence for root key", "gives the sequence id where the previous root key belongs", root, "", SequenceForRoot},
      {"another epoch's commitment", "gives an epoch the commitment of the one before", DataLoss("epoch 3: commitment"),
       "", OtherCommitment},
      {"opener's MAC", "gives the opener's MAC of another epoch",
       DataLoss("epoch 3: forward: stored data is damaged: epoch: the opener's MAC in the previous epoch"), "",
       OpenersMac},
      {"opened by a non-member", "names a stranger as an epoch's opener",
       DataLoss("epoch 2: its opener isn't the one that the membership log names"), "", OpenedByNonMember},
      {"another epoch id", "changes the id of an epoch in the chain", entropy, "", OtherEpochId},
      {"newest epoch's id", "changes the id of the newest epoch, and shows a row of it",
       Row(client::Tampering::kUnknownEpoch), "", NewestEpochId},
      {"truncated chain", "ends the chain before an epoch that the log names",
       DataLoss("epoch 2: the membership log names it, but the server withholds it"), "", TruncatedChain},
      {"wrong root going back", "gives a new device another epoch's previous root key", root, "", WrongRootBackward},
      {"root for sequence going back", "gives a new device the root key for the sequence id", sequence, "",
       RootForSequenceBackward},
      {"hidden first epoch", "ends a new device's way back before epoch 0",
       DataLoss("epoch 0: the membership log names it, but the server withholds it"), "", GapBackward},
  };
}

}  // namespace labyrinth::malicious
