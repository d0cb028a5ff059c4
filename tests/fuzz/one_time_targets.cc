// What the two devices of a one-time code decode (protocol section 4).
#include "common/limits.h"
#include "crypto/labyrinth/one_time_testing.h"
#include "crypto/primitives/aead.h"
#include "tests/fuzz/fuzz_target.h"

namespace labyrinth::fuzz {
namespace {

using crypto::OneTimeFixture;

void RunTyped(std::string_view input) {
  const auto code = crypto::OneTimeCode::Parse(crypto::Secret::CopyOf(input));
  if (!code.ok()) return;
  Require(code->digits().size() == crypto::kOneTimeCodeDigits, "a code has six digits");
  const auto again = crypto::OneTimeCode::Parse(code->Formatted());
  Require(again.ok() && again->digits().RevealSecret() == code->digits().RevealSecret(),
          "a code that was shown reads the same");
}

std::vector<std::string> TypedSeeds() { return {"123456", "123 456", " 0-0-0-0-0-0\n", "12345"}; }

// The relay's bytes for START.
void RunStart(std::string_view input) {
  OneTimeFixture f(30);
  auto member = f.OldDevice();
  const auto answer = member.Answer(input);
  Require(answer.ok() == crypto::ParsePoint(input).ok(), "a share is an element and not the identity");
  if (answer.ok()) Require(crypto::DecodeOneTimeAnswer(*answer).ok(), "an answer is one");
}

std::vector<std::string> StartSeeds() { return {OneTimeFixture(31).NewDevice().StartPayload()}; }

// The relay's bytes for ANSWER.
void RunAnswer(std::string_view input) {
  const auto answer = crypto::DecodeOneTimeAnswer(input);
  if (!answer.ok()) return;
  Require(answer->share + answer->associated_data == input, "an answer keeps its bytes");
  Require(crypto::EncodeOldDeviceData(answer->old_device) == answer->associated_data, "and reads as it was written");
  OneTimeFixture f(32);
  auto joining = f.NewDevice();
  const auto confirm = joining.Confirm(input);
  Require(confirm.ok() == crypto::ParsePoint(answer->share).ok(), "a share is an element and not the identity");
  Require(!joining.OpenGrant(std::string(700, 'g')).ok(), "nothing opens without the code");
}

std::vector<std::string> AnswerSeeds() {
  OneTimeFixture f(33);
  return {*f.OldDevice().Answer(f.NewDevice().StartPayload())};
}

// A run in which the old device holds the code and says what it likes.
struct Liar {
  OneTimeFixture f{34};
  crypto::OneTimeNewDevice joining = f.NewDevice();
  crypto::Sha512Digest transcript;
  crypto::OneTimeKeys keys = Answer();

  crypto::OneTimeKeys Answer() {
    auto run =
        crypto::CpaceRun::Start(crypto::CpaceRun::Role::kResponder, f.code.digits(), crypto::OneTimeChannelId(f.inputs),
                                crypto::OneTimeSessionId(f.inputs).view(), f.random);
    const std::string start = joining.StartPayload(), adb = crypto::EncodeOldDeviceData(f.self);
    const std::string ada = *crypto::EncodeNewDeviceData(f.new_secrets.public_keys);
    const auto key = run.Finish(adb, start, ada);
    transcript = crypto::OneTimeTranscript(f.inputs, start, ada, run.share().view(), adb);
    Require(joining.Confirm(crypto::EncodeOneTimeAnswer(run.share(), adb)).ok(), "the new device confirms");
    return crypto::DeriveOneTimeKeys(*key, crypto::OneTimeSessionId(f.inputs));
  }

  std::string Seal(std::string_view plaintext) {
    const auto sealed =
        crypto::EncryptPadded(keys.bundle_key, crypto::OneTimeBundleAad(transcript), plaintext, f.random);
    return crypto::EncodeOneTimeGrant(crypto::OldDeviceMac(keys, transcript), *sealed);
  }
};

// The input as the relay's bytes for GRANT, and as what a lying old device encrypted.
void RunGrant(std::string_view input) {
  const auto grant = crypto::DecodeOneTimeGrant(input);
  if (grant.ok()) Require(grant->mac + grant->encrypted_bundle == input, "a grant keeps its bytes");

  const auto bundle = crypto::DecodeOneTimeBundle(crypto::Secret::CopyOf(input));
  if (!bundle.ok()) return;
  const auto encoded = crypto::EncodeOneTimeBundle(*bundle);
  Require(encoded.ok() && encoded->RevealSecret() == input, "a bundle reads as it was written");
  Liar liar;
  const auto opened = liar.joining.OpenGrant(liar.Seal(input));
  if (!opened.ok()) return;
  const auto entry = crypto::DecodeLogEntry(opened->add_entry.entry);
  Require(entry.ok() && entry->subject_device_key == liar.f.new_secrets.public_keys.device_key,
          "the new device takes its own Add entry alone");
}

std::vector<std::string> GrantSeeds() {
  Liar liar;
  const auto plaintext = crypto::EncodeOneTimeBundle(liar.f.Bundle());
  return {std::string(plaintext->RevealSecret()), liar.Seal(plaintext->RevealSecret())};
}

constexpr FuzzTarget kTargets[] = {
    {"one_time_code", TypedSeeds, RunTyped},
    {"one_time_start", StartSeeds, RunStart},
    {"one_time_answer", AnswerSeeds, RunAnswer},
    {"one_time_grant", GrantSeeds, RunGrant},
};

}  // namespace

std::span<const FuzzTarget> OneTimeTargets() { return kTargets; }

}  // namespace labyrinth::fuzz
