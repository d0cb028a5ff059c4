// Runs the cryptography on secrets that memcheck takes for uninitialised: it then reports every branch and every memory
// address that depends on one, which is what a timing attack needs. What may depend on a secret (whether a MAC held)
// is listed, with its reason, in public_outcomes.supp. Under valgrind alone; `./dev consttime` runs it.
#include <fmt/format.h>
#include <valgrind/memcheck.h>

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <string_view>

#include "common/random.h"
#include "crypto/labyrinth/cpace.h"
#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/labyrinth/gf32.h"
#include "crypto/labyrinth/hpke.h"
#include "crypto/labyrinth/orf_client.h"
#include "crypto/labyrinth/recovery_code.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/ristretto.h"
#include "crypto/primitives/secret.h"
#include "crypto/primitives/x25519.h"
#include "crypto/primitives/xeddsa.h"

namespace labyrinth::crypto {
namespace {

// The bytes stay what they are; memcheck takes them for unknown, and whatever is computed from them.
void Taint(void* data, std::size_t size) { VALGRIND_MAKE_MEM_UNDEFINED(data, size); }
void Taint(Secret& secret) { Taint(secret.MutableSecret().data(), secret.size()); }

// What leaves the device, or is an outcome: public from here on.
void Publish(const void* data, std::size_t size) { VALGRIND_MAKE_MEM_DEFINED(data, size); }
void Publish(std::string_view bytes) { Publish(bytes.data(), bytes.size()); }

Secret TaintedSecret(std::size_t size, uint8_t seed) {
  Secret secret(size);
  for (std::size_t i = 0; i < size; ++i) secret.MutableSecret()[i] = static_cast<uint8_t>(seed * 31 + i * 7 + 1);
  Taint(secret);
  return secret;
}

// Everything that is drawn is secret.
class TaintedRandom final : public RandomSource {
 public:
  void Fill(std::span<uint8_t> out) override {
    for (uint8_t& byte : out) {
      state_ = state_ * 1'103'515'245 + 12'345;
      byte = static_cast<uint8_t>(state_ >> 16);
    }
    Taint(out.data(), out.size());
  }

