#include <fmt/format.h>

#include <optional>

#include "crypto/primitives/x25519.h"
#include "crypto/primitives/xeddsa.h"
#include "crypto/primitives/xeddsa_scheme.h"
#include "tools/vectors/case_random.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {
namespace {

namespace scheme = crypto::xeddsa_scheme;
using crypto::KeyPair;
using crypto::PublicKey;
using crypto::Secret;
using crypto::Signature;
using crypto::SignatureUse;

// How clients in the field carry keys and signatures.
constexpr std::string_view kPublicKeyPrefix = "\xff\x01";
constexpr std::string_view kSignaturePrefix = "\xff\x03";

void ExpectPublicKey(Fields& f, const Secret& priv, std::string_view pub_key = "pub") {
  const absl::StatusOr<KeyPair> pair = KeyPair::FromPrivate(priv.Clone());
  if (f.Ok(pair, "priv")) f.Expect(pub_key, pair->public_key.view());
}

// use || data, or data alone where the case has no use byte.
std::string SignedMessage(Fields& f) {
  const std::optional<uint64_t> use = f.IntegerOrNull("use_case_byte");
  std::string out;
  if (use.has_value()) {
    if (*use > 0xff) f.Fail("use_case_byte", "not a byte");
    out.push_back(static_cast<char>(*use));
  }
  return out + f.Hex("data");
}

// Signs with the randomness Z: as the protocol does where there is a use byte, as the bare scheme otherwise.
void ExpectSignature(Fields& f, const Secret& priv) {
  const std::optional<uint64_t> use = f.IntegerOrNull("use_case_byte");
  const std::string data = f.Hex("data");
  const std::string z = f.Hex("Z");
  {
    CaseRandom random(z, f.outcome());
    f.Expect("signature", [&]() -> absl::StatusOr<std::string> {
      const absl::StatusOr<Signature> made = use.has_value()
                                                 ? crypto::Sign(priv, static_cast<SignatureUse>(*use), data, random)
                                                 : scheme::Sign(priv, data, random);
      if (!made.ok()) return made.status();
      return made->str();
    }());
  }
}

void ExpectVerifies(Fields& f, const PublicKey& pub, const std::string& message) {
  f.Ok(scheme::Verify(pub, message, f.FixedOf<Signature>("signature")), "signature");
  const std::optional<uint64_t> use = f.IntegerOrNull("use_case_byte");
  if (!use.has_value()) return;
  f.Ok(crypto::Verify(pub, static_cast<SignatureUse>(*use), f.Hex("data"), f.FixedOf<Signature>("signature")),
       "signature with its use byte");
}

void RunSign(Fields& f) {
  const Secret priv = f.SecretOf("priv");
  const PublicKey pub = f.FixedOf<PublicKey>("pub");
  ExpectPublicKey(f, priv);
  const absl::StatusOr<scheme::EdwardsKeyPair> edwards = scheme::CalculateKeyPair(priv);
  if (f.Ok(edwards, "priv")) f.ExpectInteger("edwards_sign_bit_before_adjust", edwards->negated ? 1 : 0);
  const std::string message = SignedMessage(f);
  f.Expect("signed_message", message);
  ExpectSignature(f, priv);
  ExpectVerifies(f, pub, message);
  // The forms that travel; a bare message, without a use byte, doesn't.
  if (!f.IntegerOrNull("use_case_byte").has_value()) return;
  f.Expect("prefixed_signature", std::string(kSignaturePrefix) + f.Hex("signature"));
  f.Expect("prefixed_pub", std::string(kPublicKeyPrefix).append(pub.view()));
}

// A key or signature of the wrong length is refused where bytes become one.
bool Verifies(const std::string& pub, const std::string& message, const std::string& signature) {
  const std::optional<PublicKey> key = PublicKey::From(pub);
  const std::optional<Signature> made = Signature::From(signature);
  return key.has_value() && made.has_value() && scheme::Verify(*key, message, *made).ok();
}

// A signature made by libsignal, which may carry the Edwards sign in bit 7 of its last byte.
void RunLibsignal(Fields& f) {
  const std::string pub = f.FixedOf<PublicKey>("pub").str();
  ExpectPublicKey(f, f.SecretOf("priv"));
  const std::string message = SignedMessage(f);
  f.Expect("signed_message", message);
  const Signature signature = f.FixedOf<Signature>("signature");
  const uint64_t sign = signature.data()[63] >> 7;
  f.ExpectInteger("sign_bit_in_s", sign);
  const bool verifies = Verifies(pub, message, signature.str());
  f.Check(verifies == f.Bool("verify_sign_bit_compat"), "signature: verify_sign_bit_compat differs");
  // A verifier without that form takes the bit for a part of s, which is then out of range.
  f.Check((verifies && sign == 0) == f.Bool("verify_strict_spec"), "signature: verify_strict_spec differs");

  Signature flipped = signature;
  flipped.data()[63] ^= 0x80;
  f.Expect("sign_bit_flipped", flipped.view());
  f.Check(!Verifies(pub, message, flipped.str()), "sign_bit_flipped: verified");
}

}  // namespace

void RunXeddsa(Section& section) {
  section.ForEach("sign", RunSign);
  section.ForEach("must_not_verify", [](Fields& f) {
    f.Check(!Verifies(f.Hex("pub"), f.Hex("signed_message"), f.Hex("signature")), "signature: verified");
  });
  section.Nested("libsignal_made", [](Section& nested) { nested.ForEach("vectors", RunLibsignal); });
}

// The keys that other sections use, and the signatures over them.
void RunDevices(Section& section) {
  static constexpr std::string_view kKeys[] = {"deviceKey", "epochStorageKey", "epochStorageAuthKey"};
  for (std::string_view device : {"device", "virtual_device"}) {
    section.Single(device, [device](Fields& f) {
      Fields keys = f.Object(device, Fields::Reading::kWhole);
      for (std::string_view name : kKeys) {
        if (name == "epochStorageAuthKey" && !keys.Has(name)) continue;  // a virtual device has none
        Fields pair = keys.Object(name);
        ExpectPublicKey(pair, pair.SecretOf("priv"));
      }
    });
  }
  struct Row {
    std::string_view signature, device, signed_key;
    SignatureUse use;
  };
  static constexpr Row kRows[] = {
      {"epochStorageKeySig", "device", "epochStorageKey", SignatureUse::kEpochStorageKey},
      {"epochStorageAuthKeySig", "device", "epochStorageAuthKey", SignatureUse::kEpochStorageAuthKey},
      {"vdevice_epochStorageKeySig", "virtual_device", "epochStorageKey", SignatureUse::kEpochStorageKey},
  };
  for (const Row& row : kRows) {
    section.Single(row.signature, [&row](Fields& f) {
      Fields made = f.Object(row.signature, Fields::Reading::kWhole);
      Fields device = f.Object(row.device);
      Fields signer = device.Object("deviceKey");
      Fields over = device.Object(row.signed_key);
      made.ExpectInteger("use_case_byte", static_cast<uint64_t>(row.use));
      made.Expect("data", over.Hex("pub"));
      ExpectSignature(made, signer.SecretOf("priv"));
      ExpectVerifies(made, signer.FixedOf<PublicKey>("pub"), SignedMessage(made));
    });
  }
}

}  // namespace labyrinth::vectors
