// Arithmetic in GF(32) = GF(2)[x]/(x^5 + x^2 + 1) and the matrix of recovery codes (protocol section 4).
#ifndef LABYRINTH_CRYPTO_LABYRINTH_GF32_H_
#define LABYRINTH_CRYPTO_LABYRINTH_GF32_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace labyrinth::crypto::gf32 {

// An element's polynomial as five bits; every function expects values below 32.
using Element = uint8_t;

Element Multiply(Element a, Element b);
// `a` is not zero: the inverse of zero is a programming error and yields zero.
Element Inverse(Element a);

inline constexpr std::size_t kRows = 4;
inline constexpr std::size_t kColumns = 38;  // 34 of entropy, 4 of check symbols
inline constexpr std::size_t kCheckSymbols = 4;

using Column = std::array<Element, kRows>;

// G: 38 points of PG(3, 32), 33 of them on a twisted cubic. Any three columns are independent, the last four
// invertible; 988 of the 73,815 quadruples are singular (no set of 38 columns has none: protocol section 4).
const std::array<Column, kColumns>& Matrix();

// G * word; zero exactly for correct words.
Column Syndrome(std::span<const Element, kColumns> word);

// The x with sum x[i] * columns[i] = target, for one to four independent columns; nullopt if there is none or the
// columns are dependent.
std::optional<std::array<Element, kRows>> Solve(std::span<const Column> columns, const Column& target);

}  // namespace labyrinth::crypto::gf32

#endif  // LABYRINTH_CRYPTO_LABYRINTH_GF32_H_
