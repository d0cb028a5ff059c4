// How often one-time codes may be tried and shown (protocol section 4): what the keychain counts, and what is left.
// Pure: no calls.
#ifndef LABYRINTH_CLIENT_ENROLLMENT_COUNTERS_H_
#define LABYRINTH_CLIENT_ENROLLMENT_COUNTERS_H_

#include <cstdint>
#include <vector>

#include "common/limits.h"

namespace labyrinth::client {

// At most `count` times within any `window_ms`.
struct Allowance {
  int count = 0;
  int64_t window_ms = 0;
};

// A new device's runs. A code is shown for no longer than that, so no code is tried more often, whatever the server
// says of enrolments, and however often the program is begun anew.
inline constexpr Allowance kGuesses = {static_cast<int>(limits::kEnrollmentRuns), limits::kEnrollmentTtlMs};

// A member's codes: what a person who consents to everything gives away is 15 guesses in a million a day.
inline constexpr Allowance kConsents = {5, int64_t{24 * 3600} * 1000};

// How many more are allowed at `now_ms`.
int LeftOf(const Allowance& allowance, const std::vector<int64_t>& times_ms, int64_t now_ms);

// How long until one more is allowed; 0 if one is.
int64_t WaitMs(const Allowance& allowance, const std::vector<int64_t>& times_ms, int64_t now_ms);

// Adds `now_ms` and forgets what no longer counts. Times that a clock has been set back from count as of now: setting
// it back buys nothing, and locks nobody out for longer than the window.
void Count(const Allowance& allowance, std::vector<int64_t>& times_ms, int64_t now_ms);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ENROLLMENT_COUNTERS_H_
