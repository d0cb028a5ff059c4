#include "crypto/primitives/aead.h"
#include "crypto/primitives/padding.h"
#include "tools/vectors/case_random.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {

using crypto::Secret;

void RunHChaCha20(Section& section) {
  section.ForEach("", [](Fields& f) { f.Expect("subkey", crypto::HChaCha20(f.SecretOf("key"), f.Hex("nonce16"))); });
}

// nonce28 || ciphertext || tag16, without padding.
void RunAesGcmExtended(Section& section) {
  section.ForEach("vectors", [](Fields& f) {
    const Secret key = f.SecretOf("key");
    const std::string nonce = f.Hex("nonce28");
    const std::string aad = f.Hex("aad");
    const std::string plaintext = f.Hex("plaintext");
    if (nonce.size() != crypto::kExtendedNonceBytes) return f.Fail("nonce28", "not 28 bytes");
    const absl::StatusOr<Secret> subkey = crypto::HChaCha20(key, std::string_view(nonce).substr(0, 16));
    f.Expect("subkey", subkey);
    f.Expect("subnonce", nonce.substr(16));
    CaseRandom random(nonce, f.outcome());
    f.Expect("output", crypto::Encrypt(key, aad, plaintext, random));
    f.Expect("plaintext", crypto::Decrypt(key, aad, f.Hex("output")));
  });
  section.ForEach("must_fail_decrypt", [](Fields& f) {
    f.ExpectRefused(crypto::Decrypt(f.SecretOf("key"), f.Hex("aad"), f.Hex("input")), "input");
  });
}

void RunPadding(Section& section) {
  section.ForEach("lengths", [](Fields& f) {
    constexpr uint64_t kBelow = uint64_t{1} << 32;
    constexpr uint64_t kWorthMaking = 1 << 20;
    const uint64_t length = f.Integer("length");
    if (length >= kBelow) return f.Fail("length", "over the 32-bit prefix");
    f.ExpectInteger("padded", crypto::PaddedLength(length));
    f.ExpectInteger("total_with_prefix", length <= kWorthMaking ? crypto::Pad(std::string(length, 'x')).size()
                                                                : crypto::PaddedLength(length) + 4);
  });
  section.ForEach("zero_fill_vectors", [](Fields& f) {
    f.Expect("padded", crypto::Pad(f.Hex("plaintext")));
    f.Expect("plaintext", crypto::Unpad(f.Hex("padded")));
  });
  section.ForEach("must_unpad", [](Fields& f) { f.Expect("plaintext", crypto::Unpad(f.Hex("padded"))); });
  section.ForEach("must_fail_unpad", [](Fields& f) { f.ExpectRefused(crypto::Unpad(f.Hex("padded")), "padded"); });
}

}  // namespace labyrinth::vectors
