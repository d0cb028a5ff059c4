#include <limits>

#include "crypto/labyrinth/envelope.h"
#include "crypto/labyrinth/import_ids.h"
#include "crypto/labyrinth/message.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/domains.h"
#include "tools/vectors/case_random.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {
namespace {

using crypto::Epoch;

// The id of a message's epoch isn't part of its key.
constexpr EpochId kAnyEpochId(1);

Epoch ReadEpoch(Fields& f) { return {kAnyEpochId, f.Decimal("epoch_sequence_id"), f.SecretOf("epoch_root_key")}; }

void RunEnvelope(Fields& f) {
  const Epoch epoch = ReadEpoch(f);
  const std::string thread_id = f.Hex("thread_id");
  const std::string message_id = f.Hex("message_id");
  const crypto::Envelope envelope{message_id,
                                  f.Signed("timestamp_ms"),
                                  f.Signed("expire_ms"),
                                  f.FixedOf<crypto::PublicKey>("writer_device_key"),
                                  f.Integer("change_number"),
                                  f.SecretOf("content")};
  const auto key = crypto::MessageKey(epoch, crypto::kCipherVersion, thread_id);
  f.Expect("message_key", key);
  if (!key.ok()) return;
  f.Expect("marker", crypto::Kdf(*key, "", crypto::domains::kEnvelopeMarker, crypto::kEnvelopeMarkerBytes));
  {
    CaseRandom random(f.Hex("nonce28"), f.outcome());
    f.Expect("ciphertext", crypto::SealEnvelope(epoch, thread_id, envelope, random));
  }
  const auto plaintext = crypto::DecryptMessage(epoch, crypto::kCipherVersion, thread_id, f.Hex("ciphertext"));
  if (!f.Ok(plaintext, "ciphertext")) return;
  const std::string_view proto = plaintext->RevealSecret().substr(crypto::kEnvelopeMarkerBytes + 1);
  f.Expect("proto", proto);

  const auto opened = crypto::OpenEnvelope(epoch, {thread_id, message_id, envelope.timestamp_ms, envelope.expire_ms,
                                                   crypto::kCipherVersion, f.Hex("ciphertext")});
  if (!f.Ok(opened, "ciphertext")) return;
  f.Check(opened->verified(), "ciphertext: opens without an envelope");
  if (!opened->verified()) return;
  f.Expect("content", opened->envelope->content);
  f.Expect("writer_device_key", opened->envelope->writer.view());
  f.ExpectInteger("change_number", opened->envelope->change_number);
}

void RunForeign(Fields& f) {
  const Epoch epoch = ReadEpoch(f);
  const std::string thread_id = f.Hex("thread_id");
  const std::string ciphertext = f.Hex("ciphertext");
  const auto opened = crypto::OpenEnvelope(epoch, {thread_id, "any", 1, 0, crypto::kCipherVersion, ciphertext});
  if (!f.Ok(opened, "ciphertext")) return;
  f.Check(!opened->verified(), "ciphertext: opens with an envelope");
  f.Expect("foreign_data", opened->foreign_data);
}

void RunRefusedRow(Fields& f) {
  const Epoch epoch = ReadEpoch(f);
  const std::string thread_id = f.Hex("thread_id"), message_id = f.Hex("message_id"), bytes = f.Hex("ciphertext");
  const auto version = static_cast<uint32_t>(f.Integer("cipher_version"));
  f.ExpectRefusedAs(crypto::OpenEnvelope(
                        epoch, {thread_id, message_id, f.Signed("timestamp_ms"), f.Signed("expire_ms"), version, bytes})
                        .status());
}

void RunRefusedEnvelope(Fields& f) {
  const Epoch epoch = ReadEpoch(f);
  crypto::Envelope envelope;
  envelope.message_id = f.Hex("message_id");
  envelope.writer = f.FixedOf<crypto::PublicKey>("writer_device_key");
  envelope.change_number = f.Integer("change_number");
  CaseRandom random("", f.outcome());
  f.ExpectRefusedAs(crypto::SealEnvelope(epoch, f.Hex("thread_id"), envelope, random).status());
}

void RunImportId(Fields& f) {
  const Epoch epoch{kAnyEpochId, 0, f.SecretOf("first_epoch_root_key")};
  f.Expect("key", crypto::Kdf(epoch.root_key, "", crypto::domains::kImportId));
  const auto ids = crypto::ImportIds::Create(epoch);
  if (!f.Ok(ids, "first_epoch_root_key")) return;
  const std::string path = f.Hex("thread_path");
  f.Expect("thread_id", ids->ThreadId(path));
  f.Expect("message_id", ids->MessageId(path, f.Signed("timestamp_ms"), f.Hex("sender"), f.Hex("content")));
}

void RunVersion(Fields& f) {
  const uint64_t version = f.Integer("version");
  if (version > std::numeric_limits<uint32_t>::max()) return f.Fail("version", "not 32 bits");
  const Epoch epoch{kAnyEpochId, 0, crypto::Secret(crypto::kEpochRootKeyBytes)};
  f.ExpectRefusedAs(crypto::MessageKey(epoch, static_cast<uint32_t>(version), "1").status());
  f.ExpectRefusedAs(
      crypto::OpenEnvelope(epoch, {"1", "m", 1, 0, static_cast<uint32_t>(version), std::string(80, 'c')}).status());
}

}  // namespace

void RunEnvelopes(Section& section) {
  section.ForEach("vectors", RunEnvelope);
  section.ForEach("foreign", RunForeign);
  section.ForEach("must_fail_decode", RunRefusedRow);
  section.ForEach("must_fail_encode", RunRefusedEnvelope);
}

void RunImportIds(Section& section) {
  section.ForEach("vectors", RunImportId);
  section.ForEach("must_fail", [](Fields& f) {
    const Epoch epoch{kAnyEpochId, f.Decimal("epoch_sequence_id"), crypto::Secret(crypto::kEpochRootKeyBytes)};
    f.ExpectRefusedAs(crypto::ImportIds::Create(epoch).status());
  });
}

void RunMessageVersions(Section& section) { section.ForEach("must_fail", RunVersion); }

}  // namespace labyrinth::vectors
