#include <absl/strings/escaping.h>
#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

#include "crypto/labyrinth/gf32.h"
#include "crypto/labyrinth/recovery_code.h"
#include "crypto/labyrinth/recovery_correction.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/seeded_random.h"
#include "tools/vectors/case_random.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {
namespace {

namespace gf32 = crypto::gf32;
using crypto::RecoveryCode;
using crypto::Secret;

std::string Base64(std::string_view bytes) { return absl::Base64Escape(absl::string_view(bytes.data(), bytes.size())); }

std::string Normalised(const std::string& text) {
  return std::string(RecoveryCode::Normalise(Secret::CopyOf(text)).RevealSecret());
}

void RunCode(Fields& f) {
  const uint64_t version = f.Integer("version");
  const std::string entropy = f.Text("entropy");
  const absl::StatusOr<RecoveryCode> code = RecoveryCode::Parse(Secret::CopyOf(f.Text("code_with_arbitrary_ecc")));
  if (!f.Ok(code, "code_with_arbitrary_ecc")) return;
  const std::string_view characters = code->characters().RevealSecret();
  f.ExpectInteger("version", static_cast<uint64_t>(code->version()));
  f.ExpectText("identifier", characters.substr(1, 1));
  f.ExpectText("entropy", characters.substr(2, version == 1 ? 35 : 34));

  const crypto::RecoveryKeys keys = code->Derive(f.Text("user_id"));
  f.Expect("vdevice_id", keys.virtual_device_id);
  f.ExpectText("vdevice_id_base64", Base64(keys.virtual_device_id));
  f.Expect("vdevice_decryption_key", keys.decryption_key);
  const Secret both = crypto::Kdf(Secret::CopyOf(entropy), "", f.Text("info"), keys.virtual_device_id.size() + 32);
  f.Check(both.RevealSecret() == keys.virtual_device_id + std::string(keys.decryption_key.RevealSecret()),
          "info: derives other keys");
}

uint64_t Binomial(uint64_t n, uint64_t k) {
  uint64_t out = 1;
  for (uint64_t i = 0; i < k; ++i) out = out * (n - i) / (i + 1);
  return k > n ? 0 : out;
}

// Independent columns, each with a one at its pivot.
class Basis {
 public:
  // False, and nothing changes, if `column` depends on those added before.
  bool Add(gf32::Column column) {
    for (const auto& [pivot, other] : columns_) {
      const gf32::Element factor = column[pivot];
      for (std::size_t row = 0; row < gf32::kRows; ++row) column[row] ^= gf32::Multiply(factor, other[row]);
    }
    const auto pivot = std::find_if(column.begin(), column.end(), [](gf32::Element e) { return e != 0; });
    if (pivot == column.end()) return false;
    const std::size_t at = static_cast<std::size_t>(pivot - column.begin());
    const gf32::Element scale = gf32::Inverse(*pivot);
    for (gf32::Element& element : column) element = gf32::Multiply(element, scale);
    columns_.emplace_back(at, column);
    return true;
  }
  void RemoveLast() { columns_.pop_back(); }

 private:
  std::vector<std::pair<std::size_t, gf32::Column>> columns_;
};

// How many sets of `size` columns, those of `basis` and further ones of `columns`, are dependent.
uint64_t DependentSets(std::span<const gf32::Column> columns, std::size_t size, Basis& basis) {
  uint64_t dependent = 0;
  if (size == 0) return 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto rest = columns.subspan(i + 1);
    if (basis.Add(columns[i])) {
      dependent += DependentSets(rest, size - 1, basis);
      basis.RemoveLast();
    } else {
      dependent += Binomial(rest.size(), size - 1);  // whatever follows
    }
  }
  return dependent;
}

uint64_t DependentSets(std::span<const gf32::Column> columns, std::size_t size) {
  Basis basis;
  return DependentSets(columns, size, basis);
}

// A matrix of the file's own choice, in our field: the properties that it claims.
void RunMatrix(Fields& f) {
  Fields example = f.Object("ecc_existence_example", Fields::Reading::kWhole);
  // x * x^4 = x^5, reduced by the polynomial.
  example.ExpectInteger("field_poly", gf32::Multiply(2, 16) ^ 32u);
  std::vector<gf32::Column> columns;
  for (const std::vector<uint64_t>& symbols : example.IntegerLists("columns")) {
    if (symbols.size() != gf32::kRows) return example.Fail("columns", "not of four symbols");
    gf32::Column column;
    for (std::size_t row = 0; row < column.size(); ++row) {
      if (symbols[row] >= 32) return example.Fail("columns", "holds a symbol over 31");
      column[row] = static_cast<gf32::Element>(symbols[row]);
    }
    columns.push_back(column);
  }
  if (columns.size() != gf32::kColumns) return example.Fail("columns", "not 38");
  example.ExpectInteger("total_4_subsets", Binomial(columns.size(), 4));
  example.Check(DependentSets(columns, 3) == 0, "columns: three of them are dependent");
  example.Check(DependentSets(std::span(columns).last(4), 4) == 0, "columns: the last four are dependent");
  example.ExpectInteger("singular_4_subsets", DependentSets(columns, 4));
}

