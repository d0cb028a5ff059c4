#include <algorithm>
#include <optional>

#include "crypto/labyrinth/hpke.h"
#include "crypto/primitives/x25519.h"
#include "tools/vectors/case_random.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {
namespace {

using crypto::KeyPair;
using crypto::PublicKey;
using crypto::Secret;

// The base point's u-coordinate: what makes an agreement a public key.
bool IsBasePoint(const PublicKey& u) {
  PublicKey base;
  base.data()[0] = 9;
  return u == base;
}

// The inputs of one HPKE case; `changes` overrides those of vector 0.
struct HpkeInputs {
  explicit HpkeInputs(Fields& f)
      : recipient_priv(f.Hex("recipient_enc_priv")),
        recipient_pub(f.FixedOf<PublicKey>("recipient_enc_pub")),
        sender_priv(f.Hex("sender_auth_priv")),
        sender_pub(f.FixedOf<PublicKey>("sender_auth_pub")),
        ephemeral_priv(f.Hex("ephemeral_priv")),
        psk(f.Hex("psk")),
        aad(f.Hex("aad")),
        plaintext(f.Hex("plaintext")),
        output(f.Hex("output")) {}

  void Change(Fields& f) {
    if (f.Has("recipient_enc_priv")) recipient_priv = f.Hex("recipient_enc_priv");
    if (f.Has("recipient_enc_pub")) recipient_pub = f.FixedOf<PublicKey>("recipient_enc_pub");
    if (f.Has("sender_auth_priv")) sender_priv = f.Hex("sender_auth_priv");
    if (f.Has("sender_auth_pub")) sender_pub = f.FixedOf<PublicKey>("sender_auth_pub");
    if (f.Has("psk")) psk = f.Hex("psk");
    if (f.Has("psk_len")) psk = std::string(std::min<uint64_t>(f.Integer("psk_len"), 1 << 20), '\x01');
    if (f.Has("aad")) aad = f.Hex("aad");
    if (f.Has("plaintext")) plaintext = f.Hex("plaintext");
    if (f.Has("output")) output = f.Hex("output");
  }

  KeyPair Sender() const { return {Secret::CopyOf(sender_priv), sender_pub}; }
  KeyPair Recipient() const { return {Secret::CopyOf(recipient_priv), recipient_pub}; }

  absl::StatusOr<std::string> Encrypt(RandomSource& random) const {
    return crypto::PkEncrypt(recipient_pub, Sender(), Secret::CopyOf(psk), aad, plaintext, random);
  }
  absl::StatusOr<Secret> Decrypt() const {
    return crypto::PkDecrypt(Recipient(), sender_pub, Secret::CopyOf(psk), aad, output);
  }

  std::string recipient_priv;
  PublicKey recipient_pub;
  std::string sender_priv;
  PublicKey sender_pub;
  std::string ephemeral_priv;
  std::string psk, aad, plaintext, output;
};

void RunHpkeVector(Fields& f) {
  const HpkeInputs in(f);
  const absl::StatusOr<KeyPair> recipient = KeyPair::FromPrivate(Secret::CopyOf(in.recipient_priv));
  const absl::StatusOr<KeyPair> sender = KeyPair::FromPrivate(Secret::CopyOf(in.sender_priv));
  const absl::StatusOr<KeyPair> ephemeral = KeyPair::FromPrivate(Secret::CopyOf(in.ephemeral_priv));
  if (!f.Ok(recipient, "recipient_enc_priv") || !f.Ok(sender, "sender_auth_priv") ||
      !f.Ok(ephemeral, "ephemeral_priv")) {
    return;
  }
  f.Expect("recipient_enc_pub", recipient->public_key.view());
  f.Expect("sender_auth_pub", sender->public_key.view());
  f.Expect("ephemeral_pub", ephemeral->public_key.view());

  const absl::StatusOr<Secret> id_id = crypto::X25519SharedSecret(sender->private_key, in.recipient_pub);
  const absl::StatusOr<Secret> id_ephem = crypto::X25519SharedSecret(ephemeral->private_key, in.recipient_pub);
  f.Expect("id_id", id_id);
  f.Expect("id_ephem", id_ephem);
  if (!id_id.ok() || !id_ephem.ok()) return;
  const std::string inner_aad =
      crypto::hpke_steps::InnerAad(in.sender_pub, in.recipient_pub, ephemeral->public_key, in.aad);
  f.Expect("inner_aad", inner_aad);
  f.Expect("subkey", crypto::hpke_steps::Subkey(*id_id, *id_ephem, Secret::CopyOf(in.psk), inner_aad));

  CaseRandom random(in.ephemeral_priv, f.outcome());
  f.Expect("output", in.Encrypt(random));
  f.Expect("plaintext", in.Decrypt());
}

}  // namespace

void RunX25519(Section& section) {
  section.ForEach("vectors", [](Fields& f) {
    const Secret scalar = f.SecretOf("scalar");
    const PublicKey u = f.FixedOf<PublicKey>("u");
    f.Expect("out", crypto::X25519SharedSecret(scalar, u));
    if (!IsBasePoint(u)) return;
    const absl::StatusOr<KeyPair> pair = KeyPair::FromPrivate(scalar.Clone());
    if (f.Ok(pair, "scalar")) f.Expect("out", pair->public_key.view());
  });
  section.ForEachHex("small_order_u_must_be_rejected", [](const std::string& bytes, Outcome& outcome) {
    const std::optional<PublicKey> u = PublicKey::From(bytes);
    if (!u.has_value()) return outcome.Fail("not 32 bytes");
    if (crypto::X25519SharedSecret(Secret::CopyOf(std::string(32, '\x55')), *u).ok()) outcome.Fail("agreed upon");
    if (!crypto::IsBadPublicKey(*u)) outcome.Fail("not known as a bad public key");
  });
}

void RunHpke(Section& section) {
  section.ForEach("vectors", RunHpkeVector);
  // Both lists change single inputs of vector 0.
  section.ForEach("must_fail_encrypt", [&section](Fields& f) {
    Fields first = section.First("vectors", f.outcome());
    HpkeInputs in(first);
    in.Change(f);
    // Whether an ephemeral key is drawn before the refusal is nobody's concern.
    Outcome drawing;
    CaseRandom random(in.ephemeral_priv, drawing);
    f.ExpectRefused(in.Encrypt(random), "pk_encrypt");
  });
  section.ForEach("must_fail_decrypt_from_vector_0", [&section](Fields& f) {
    Fields first = section.First("vectors", f.outcome());
    HpkeInputs in(first);
    Fields changes = f.Object("changes");
    in.Change(changes);
    f.ExpectRefused(in.Decrypt(), "pk_decrypt");
  });
}

}  // namespace labyrinth::vectors
