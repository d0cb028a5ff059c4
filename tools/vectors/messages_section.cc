#include <limits>

#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/labyrinth/message.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/hash.h"
#include "tools/vectors/case_random.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {
namespace {

using crypto::Epoch;
using crypto::Secret;

// The id of a message's epoch isn't part of its key.
constexpr EpochId kAnyEpochId(1);

void RunMessage(Fields& f) {
  const Epoch epoch{kAnyEpochId, f.Decimal("epoch_sequence_id"), f.SecretOf("epoch_root_key")};
  const std::string thread_id = f.Text("thread_id");
  const uint64_t version = f.Integer("version");
  if (version > std::numeric_limits<uint32_t>::max()) return f.Fail("version", "not 32 bits");
  const std::string nonce = f.Hex("nonce28");
  const std::string plaintext = f.Hex("plaintext");

  const absl::StatusOr<Secret> key = crypto::MessageKey(epoch, static_cast<uint32_t>(version), thread_id);
  f.Expect("message_key", key);
  f.Expect("message_key", crypto::Kdf(epoch.root_key, f.HexOrNull("salt").value_or(""), f.Text("info")));
  f.ExpectText("aad", crypto::MessageAssociatedData(thread_id));
  if (!key.ok()) return;
  {
    CaseRandom random(nonce, f.outcome());
    f.Expect("encrypted_message_data", crypto::EncryptPadded(*key, f.Text("aad"), plaintext, random));
  }
  if (version == crypto::kCipherVersion) {
    CaseRandom random(nonce, f.outcome());
    f.Expect("encrypted_message_data", crypto::EncryptMessage(epoch, thread_id, plaintext, random));
  }
  f.Expect("plaintext",
           crypto::DecryptMessage(epoch, static_cast<uint32_t>(version), thread_id, f.Hex("encrypted_message_data")));
}

}  // namespace

void RunMessages(Section& section) {
  section.ForEach("vectors", RunMessage);
  section.ForEachInteger("reject_versions", [](uint64_t version, Outcome& outcome) {
    if (version > std::numeric_limits<uint32_t>::max()) return outcome.Fail("not 32 bits");
    const Epoch epoch{kAnyEpochId, 0, Secret(crypto::kEpochRootKeyBytes)};
    if (crypto::MessageKey(epoch, static_cast<uint32_t>(version), "1").ok()) outcome.Fail("accepted");
  });
}

}  // namespace labyrinth::vectors
