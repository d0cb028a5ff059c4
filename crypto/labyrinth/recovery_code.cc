#include "crypto/labyrinth/recovery_code.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "crypto/labyrinth/gf32.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/domains.h"

namespace labyrinth::crypto {
namespace {

constexpr char kVersion = '2';
constexpr char kImportVersion = '1';
constexpr char kIdentifier = '0';
constexpr std::size_t kPrefixCharacters = 2;  // version and identifier
constexpr std::size_t kEntropyCharacters = 34;
constexpr std::size_t kImportEntropyCharacters = 35;
constexpr std::size_t kVirtualDeviceIdBytes = 16;
constexpr std::size_t kImportVirtualDeviceIdBytes = 8;
constexpr std::size_t kDecryptionKeyBytes = 32;
constexpr std::size_t kGroupCharacters = 5;
// Far above a code with any spacing; keeps a pasted file from being worked on.
constexpr std::size_t kMaxTypedBytes = 1024;

using Word = std::array<gf32::Element, gf32::kColumns>;

// 0xff where the two are equal, else 0; below 2^8 both.
uint8_t EqualMask(unsigned a, unsigned b) { return static_cast<uint8_t>(((a ^ b) - 1u) >> 8); }

// kRecoveryAlphabet[value] and its inverse. Both read the whole alphabet whatever the secret is, so that neither time
// nor the cache tells it (./dev consttime).
uint8_t SymbolOf(gf32::Element value) {
  uint8_t symbol = 0;
  for (unsigned i = 0; i < kRecoveryAlphabet.size(); ++i) {
    symbol |= static_cast<uint8_t>(kRecoveryAlphabet[i]) & EqualMask(i, value);
  }
  return symbol;
}
gf32::Element ElementOf(char symbol) {
  uint8_t value = 0;
  for (unsigned i = 0; i < kRecoveryAlphabet.size(); ++i) {
    value |=
        static_cast<uint8_t>(i) & EqualMask(static_cast<uint8_t>(kRecoveryAlphabet[i]), static_cast<uint8_t>(symbol));
  }
  return value;
}

Word WordOf(std::string_view characters) {
  Word word;
  for (std::size_t i = 0; i < word.size(); ++i) word[i] = ElementOf(characters[kPrefixCharacters + i]);
  return word;
}

// The four symbols that make G * (entropy || code) = 0, given a word whose last four are zero.
std::array<gf32::Element, gf32::kRows> CheckSymbols(const Word& word) {
  const auto& matrix = gf32::Matrix();
  const std::span<const gf32::Column> last(matrix.data() + kEntropyCharacters, gf32::kCheckSymbols);
  // Always solvable: the last four columns are invertible (gf32_test).
  return gf32::Solve(last, gf32::Syndrome(word)).value_or(std::array<gf32::Element, gf32::kRows>{});
}

char Normalised(char c) {
  if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  switch (c) {
    case 'B':
      return '8';
    case 'G':
      return 'C';
    case 'I':
      return '1';
    case 'O':
      return '0';
    default:
      return c;
  }
}

bool IsSeparator(char c) { return c == ' ' || c == '-' || (c >= '\t' && c <= '\r'); }

}  // namespace

RecoveryCode RecoveryCode::Generate(RandomSource& random) {
  // 32 symbols divide a byte's range evenly.
  Secret entropy = RandomSecret(kEntropyCharacters, random);
  Word word{};
  for (std::size_t i = 0; i < kEntropyCharacters; ++i) word[i] = entropy.MutableSecret()[i] & 31;
  const auto check = CheckSymbols(word);
  for (std::size_t i = 0; i < check.size(); ++i) word[kEntropyCharacters + i] = check[i];

  Secret characters(kRecoveryCodeCharacters);
  const auto out = characters.MutableSecret();
  out[0] = kVersion;
  out[1] = kIdentifier;
  for (std::size_t i = 0; i < word.size(); ++i) {
    out[kPrefixCharacters + i] = SymbolOf(word[i]);
  }
  WipeBytes(word.data(), word.size());
  return RecoveryCode(std::move(characters));
}

absl::StatusOr<RecoveryCode> RecoveryCode::Parse(const Secret& typed) {
  if (typed.size() > kMaxTypedBytes) return absl::InvalidArgumentError("a recovery code has 40 characters");
  Secret characters = Normalise(typed);
  const std::string_view text = characters.RevealSecret();
  if (text.size() != kRecoveryCodeCharacters) {
    const std::string why = fmt::format("a recovery code has 40 characters, not {}", text.size());
    return absl::InvalidArgumentError(why);
  }
  if (text[0] != kVersion && text[0] != kImportVersion) {
    return absl::InvalidArgumentError("a recovery code begins with its version, 2 (or 1)");
  }
  if (text[1] != kIdentifier) return absl::InvalidArgumentError("a recovery code's second character is 0");
  if (text.find_first_not_of(kRecoveryAlphabet) != std::string_view::npos) {
    return absl::InvalidArgumentError("a recovery code has no such character");
  }
  return RecoveryCode(std::move(characters));
}

Secret RecoveryCode::Normalise(const Secret& typed) {
  std::string out;
  out.reserve(typed.size());  // so that growing leaves no copy behind
  for (const char c : typed.RevealSecret()) {
    if (!IsSeparator(c)) out.push_back(Normalised(c));
  }
  return Secret::TakeAndWipe(std::move(out));
}

Secret RecoveryCode::Formatted() const {
  const std::string_view text = characters_.RevealSecret();
  std::string out;
  out.reserve(2 * text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i != 0 && i % kGroupCharacters == 0) out.push_back('-');
    out.push_back(text[i]);
  }
  return Secret::TakeAndWipe(std::move(out));
}

int RecoveryCode::version() const { return characters_.RevealSecret()[0] - '0'; }

bool RecoveryCode::CheckSymbolsHold() const {
  if (characters_.RevealSecret()[0] != kVersion) return false;
  Word word = WordOf(characters_.RevealSecret());
  const bool holds = gf32::Syndrome(word) == gf32::Column{};
  WipeBytes(word.data(), word.size());
  return holds;
}

RecoveryKeys RecoveryCode::Derive(std::string_view account_id) const {
  const std::string_view text = characters_.RevealSecret();
  const bool imported = text[0] == kImportVersion;
  const std::size_t id_bytes = imported ? kImportVirtualDeviceIdBytes : kVirtualDeviceIdBytes;
  const Secret entropy =
      Secret::CopyOf(text.substr(kPrefixCharacters, imported ? kImportEntropyCharacters : kEntropyCharacters));
  std::string info = fmt::format("{}{}_{}_", domains::kRecoveryCode, text[0], text[1]);
  info.append(account_id);
  const Secret output = Kdf(entropy, std::string_view(), info, id_bytes + kDecryptionKeyBytes);
  const std::string_view bytes = output.RevealSecret();
  return {std::string(bytes.substr(0, id_bytes)), Secret::CopyOf(bytes.substr(id_bytes))};
}

}  // namespace labyrinth::crypto
