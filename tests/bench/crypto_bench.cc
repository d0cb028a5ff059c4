// The client's cryptography beside the bare calls of BoringSSL and libsodium: `./dev bench crypto`.
#include <openssl/aead.h>
#include <openssl/curve25519.h>
#include <sodium.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "crypto/labyrinth/epoch_open.h"
#include "crypto/labyrinth/epoch_testing.h"
#include "crypto/labyrinth/message.h"
#include "crypto/labyrinth/orf_client.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/system_random.h"
#include "crypto/primitives/xeddsa.h"
#include "crypto/statements/domains.h"
#include "tests/bench/paired.h"

namespace labyrinth::bench {
namespace {

using crypto::Secret;

void Expect(bool holds) {
  if (holds) return;
  std::fprintf(stderr, "crypto_bench: an answer was wrong\n");
  std::exit(1);
}

const uint8_t* Bytes(std::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

// AES-256-GCM and nothing else: context, seal or open, clean up.
class BareGcm {
 public:
  explicit BareGcm(std::size_t length) : plaintext_(length, 'm'), ciphertext_(length + 16, '\0') { Seal(); }

  void Seal() { Run(/*seal=*/true); }
  void Open() { Run(/*seal=*/false); }

 private:
  void Run(bool seal) {
    EVP_AEAD_CTX context;
    std::size_t written = 0;
    Expect(EVP_AEAD_CTX_init(&context, EVP_aead_aes_256_gcm(), Bytes(key_), key_.size(), 16, nullptr) == 1);
    std::string& out = seal ? ciphertext_ : plaintext_;
    const std::string& in = seal ? plaintext_ : ciphertext_;
    const auto call = seal ? EVP_AEAD_CTX_seal : EVP_AEAD_CTX_open;
    Expect(call(&context, reinterpret_cast<uint8_t*>(out.data()), &written, out.size(), Bytes(nonce_), nonce_.size(),
                Bytes(in), in.size(), nullptr, 0) == 1);
    EVP_AEAD_CTX_cleanup(&context);
  }

  const std::string key_ = std::string(32, 'k'), nonce_ = std::string(12, 'n');
  std::string plaintext_, ciphertext_;
};

void Messages(RandomSource& random) {
  const crypto::Epoch epoch = crypto::MakeFirstEpoch(7, random);
  for (const std::size_t length : {std::size_t{100}, std::size_t{1024}, std::size_t{65536}}) {
    const std::string data(length, 'm');
    const std::string sealed = *crypto::EncryptMessage(epoch, "thread", data, random);
    BareGcm gcm(sealed.size());
    const std::string size = length == 100 ? "100 B" : length == 1024 ? "1 KiB" : "64 KiB";
    Compare(
        "encrypt message, " + size, [&] { Expect(crypto::EncryptMessage(epoch, "thread", data, random).ok()); },
        [&] { gcm.Seal(); });
    Compare(
        "decrypt message, " + size,
        [&] { Expect(crypto::DecryptMessage(epoch, crypto::kCipherVersion, "thread", sealed).ok()); },
        [&] { gcm.Open(); });
  }
}

// What opening an epoch can't do without, for each member: two signatures' verification, two shared secrets, one more
// public key (the ephemeral one) and one sealed entropy.
void OpenEpochFor(std::size_t devices, RandomSource& random) {
  const crypto::Epoch epoch = crypto::MakeFirstEpoch(7, random);
  std::vector<crypto::DeviceSecrets> members;
  std::vector<crypto::EpochCandidate> candidates;
  for (std::size_t i = 0; i < devices; ++i) {
    members.push_back(crypto::MakeDevice(crypto::SubjectKind::kPhysical, random));
    candidates.push_back(crypto::CandidateIn(epoch, members.back()));
  }
  uint8_t public_key[32], private_key[64], signature[64], shared[32];
  ED25519_keypair(public_key, private_key);
  Expect(ED25519_sign(signature, Bytes("data"), 4, private_key) == 1);
  uint8_t peer_public[32], peer_private[32];
  X25519_keypair(peer_public, peer_private);
  BareGcm gcm(32);
  Compare(
      "open epoch, " + std::to_string(devices) + " devices",
      [&] {
        const auto opened = crypto::OpenEpoch(epoch, members[0], candidates, random);
        Expect(opened.ok() && opened->members.size() == devices);
      },
      [&] {
        for (std::size_t i = 0; i < devices; ++i) {
          for (int n = 0; n < 2; ++n) Expect(ED25519_verify(Bytes("data"), 4, signature, public_key) == 1);
          for (int n = 0; n < 2; ++n) Expect(X25519(shared, peer_private, peer_public) == 1);
          X25519_public_from_private(shared, peer_private);
          gcm.Seal();
        }
      });
}

void OrfMap(RandomSource& random) {
  const auto state = crypto::OrfClientState::Generate(random);
  const std::string input(16, 'a');
  uint8_t hash[64] = {1}, scalar[32], point[32], mapped[32];
  crypto_core_ristretto255_scalar_random(scalar);
  Compare(
      "ORF map, client", [&] { Expect(!state.Map(crypto::domains::kAttachmentReference, input).view().empty()); },
      [&] {
        crypto_core_ristretto255_from_hash(point, hash);
        Expect(crypto_scalarmult_ristretto255(mapped, scalar, point) == 0);
      });
}

void Signatures(RandomSource& random) {
  const auto pair = crypto::KeyPair::Generate(random);
  const std::string data(250, 'e');
  const auto signature = *crypto::Sign(pair.private_key, crypto::SignatureUse::kLogEntry, data, random);
  uint8_t public_key[32], private_key[64], ed25519[64];
  ED25519_keypair(public_key, private_key);
  Expect(ED25519_sign(ed25519, Bytes(data), data.size(), private_key) == 1);
  Compare(
      "XEdDSA verify",
      [&] { Expect(crypto::Verify(pair.public_key, crypto::SignatureUse::kLogEntry, data, signature).ok()); },
      [&] { Expect(ED25519_verify(Bytes(data), data.size(), ed25519, public_key) == 1); });
  Compare(
      "XEdDSA sign",
      [&] { Expect(crypto::Sign(pair.private_key, crypto::SignatureUse::kLogEntry, data, random).ok()); },
      [&] { Expect(ED25519_sign(ed25519, Bytes(data), data.size(), private_key) == 1); });
}

int Main() {
  Expect(sodium_init() >= 0);
  crypto::SystemRandom random;
  PrintHeading();
  Messages(random);
  OpenEpochFor(2, random);
  OpenEpochFor(32, random);
  OrfMap(random);
  Signatures(random);
  return 0;
}

}  // namespace
}  // namespace labyrinth::bench

int main() { return labyrinth::bench::Main(); }
