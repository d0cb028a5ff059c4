#include "crypto/labyrinth/recovery_code.h"

#include <catch2/catch.hpp>
#include <set>

#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

Secret Typed(std::string_view text) { return Secret::CopyOf(text); }

std::string Text(const Secret& secret) { return std::string(secret.RevealSecret()); }

TEST_CASE("a generated code has its form, its check symbols hold, and it is read back from print") {
  SeededRandom random(61);
  std::set<char> seen;
  for (int round = 0; round < 200; ++round) {
    const RecoveryCode code = RecoveryCode::Generate(random);
    const std::string text = Text(code.characters());
    REQUIRE(text.size() == kRecoveryCodeCharacters);
    CHECK(text.substr(0, 2) == "20");
    CHECK(text.find_first_not_of(kRecoveryAlphabet) == std::string::npos);
    CHECK(code.version() == 2);
    CHECK(code.CheckSymbolsHold());
    seen.insert(text.begin() + 2, text.end());

    const std::string printed = Text(code.Formatted());
    CHECK(printed.size() == 47);
    CHECK(printed[5] == '-');
    CHECK(printed[41] == '-');
    const auto again = RecoveryCode::Parse(Typed(printed));
    REQUIRE(again.ok());
    CHECK(Text(again->characters()) == text);
  }
  CHECK(seen.size() == kRecoveryAlphabet.size());
}

TEST_CASE("any one to three changed characters break the check symbols") {
  SeededRandom random(62);
  const RecoveryCode code = RecoveryCode::Generate(random);
  for (int round = 0; round < 2000; ++round) {
    Secret changed = code.characters().Clone();
    const std::string dice = random.Bytes(6);
    const std::size_t errors = 1 + static_cast<std::size_t>(round % 3);
    for (std::size_t i = 0; i < errors; ++i) {
      const std::size_t at = 2 + static_cast<uint8_t>(dice[2 * i]) % 38;
      changed.MutableSecret()[at] = static_cast<uint8_t>(kRecoveryAlphabet[dice[2 * i + 1] & 31]);
    }
    const bool same = Text(changed) == Text(code.characters());
    CHECK(RecoveryCode::Parse(changed)->CheckSymbolsHold() == same);
  }
}

TEST_CASE("what people type is normalised") {
  CHECK(Text(RecoveryCode::Normalise(Typed("bgio"))) == "8C10");
  CHECK(Text(RecoveryCode::Normalise(Typed("20ac-defh\tjklm\r\n"))) == "20ACDEFHJKLM");
  CHECK(Text(RecoveryCode::Normalise(Typed(" 2 0 A "))) == "20A");
  CHECK(Text(RecoveryCode::Normalise(Typed(""))).empty());

  SeededRandom random(63);
  const RecoveryCode code = RecoveryCode::Generate(random);
  std::string sloppy = Text(code.Formatted());
  for (char& c : sloppy) {
    c = c == '8' ? 'b' : c == 'C' ? 'g' : c == '1' ? 'i' : c == '0' ? 'o' : static_cast<char>(std::tolower(c));
  }
  const auto parsed = RecoveryCode::Parse(Typed(sloppy));
  REQUIRE(parsed.ok());
  CHECK(Text(parsed->characters()) == Text(code.characters()));
}

TEST_CASE("what isn't a code is refused, with the reason") {
  const std::string entropy(38, 'A');
  const auto reason = [](std::string_view text) {
    const auto code = RecoveryCode::Parse(Typed(text));
    CHECK(code.status().code() == absl::StatusCode::kInvalidArgument);
    return std::string(code.status().message());
  };
  CHECK_THAT(reason(""), Catch::Contains("not 0"));
  CHECK_THAT(reason("20" + entropy.substr(1)), Catch::Contains("not 39"));
  CHECK_THAT(reason("20" + entropy + "A"), Catch::Contains("not 41"));
  CHECK_THAT(reason("30" + entropy), Catch::Contains("version"));
  CHECK_THAT(reason("00" + entropy), Catch::Contains("version"));
  CHECK_THAT(reason("21" + entropy), Catch::Contains("second character"));
  CHECK_THAT(reason("20!" + entropy.substr(1)), Catch::Contains("no such character"));
  CHECK_THAT(reason("20" + entropy.substr(2) + "\xc3\x84"), Catch::Contains("no such character"));
  CHECK_THAT(reason(std::string(100'000, '2')), Catch::Contains("40 characters"));
  // The reason doesn't repeat what was typed.
  CHECK(reason("20" + entropy.substr(1)).find("AAAA") == std::string::npos);
}

TEST_CASE("a code is read whatever its check symbols, and version 1 for import") {
  const auto foreign = RecoveryCode::Parse(Typed("20KDNXYV7SQL7VE82AJ55VDVFREJNF6V5M9T778Y"));
  REQUIRE(foreign.ok());
  CHECK_FALSE(foreign->CheckSymbolsHold());
  CHECK(foreign->Derive("4").virtual_device_id.size() == 16);

  const auto imported = RecoveryCode::Parse(Typed("10JLXQC7EP7WP8UCW2U2DQ1P5SJUA7PZ1CVWXL2E"));
  REQUIRE(imported.ok());
  CHECK(imported->version() == 1);
  CHECK_FALSE(imported->CheckSymbolsHold());
  CHECK(imported->Derive("4").virtual_device_id.size() == 8);
}

TEST_CASE("a code yields other keys for another account, and for other entropy") {
  SeededRandom random(64);
  const RecoveryCode code = RecoveryCode::Generate(random);
  const RecoveryCode other = RecoveryCode::Generate(random);
  const RecoveryKeys keys = code.Derive("account-1");
  CHECK(keys.decryption_key.size() == 32);
  CHECK(code.Derive("account-1").virtual_device_id == keys.virtual_device_id);
  CHECK(code.Derive("account-2").virtual_device_id != keys.virtual_device_id);
  CHECK(other.Derive("account-1").virtual_device_id != keys.virtual_device_id);
  CHECK(code.Clone().Derive("account-1").decryption_key.RevealSecret() == keys.decryption_key.RevealSecret());
}

}  // namespace
}  // namespace labyrinth::crypto
