#include "crypto/labyrinth/one_time_code.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>

namespace labyrinth::crypto {
namespace {

constexpr uint32_t kCodes = 1'000'000;
// The multiples of a million below 2^32: each code has as many preimages as any other.
constexpr uint32_t kUnbiased = UINT32_MAX / kCodes * kCodes;
constexpr std::size_t kGroupDigits = 3;
// Far above a code with any spacing; keeps a pasted file from being worked on.
constexpr std::size_t kMaxTypedBytes = 256;

bool IsSeparator(char c) { return c == ' ' || c == '-' || (c >= '\t' && c <= '\r'); }

}  // namespace

OneTimeCode OneTimeCode::Generate(RandomSource& random) {
  for (;;) {
    const Secret drawn = RandomSecret(sizeof(uint32_t), random);
    uint32_t number = 0;
    for (const char byte : drawn.RevealSecret()) number = number << 8 | static_cast<uint8_t>(byte);
    if (number >= kUnbiased) continue;

    Secret digits(kOneTimeCodeDigits);
    const auto out = digits.MutableSecret();
    for (std::size_t i = kOneTimeCodeDigits; i-- > 0; number /= 10) out[i] = static_cast<uint8_t>('0' + number % 10);
    return OneTimeCode(std::move(digits));
  }
}

absl::StatusOr<OneTimeCode> OneTimeCode::Parse(const Secret& typed) {
  if (typed.size() > kMaxTypedBytes) return absl::InvalidArgumentError("a one-time code has six digits");
  std::string out;
  out.reserve(typed.size());  // so that growing leaves no copy behind
  for (const char c : typed.RevealSecret()) {
    if (!IsSeparator(c)) out.push_back(c);
  }
  Secret digits = Secret::TakeAndWipe(std::move(out));
  if (digits.RevealSecret().find_first_not_of("0123456789") != std::string_view::npos) {
    return absl::InvalidArgumentError("a one-time code has digits alone");
  }
  if (digits.size() != kOneTimeCodeDigits) {
    const std::string why = fmt::format("a one-time code has six digits, not {}", digits.size());
    return absl::InvalidArgumentError(why);
  }
  return OneTimeCode(std::move(digits));
}

Secret OneTimeCode::Formatted() const {
  const std::string_view text = digits_.RevealSecret();
  Secret out(text.size() + 1);
  const auto bytes = out.MutableSecret();
  for (std::size_t i = 0; i < text.size(); ++i) {
    bytes[i + (i >= kGroupDigits ? 1 : 0)] = static_cast<uint8_t>(text[i]);
  }
  bytes[kGroupDigits] = ' ';
  return out;
}

}  // namespace labyrinth::crypto