bool Finds(const RecoveryCode& typed, const RecoveryCode& meant) {
  const std::vector<crypto::CorrectionCandidate> candidates = crypto::CorrectionCandidates(typed);
  return std::any_of(candidates.begin(), candidates.end(), [&meant](const crypto::CorrectionCandidate& candidate) {
    return candidate.code.characters().RevealSecret() == meant.characters().RevealSecret();
  });
}

// Our own matrix and codes; the file states the properties in prose.
void RunProperties(Fields& f) {
  const std::vector<gf32::Column> columns(gf32::Matrix().begin(), gf32::Matrix().end());
  f.Check(DependentSets(columns, 3) == 0, "our matrix: three columns are dependent");
  f.Check(DependentSets(std::span(columns).last(4), 4) == 0, "our matrix: the last four are dependent");

  crypto::SeededRandom random(/*seed=*/20231206);
  for (std::size_t wrong = 0; wrong <= 3; ++wrong) {
    const RecoveryCode meant = RecoveryCode::Generate(random);
    f.Check(meant.CheckSymbolsHold(), "a new code: its check symbols don't hold");
    std::string characters(meant.characters().RevealSecret());
    // Characters 2 to 39 are the 38 of the equations: here the first, the last, and one between.
    static constexpr std::size_t kPlaces[] = {2, 39, 20};
    for (std::size_t i = 0; i < wrong; ++i) {
      char& c = characters[kPlaces[i]];
      const std::size_t value = crypto::kRecoveryAlphabet.find(c);
      c = crypto::kRecoveryAlphabet[(value + 1 + i) % crypto::kRecoveryAlphabet.size()];
    }
    const absl::StatusOr<RecoveryCode> typed = RecoveryCode::Parse(Secret::CopyOf(characters));
    if (!f.Ok(typed, "a mistyped code")) return;
    f.Check(typed->CheckSymbolsHold() == (wrong == 0), "a mistyped code: its check symbols hold");
    f.Check(Finds(*typed, meant), fmt::format("a code with {} wrong characters: isn't found", wrong));
  }
}

void RunOwnCode(Fields& f) {
  const auto code = RecoveryCode::Parse(Secret::CopyOf(f.Text("formatted")));
  CaseRandom random(f.Hex("random"), f.outcome());
  const RecoveryCode made = RecoveryCode::Generate(random);
  f.ExpectText("code", made.characters().RevealSecret());
  f.ExpectText("formatted", made.Formatted().RevealSecret());
  f.Check(made.CheckSymbolsHold(), "code: its check symbols don't hold");
  if (f.Ok(code, "formatted")) f.ExpectText("code", code->characters().RevealSecret());
}

// All candidates in their order, lightest first, and the one that was meant.
void RunCorrection(Fields& f) {
  const auto typed = RecoveryCode::Parse(Secret::CopyOf(f.Text("typed")));
  if (!f.Ok(typed, "typed")) return;
  const std::string meant = f.Text("meant");
  std::vector<uint64_t> counts(3);
  std::string all;
  uint64_t corrections = 0;
  for (const crypto::CorrectionCandidate& candidate : crypto::CorrectionCandidates(*typed)) {
    if (candidate.corrections == 0) continue;  // as typed
    const std::string characters(candidate.code.characters().RevealSecret());
    if (characters == meant) corrections = static_cast<uint64_t>(candidate.corrections);
    ++counts[static_cast<std::size_t>(candidate.corrections - 1)];
    all += characters;
  }
  f.ExpectInteger("corrections", corrections);
  f.Check(f.Integers("candidates") == counts, "candidates: other numbers");
  f.Expect("candidates_sha256", crypto::Sha256(all).view());
}

}  // namespace

void RunRecoveryCheckSymbols(Section& section) {
  section.ForEach("vectors", RunOwnCode);
  section.ForEach("must_not_hold", [](Fields& f) {
    const auto code = RecoveryCode::Parse(Secret::CopyOf(f.Text("code")));
    if (f.Ok(code, "code")) f.Check(!code->CheckSymbolsHold(), "code: its check symbols hold");
  });
  section.ForEach("corrections", RunCorrection);
}

void RunRecoveryCode(Section& section) {
  section.Single("alphabet", [](Fields& f) { f.ExpectText("alphabet", crypto::kRecoveryAlphabet); });
  section.ForEach("vectors", RunCode);
  section.Single("homoglyphs", [](Fields& f) {
    for (const auto& [from, to] : f.TextMap("homoglyphs")) {
      f.Check(Normalised(from) == to, fmt::format("homoglyphs.{}: not read as {}", from, to));
    }
  });
  section.ForEach("normalisation", [](Fields& f) { f.ExpectText("output", Normalised(f.Text("input"))); });
  section.ForEachText("must_reject_format", [](const std::string& text, Outcome& outcome) {
    if (RecoveryCode::Parse(Secret::CopyOf(text)).ok()) outcome.Fail("accepted");
  });
  section.Single("ecc_existence_example", RunMatrix);
  section.Single("ecc_properties", RunProperties);
}

}  // namespace labyrinth::vectors
