#include "tests/malicious/verdict.h"

#include <fmt/format.h>

namespace labyrinth::malicious {
namespace {

std::string_view CauseText(client::RemovalCause cause) {
  switch (cause) {
    case client::RemovalCause::kRequested:
      return {};
    case client::RemovalCause::kCutOff:
      return "the server refused it without a member's signature";
    case client::RemovalCause::kSponsored:
      return "a removed device added it";
    case client::RemovalCause::kWrongMac:
      return "its MAC in the previous epoch doesn't verify";
    case client::RemovalCause::kWrongSignature:
      return "a signature over its keys doesn't verify";
    case client::RemovalCause::kRemovedBefore:
      return "this device had seen it removed";
  }
  return "for a cause without a name";
}

}  // namespace

Verdict DataLoss(std::string_view text) { return {"DATA_LOSS", std::string(text)}; }
Verdict Error(Reason reason, std::string_view text) { return {std::string(ReasonName(reason)), std::string(text)}; }
Verdict Row(client::Tampering kind) { return {std::string(kRow), std::string(client::Describe(kind))}; }
Verdict Finding(std::string_view text) { return {std::string(kFinding), std::string(text)}; }

Verdict Said(const absl::Status& status) {
  if (status.ok()) return NotDetected();
  const auto reason = ReasonOf(status);
  return {reason.has_value() ? std::string(ReasonName(*reason)) : absl::StatusCodeToString(status.code()),
          std::string(status.message())};
}

Verdict Said(const absl::StatusOr<client::VerifyReport>& report) {
  if (!report.ok()) return Said(report.status());
  Verdict verdict;
  for (const client::VerifyFinding& finding : report->findings) {
    verdict.how = kFinding;
    verdict.text += (verdict.text.empty() ? "" : "; ") + finding.what;
  }
  return verdict;
}

Verdict Said(const absl::StatusOr<client::RotationReport>& report) {
  if (!report.ok()) return Said(report.status());
  Verdict verdict;
  for (const client::RemovedDevice& removed : report->removed) {
    const std::string_view cause = CauseText(removed.cause);
    if (cause.empty()) continue;  // as the person asked
    verdict.how = kDropped;
    verdict.text += fmt::format("{}a member: {}", verdict.text.empty() ? "" : "; ", cause);
  }
  return verdict;
}

Verdict Said(const client::HistoryMessage& message) {
  if (message.tampered() == nullptr) return NotDetected();
  return Row(message.tampered()->kind);
}

std::string Judge(const Verdict& expected, const Verdict& control, const Verdict& lying, int told) {
  if (control.detected()) return fmt::format("without the lie: {}: {}", control.how, control.text);
  if (told == 0) return "the lie was never told";
  if (!expected.detected()) {
    return lying.detected() ? fmt::format("detected, unlike what is documented: {}: {}", lying.how, lying.text) : "";
  }
  if (!lying.detected()) return fmt::format("not detected; expected {}: {}", expected.how, expected.text);
  if (lying.how != expected.how || expected.text.empty() || lying.text.find(expected.text) == std::string::npos) {
    return fmt::format("{}: {}; expected {}: {}", lying.how, lying.text, expected.how, expected.text);
  }
  return "";
}

}  // namespace labyrinth::malicious
