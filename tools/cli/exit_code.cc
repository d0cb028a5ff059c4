#include "tools/cli/exit_code.h"

#include <string>

#include "common/errors.h"

namespace labyrinth::cli {
namespace {

constexpr char kExitUrl[] = "labyrinth.cli/exit";
constexpr char kUsageMark[] = "usage", kFindingsMark[] = "findings";

absl::Status Marked(absl::StatusCode code, std::string_view text, const char* mark) {
  absl::Status status(code, {text.data(), text.size()});
  status.SetPayload(kExitUrl, absl::Cord(mark));
  return status;
}

}  // namespace

absl::Status Usage(std::string_view text) { return Marked(absl::StatusCode::kInvalidArgument, text, kUsageMark); }
absl::Status Findings(std::string_view text) { return Marked(absl::StatusCode::kDataLoss, text, kFindingsMark); }

ExitCode ExitCodeOf(const absl::Status& status, bool changes) {
  if (const auto mark = status.GetPayload(kExitUrl); mark.has_value()) {
    return *mark == kUsageMark ? ExitCode::kUsage : ExitCode::kFindings;
  }
  if (ReasonOf(status) == Reason::kOutcomeUnknown) return ExitCode::kOutcomeUnknown;
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return ExitCode::kOk;
    case absl::StatusCode::kDataLoss:
      return ExitCode::kFindings;
    case absl::StatusCode::kNotFound:
      return ExitCode::kNotFound;
    case absl::StatusCode::kUnavailable:
      return ExitCode::kUnreachable;
    case absl::StatusCode::kDeadlineExceeded:
      return changes ? ExitCode::kOutcomeUnknown : ExitCode::kUnreachable;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return ExitCode::kDenied;
    case absl::StatusCode::kCancelled:
      return ExitCode::kInterrupted;
    default:
      return ExitCode::kRefused;
  }
}

}  // namespace labyrinth::cli
