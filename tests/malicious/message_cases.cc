// Lies about one row of the history (protocol section 6).
#include "tests/malicious/cases.h"

namespace labyrinth::malicious {
namespace {

using client::Tampering;

v1::Message* Find(v1::ListMessagesResponse& reply, const std::string& message_id) {
  for (v1::Message& row : *reply.mutable_messages()) {
    if (row.message_id() == message_id) return &row;
  }
  return nullptr;
}

// Three messages in one thread and one in another; `change` is the lie about "m2" of the first, with all at hand.
Verdict Reads(Scene& scene, void (*change)(v1::Message& row, v1::ListMessagesResponse& reply)) {
  scene.Save(scene.laptop(), "t", "m1", "one");
  scene.Save(scene.laptop(), "t", "m2", "two");
  scene.Save(scene.laptop(), "t", "m3", "six");
  scene.Save(scene.laptop(), "u", "m4", "elsewhere");
  scene.Tell<v1::ListMessagesResponse>([change](auto& reply) {
    if (v1::Message* row = Find(reply, "m2")) change(*row, reply);
  });
  return scene.Read(scene.laptop());
}

Verdict Ciphertext(Scene& scene) {
  return Reads(scene, [](auto& row, auto&) { row.mutable_ciphertext()->back() ^= 1; });
}
Verdict NoCiphertext(Scene& scene) {
  return Reads(scene, [](auto& row, auto&) { row.clear_ciphertext(); });
}
Verdict MessageId(Scene& scene) {
  return Reads(scene, [](auto& row, auto&) { row.set_message_id("m9"); });
}
Verdict Time(Scene& scene) {
  // Between its neighbours, so that the order doesn't tell.
  return Reads(scene, [](auto& row, auto&) { row.set_timestamp_ms(row.timestamp_ms() - 1); });
}
Verdict Expiry(Scene& scene) {
  return Reads(scene, [](auto& row, auto&) { row.set_expire_ms(row.timestamp_ms() + 1'000'000'000); });
}
Verdict Thread(Scene& scene) {
  return Reads(scene, [](auto& row, auto&) { row.set_thread_id("u"); });
}
Verdict Version(Scene& scene) {
  return Reads(scene, [](auto& row, auto&) { row.set_cipher_version(4); });
}
Verdict RefusedVersion(Scene& scene) {
  return Reads(scene, [](auto& row, auto&) { row.set_cipher_version(1); });
}
Verdict MadeUpEpoch(Scene& scene) {
  return Reads(scene, [](auto& row, auto&) { row.set_epoch_id(row.epoch_id() ^ 1); });
}
Verdict Swapped(Scene& scene) {
  return Reads(
      scene, [](auto& row, auto& reply) { row.mutable_ciphertext()->swap(*Find(reply, "m3")->mutable_ciphertext()); });
}
Verdict OutOfBounds(Scene& scene) {
  return Reads(scene, [](auto& row, auto&) { row.set_expire_ms(-1); });
}

// Both epochs are known, and the keys differ.
Verdict OtherEpoch(Scene& scene) {
  scene.Save(scene.laptop(), "t", "m1", "one");
  scene.Rotate(scene.laptop());
  scene.Save(scene.laptop(), "t", "m2", "two");
  scene.Tell<v1::ListMessagesResponse>([](auto& reply) {
    if (v1::Message* row = Find(reply, "m1")) row->set_epoch_id(Find(reply, "m2")->epoch_id());
  });
  return scene.Read(scene.laptop());
}

Verdict OtherAccountsRow(Scene& scene) {
  const auto stranger = scene.Stranger();
  scene.Save(*stranger, "t", "m1", "not yours");
  (void)scene.Read(*stranger);
  const v1::Message other = scene.Heard<v1::ListMessagesResponse>().back().messages(0);
  scene.Save(scene.laptop(), "t", "m1", "yours");
  scene.Tell<v1::ListMessagesResponse>([other](auto& reply) { *reply.mutable_messages(0) = other; });
  return scene.Read(scene.laptop());
}

Verdict RolledBack(Scene& scene) {
  const auto phone = scene.Phone();
  scene.Save(scene.laptop(), "t", "m1", "first");
  if (const Verdict verdict = scene.Read(*phone); verdict.detected()) return verdict;
  const v1::Message old = scene.Heard<v1::ListMessagesResponse>().back().messages(0);
  scene.Save(scene.laptop(), "t", "m1", "edited", client::OnConflict::kReplace);
  if (const Verdict verdict = scene.Read(*phone); verdict.detected()) return verdict;
  scene.Tell<v1::ListMessagesResponse>([old](auto& reply) { *reply.mutable_messages(0) = old; });
  return scene.Read(*phone);
}

}  // namespace

std::vector<Case> MessageCases() {
  const Verdict undecryptable = Row(Tampering::kUndecryptable);
  const Verdict differs = Row(Tampering::kDiffersFromEnvelope);
  return {
      {"corrupted ciphertext", "flips a bit of a message", undecryptable, "", Ciphertext},
      {"empty ciphertext", "sends a row without its message", undecryptable, "", NoCiphertext},
      {"relabelled message id", "gives a row another message id", differs, "", MessageId},
      {"relabelled time", "gives a row another time", differs, "", Time},
      {"relabelled expiry", "lets a message live longer", differs, "", Expiry},
      {"relabelled thread", "moves a message into another thread", undecryptable, "", Thread},
      {"relabelled cipher version", "names another version that is read", undecryptable, "", Version},
      {"refused cipher version", "names a version that nobody may read", Row(Tampering::kUnreadableVersion), "",
       RefusedVersion},
      {"relabelled epoch", "names another epoch of the chain", undecryptable, "", OtherEpoch},
      {"made-up epoch", "names an epoch that nobody opened", Row(Tampering::kUnknownEpoch), "", MadeUpEpoch},
      {"swapped messages", "swaps the contents of two rows of a thread", differs, "", Swapped},
      {"fields out of bounds", "sends a row with a negative expiry", Row(Tampering::kMalformedRow), "", OutOfBounds},
      {"another account's row", "shows a message of another mailbox", Row(Tampering::kUnknownEpoch), "",
       OtherAccountsRow},
      {"rolled-back row", "shows the old version of an edited message to a device that saw the new one", NotDetected(),
       "its writer sealed it under the same id, and devices keep no history; writers' signed sums are planned",
       RolledBack},
  };
}

}  // namespace labyrinth::malicious