 private:
  uint32_t state_ = 1;
};

KeyPair TaintedPair(uint8_t seed) {
  auto pair = KeyPair::FromPrivate(TaintedSecret(32, seed));
  Publish(pair->public_key.view());
  return *std::move(pair);
}

Epoch TaintedEpoch() { return {EpochId(5), 3, TaintedSecret(32, 9)}; }

// Without a secret in the argument of a branch, these would say nothing: what a check computed is used.
volatile int g_sink;
void Use(std::string_view bytes) { g_sink = static_cast<int>(bytes.size()); }

void Comparisons() {
  const Secret a = TaintedSecret(32, 1), b = TaintedSecret(32, 2);
  bool equal = ConstantTimeEquals(a.RevealSecret(), b.RevealSecret());
  Publish(&equal, sizeof(equal));
  g_sink = equal;
  bool verified = VerifyMac("data", a, std::string(32, 'x'));
  Publish(&verified, sizeof(verified));
  g_sink = verified;
}

void Hashing() {
  const Secret key = TaintedSecret(32, 1);
  Use(Mac("data", key).view());
  Use(Kdf(key, std::string_view(), "info", 64).RevealSecret());
}

void KeyAgreement() {
  const KeyPair ours = TaintedPair(1), theirs = TaintedPair(2);
  auto shared = X25519SharedSecret(ours.private_key, theirs.public_key);
  Use(shared->RevealSecret());
  TaintedRandom random;
  auto sealed =
      PkEncrypt(theirs.public_key, ours, TaintedSecret(32, 3), "aad", TaintedSecret(32, 4).RevealSecret(), random);
  Publish(*sealed);
  auto opened = PkDecrypt(theirs, ours.public_key, TaintedSecret(32, 3), "aad", *sealed);
  Use(opened.ok() ? opened->RevealSecret() : "");
}

void Signatures() {
  TaintedRandom random;
  const KeyPair pair = TaintedPair(1);
  const auto signature = Sign(pair.private_key, SignatureUse::kLogEntry, "public statement", random);
  Use(signature->view());
}

void Ciphers() {
  TaintedRandom random;
  const Secret key = TaintedSecret(32, 1), text = TaintedSecret(100, 2);
  auto ciphertext = Encrypt(key, "aad", text.RevealSecret(), random);
  Publish(*ciphertext);
  const auto opened = Decrypt(key, "aad", *ciphertext);
  Use(opened.ok() ? opened->RevealSecret() : "");
}

void Orf() {
  TaintedRandom random;
  const OrfClientState state = OrfClientState::Generate(random);
  // The input and the scalar apart, since a point that comes from outside is looked at before it is multiplied.
  Use(HashToCurve(TaintedSecret(32, 1).RevealSecret()).view());
  Use(state.Map("domain", "input").view());
  Use(state.Evolve(random).token.bytes().RevealSecret());
}

void EpochKeys() {
  const Epoch epoch = TaintedEpoch();
  const EpochChainingKeys keys = DeriveEpochChainingKeys(epoch);
  Use(DeriveEpochRootKey(TaintedSecret(32, 8), keys.chaining_key).RevealSecret());
  bool held = VerifyEpochDeviceMac(epoch, TaintedPair(1).public_key, MacTag());
  Publish(&held, sizeof(held));
  g_sink = held;
}

void RecoveryCodes() {
  TaintedRandom random;
  const RecoveryCode code = RecoveryCode::Generate(random);
  const RecoveryKeys keys = code.Derive("alice");
  Use(keys.decryption_key.RevealSecret());
  Use(code.Formatted().RevealSecret());
  gf32::Element a = 17, b = 23;
  Taint(&a, sizeof(a));
  Taint(&b, sizeof(b));
  g_sink = gf32::Multiply(a, b) + gf32::Inverse(a);
}

void OneTimeCodes() {
  TaintedRandom random;
  const Secret digits = Secret::CopyOf("123456");
  Secret tainted = digits.Clone();
  Taint(tainted);
  // As above: the digits up to the generator, then the scalars.
  Use(cpace::Generator(tainted, "channel", "session").view());
  CpaceRun ours = CpaceRun::Start(CpaceRun::Role::kInitiator, digits, "channel", "session", random);
  CpaceRun theirs = CpaceRun::Start(CpaceRun::Role::kResponder, digits, "channel", "session", random);
  Publish(ours.share().view());
  Publish(theirs.share().view());
  auto key = ours.Finish("A", theirs.share().view(), "B");
  Use(key.ok() ? key->RevealSecret() : "");
}

// What must be reported, or a clean run would mean nothing.
void Canary() {
  const Secret a = TaintedSecret(32, 1);
  if (a.RevealSecret()[3] == 'x') g_sink = 1;
  static constexpr int kTable[256] = {};
  g_sink = kTable[static_cast<uint8_t>(a.RevealSecret()[4])];
}

int Run(std::string_view only) {
  if (RUNNING_ON_VALGRIND == 0) {
    fmt::print(stderr, "consttime: proves nothing outside of valgrind: ./dev consttime\n");
    return 2;
  }
  const struct {
    const char* name;
    void (*run)();
  } parts[] = {{"comparisons", Comparisons},
               {"hashing", Hashing},
               {"key agreement", KeyAgreement},
               {"signatures", Signatures},
               {"ciphers", Ciphers},
               {"orf", Orf},
               {"epoch keys", EpochKeys},
               {"recovery codes", RecoveryCodes},
               {"one-time codes", OneTimeCodes}};
  if (only == "--canary") {
    Canary();
    return 0;
  }
  for (const auto& part : parts) {
    const unsigned long before = VALGRIND_COUNT_ERRORS;
    part.run();
    fmt::print("{}: {}\n", part.name, VALGRIND_COUNT_ERRORS == before ? "ok" : "DEPENDS ON A SECRET");
  }
  return 0;
}

}  // namespace
}  // namespace labyrinth::crypto

int main(int argc, char** argv) { return labyrinth::crypto::Run(argc > 1 ? argv[1] : ""); }
