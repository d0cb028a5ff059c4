#include "crypto/labyrinth/recovery_correction.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

constexpr std::string_view kAccount = "account-1";

std::string Text(const RecoveryCode& code) { return std::string(code.characters().RevealSecret()); }

VirtualDeviceCheck CheckFor(const RecoveryCode& code) { return CheckOf(code.Derive(kAccount).virtual_device_id); }

// `code` with exactly `errors` of its last 38 characters changed.
RecoveryCode Mistype(const RecoveryCode& code, int errors, RandomSource& random) {
  Secret text = code.characters().Clone();
  std::set<std::size_t> positions;
  while (static_cast<int>(positions.size()) < errors) {
    positions.insert(2 + static_cast<uint8_t>(random.Bytes(1)[0]) % 38);
  }
  for (const std::size_t at : positions) {
    const std::size_t value = kRecoveryAlphabet.find(static_cast<char>(text.MutableSecret()[at]));
    const std::size_t wrong = (value + 1 + static_cast<uint8_t>(random.Bytes(1)[0]) % 31) % 32;
    text.MutableSecret()[at] = static_cast<uint8_t>(kRecoveryAlphabet[wrong]);
  }
  return *RecoveryCode::Parse(text);
}

int Distance(const RecoveryCode& a, const RecoveryCode& b) {
  int out = 0;
  for (std::size_t i = 0; i < kRecoveryCodeCharacters; ++i) out += Text(a)[i] != Text(b)[i];
  return out;
}

TEST_CASE("up to three mistyped characters are corrected") {
  SeededRandom random(71);
  for (int round = 0; round < 8; ++round) {
    for (int errors = 0; errors <= 3; ++errors) {
      const RecoveryCode code = RecoveryCode::Generate(random);
      const RecoveryCode other = RecoveryCode::Generate(random);
      const RecoveryCode typed = Mistype(code, errors, random);
      const std::vector<VirtualDeviceCheck> checks = {CheckFor(other), CheckFor(code)};
      const auto corrected = CorrectCode(typed, kAccount, checks);
      REQUIRE(corrected.has_value());
      CHECK(Text(corrected->code) == Text(code));
      CHECK(corrected->corrections == errors);
    }
  }
}

TEST_CASE("candidates come lightest first, each once, each as far from what was typed as it says") {
  SeededRandom random(72);
  for (int errors = 0; errors <= 3; ++errors) {
    const RecoveryCode typed = Mistype(RecoveryCode::Generate(random), errors, random);
    const auto candidates = CorrectionCandidates(typed);
    REQUIRE_FALSE(candidates.empty());
    CHECK(Text(candidates[0].code) == Text(typed));
    CHECK(candidates[0].corrections == 0);
    // About 1 in 32 of 8,436 triples satisfies the fourth equation.
    CHECK(candidates.size() < 400);
    if (errors != 0) CHECK(candidates.size() > 100);
    std::set<std::string> seen;
    int last = 0;
    for (const CorrectionCandidate& candidate : candidates) {
      CHECK(candidate.corrections >= last);
      last = candidate.corrections;
      CHECK(Distance(candidate.code, typed) == candidate.corrections);
      CHECK(seen.insert(Text(candidate.code)).second);
      if (candidate.corrections != 0) CHECK(candidate.code.CheckSymbolsHold());
    }
  }
}

TEST_CASE("a right code has itself alone: every other is at least four characters away") {
  SeededRandom random(73);
  CHECK(CorrectionCandidates(RecoveryCode::Generate(random)).size() == 1);
}

TEST_CASE("another code, another account, too many mistakes: nothing is found") {
  SeededRandom random(74);
  const RecoveryCode code = RecoveryCode::Generate(random);
  const std::vector<VirtualDeviceCheck> checks = {CheckFor(code)};
  CHECK_FALSE(CorrectCode(RecoveryCode::Generate(random), kAccount, checks).has_value());
  CHECK_FALSE(CorrectCode(code, "account-2", checks).has_value());
  CHECK_FALSE(CorrectCode(code, kAccount, {}).has_value());
  CHECK_FALSE(CorrectCode(Mistype(code, 6, random), kAccount, checks).has_value());
}

TEST_CASE("a code of another implementation, or of version 1, is found as typed") {
  for (const std::string_view text :
       {"20KDNXYV7SQL7VE82AJ55VDVFREJNF6V5M9T778Y", "10JLXQC7EP7WP8UCW2U2DQ1P5SJUA7PZ1CVWXL2E"}) {
    const auto code = RecoveryCode::Parse(Secret::CopyOf(text));
    REQUIRE(code.ok());
    const std::vector<VirtualDeviceCheck> checks = {CheckFor(*code)};
    const auto found = CorrectCode(*code, kAccount, checks);
    REQUIRE(found.has_value());
    CHECK(found->corrections == 0);
  }
  const auto version_1 =
      RecoveryCode::Parse(Secret::CopyOf(std::string_view("10JLXQC7EP7WP8UCW2U2DQ1P5SJUA7PZ1CVWXL2E")));
  CHECK(CorrectionCandidates(*version_1).size() == 1);
}

}  // namespace
}  // namespace labyrinth::crypto
