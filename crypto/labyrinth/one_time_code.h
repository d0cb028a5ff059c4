// The six digits of a one-time code (protocol section 4), which a person reads from one device and types into another.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_CODE_H_
#define LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_CODE_H_

#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::crypto {

inline constexpr std::size_t kOneTimeCodeDigits = 6;

// Drawn by the old device, shown there, typed into the new one; CPace's password on both. Holds a Secret; move-only,
// thread-compatible.
class OneTimeCode {
 public:
  // Every code from 000000 to 999999 is equally likely: numbers beyond the last whole million are drawn again.
  static OneTimeCode Generate(RandomSource& random);

  // Drops white space and hyphens. INVALID_ARGUMENT saying what is wrong: anything but digits, or not six of them.
  static absl::StatusOr<OneTimeCode> Parse(const Secret& typed);

  // For showing: "123 456".
  Secret Formatted() const;

  // Six ASCII digits.
  const Secret& digits() const { return digits_; }
  OneTimeCode Clone() const { return OneTimeCode(digits_.Clone()); }

 private:
  explicit OneTimeCode(Secret digits) : digits_(std::move(digits)) {}

  Secret digits_;
};

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_CODE_H_
