// What the client library made of a lie.
#ifndef LABYRINTH_TESTS_MALICIOUS_VERDICT_H_
#define LABYRINTH_TESTS_MALICIOUS_VERDICT_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "client/history.h"
#include "client/rotation.h"
#include "client/verify.h"
#include "common/errors.h"

namespace labyrinth::malicious {

inline constexpr std::string_view kRow = "row refused";  // in its place in the history
inline constexpr std::string_view kFinding = "finding";  // of Verify
inline constexpr std::string_view kDropped = "dropped";  // of a rotation: a member that the next epoch leaves out
inline constexpr std::string_view kLost = "missing";     // what a query should have brought

// How the library said it, and what it said. As an expectation, the text is a part of what must be said. Value type.
struct Verdict {
  std::string how;   // a status code, an error's reason, or one of the words above; empty: nothing was noticed
  std::string text;  // a sentence for people

  bool detected() const { return !how.empty(); }
};

inline Verdict NotDetected() { return {}; }

// For expectations: an error without a reason, which is how the library refuses what fails a check.
Verdict DataLoss(std::string_view text);
Verdict Error(Reason reason, std::string_view text);
Verdict Row(client::Tampering kind);
Verdict Finding(std::string_view text);

// What was said; NotDetected where nothing was.
Verdict Said(const absl::Status& status);
Verdict Said(const absl::StatusOr<client::VerifyReport>& report);
Verdict Said(const absl::StatusOr<client::RotationReport>& report);
Verdict Said(const client::HistoryMessage& message);
template <typename T>
Verdict Said(const absl::StatusOr<T>& result) {
  return Said(result.status());
}

// Empty where `control` and `lying` are as they must be, or why the case failed: the honest steps didn't pass, no lie
// was told, or the verdict isn't the expected one.
std::string Judge(const Verdict& expected, const Verdict& control, const Verdict& lying, int told);

}  // namespace labyrinth::malicious

#endif  // LABYRINTH_TESTS_MALICIOUS_VERDICT_H_
