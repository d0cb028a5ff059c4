#include "service/server/call_logger.h"

#include "common/errors.h"

namespace labyrinth::service {

namespace {

LogLevel LevelOf(const absl::Status& status) {
  if (status.ok() || absl::IsCancelled(status)) return LogLevel::kInfo;  // a stream's client left
  const auto reason = ReasonOf(status);
  if (!reason.has_value() || reason == Reason::kDataDamaged) return LogLevel::kError;
  const bool ours = reason == Reason::kEngineUnavailable || reason == Reason::kOutcomeUnknown;
  return ours ? LogLevel::kWarn : LogLevel::kInfo;
}

}  // namespace

void CallLogger::OnCall(const CallRecord& record) {
  LogLine line = log_.Event(LevelOf(record.status), record.method);
  if (!record.partition.empty()) line.Mailbox(pseudonyms_.Of(record.partition));
  line.Code(record.status.code());
  if (const auto reason = ReasonOf(record.status); reason.has_value()) line.Why(*reason);
  if (record.messages != 0) line.Count("n", record.messages).Count("bytes", record.bytes);
  line.Ms(std::chrono::duration<double, std::milli>(record.took).count()).Request(record.tag);
}

}  // namespace labyrinth::service
