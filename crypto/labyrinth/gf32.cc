#include "crypto/labyrinth/gf32.h"

#include <utility>

namespace labyrinth::crypto::gf32 {
namespace {

constexpr unsigned kPolynomial = 0b100101;  // x^5 + x^2 + 1
constexpr int kBits = 5;

// clang-format off
constexpr std::array<Column, kColumns> kMatrix = {{
    {8, 4, 16, 7},
    {31, 28, 30, 24},
    {13, 6, 31, 1},
    {24, 13, 27, 1},
    {22, 14, 14, 29},
    {1, 0, 0, 0},
    {1, 1, 1, 1},
    {1, 2, 4, 8},
    {1, 3, 5, 15},
    {1, 4, 16, 10},
    {1, 5, 17, 31},
    {1, 6, 20, 23},
    {1, 7, 21, 4},
    {1, 8, 10, 26},
    {1, 9, 11, 25},
    {1, 10, 14, 3},
    {1, 11, 15, 6},
    {1, 12, 26, 9},
    {1, 13, 27, 30},
    {1, 14, 30, 5},
    {1, 15, 31, 20},
    {1, 16, 13, 14},
    {1, 17, 12, 18},
    {1, 18, 9, 22},
    {1, 19, 8, 12},
    {1, 20, 29, 24},
    {1, 21, 28, 16},
    {1, 22, 25, 21},
    {1, 23, 24, 27},
    {1, 24, 7, 2},
    {1, 25, 6, 28},
    {1, 26, 3, 11},
    {1, 27, 2, 19},
    {1, 28, 23, 13},
    {1, 29, 22, 7},
    {1, 30, 19, 17},
    {1, 31, 18, 29},
    {0, 0, 0, 1},
}};
// clang-format on

Element Plus(Element a, Element b) { return a ^ b; }  // and minus

// A system of kRows equations in up to four unknowns, the target as the last column.
struct System {
  std::array<std::array<Element, kRows + 1>, kRows> rows{};

  // Makes column `at` a unit column by Gauss-Jordan elimination; false if it depends on the columns before it.
  bool Eliminate(std::size_t at) {
    std::size_t pivot = at;
    while (pivot < kRows && rows[pivot][at] == 0) ++pivot;
    if (pivot == kRows) return false;
    std::swap(rows[pivot], rows[at]);
    const Element scale = Inverse(rows[at][at]);
    for (Element& value : rows[at]) value = Multiply(value, scale);
    for (std::size_t row = 0; row < kRows; ++row) {
      if (row == at) continue;
      const Element factor = rows[row][at];
      for (std::size_t i = 0; i <= kRows; ++i) rows[row][i] = Plus(rows[row][i], Multiply(factor, rows[at][i]));
    }
    return true;
  }
};

}  // namespace

Element Multiply(Element a, Element b) {
  unsigned product = 0;
  for (int bit = 0; bit < kBits; ++bit) product ^= (b >> bit & 1u) * (static_cast<unsigned>(a) << bit);
  for (int bit = 2 * kBits - 2; bit >= kBits; --bit) product ^= (product >> bit & 1u) * (kPolynomial << (bit - kBits));
  return static_cast<Element>(product);
}

Element Inverse(Element a) {
  // a^30, since a^31 = 1: 30 = 2 + 4 + 8 + 16.
  Element square = Multiply(a, a);
  Element out = square;
  for (int i = 0; i < 3; ++i) {
    square = Multiply(square, square);
    out = Multiply(out, square);
  }
  return out;
}

const std::array<Column, kColumns>& Matrix() { return kMatrix; }

Column Syndrome(std::span<const Element, kColumns> word) {
  Column sum{};
  for (std::size_t at = 0; at < kColumns; ++at) {
    for (std::size_t row = 0; row < kRows; ++row) sum[row] = Plus(sum[row], Multiply(kMatrix[at][row], word[at]));
  }
  return sum;
}

std::optional<std::array<Element, kRows>> Solve(std::span<const Column> columns, const Column& target) {
  if (columns.empty() || columns.size() > kRows) return std::nullopt;
  System system;
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t at = 0; at < columns.size(); ++at) system.rows[row][at] = columns[at][row];
    system.rows[row][kRows] = target[row];
  }
  for (std::size_t at = 0; at < columns.size(); ++at) {
    if (!system.Eliminate(at)) return std::nullopt;
  }
  std::array<Element, kRows> solution{};
  for (std::size_t row = 0; row < kRows; ++row) {
    if (row < columns.size()) {
      solution[row] = system.rows[row][kRows];
    } else if (system.rows[row][kRows] != 0) {
      return std::nullopt;  // the equations beyond the unknowns don't hold
    }
  }
  return solution;
}

}  // namespace labyrinth::crypto::gf32
