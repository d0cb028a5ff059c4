#include "crypto/labyrinth/recovery_correction.h"

#include <algorithm>
#include <array>
#include <utility>

#include "crypto/labyrinth/gf32.h"

namespace labyrinth::crypto {
namespace {

constexpr std::size_t kPrefixCharacters = 2;
constexpr std::size_t kMaxCorrections = 3;

gf32::Element SymbolAt(std::string_view characters, std::size_t position) {
  return static_cast<gf32::Element>(kRecoveryAlphabet.find(characters[kPrefixCharacters + position]));
}

// Collects the codes that differ from `typed` in exactly a given set of positions and have right check symbols.
class Corrector {
 public:
  explicit Corrector(const RecoveryCode& typed) : typed_(typed) {
    std::array<gf32::Element, gf32::kColumns> word;
    for (std::size_t i = 0; i < word.size(); ++i) word[i] = SymbolAt(typed.characters().RevealSecret(), i);
    syndrome_ = gf32::Syndrome(word);
    WipeBytes(word.data(), word.size());
  }
  ~Corrector() { WipeBytes(syndrome_.data(), syndrome_.size()); }
  Corrector(const Corrector&) = delete;
  Corrector& operator=(const Corrector&) = delete;

  // G * (word + error) = 0, so the error's columns add up to the syndrome. Any three columns are independent: at most
  // one solution. One with a zero is a lighter correction, found before.
  void Try(std::span<const std::size_t> positions, std::vector<CorrectionCandidate>& out) const {
    std::array<gf32::Column, kMaxCorrections> columns;
    for (std::size_t i = 0; i < positions.size(); ++i) columns[i] = gf32::Matrix()[positions[i]];
    const auto error = gf32::Solve(std::span(columns).first(positions.size()), syndrome_);
    if (!error.has_value()) return;
    const auto end = error->begin() + static_cast<std::ptrdiff_t>(positions.size());
    if (std::find(error->begin(), end, gf32::Element{0}) != end) return;

    Secret characters = typed_.characters().Clone();
    for (std::size_t i = 0; i < positions.size(); ++i) {
      const gf32::Element right = SymbolAt(characters.RevealSecret(), positions[i]) ^ (*error)[i];
      characters.MutableSecret()[kPrefixCharacters + positions[i]] = static_cast<uint8_t>(kRecoveryAlphabet[right]);
    }
    auto code = RecoveryCode::Parse(characters);
    if (code.ok()) out.push_back({*std::move(code), static_cast<int>(positions.size())});
  }

 private:
  const RecoveryCode& typed_;
  gf32::Column syndrome_;
};

}  // namespace

std::vector<CorrectionCandidate> CorrectionCandidates(const RecoveryCode& typed) {
  std::vector<CorrectionCandidate> out;
  out.push_back({typed.Clone(), 0});
  if (typed.version() != 2) return out;

  const Corrector corrector(typed);
  constexpr std::size_t n = gf32::kColumns;
  for (std::size_t i = 0; i < n; ++i) corrector.Try(std::array{i}, out);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) corrector.Try(std::array{i, j}, out);
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) {
      for (std::size_t k = j + 1; k < n; ++k) corrector.Try(std::array{i, j, k}, out);
    }
  }
  return out;
}

std::optional<CorrectionCandidate> CorrectCode(const RecoveryCode& typed, std::string_view account_id,
                                               std::span<const VirtualDeviceCheck> checks) {
  for (CorrectionCandidate& candidate : CorrectionCandidates(typed)) {
    const VirtualDeviceCheck check = CheckOf(candidate.code.Derive(account_id).virtual_device_id);
    if (std::find(checks.begin(), checks.end(), check) != checks.end()) return std::move(candidate);
  }
  return std::nullopt;
}

}  // namespace labyrinth::crypto
