// The server's log: one event a line, of fields that can't hold what mustn't be logged.
//
//   ts=2024-05-01T12:00:00.123Z lvl=info ev=save mb=p19844:8f2c91d0 code=OK n=1 bytes=1082 ms=2.1 req=4ad1c3f0
#ifndef LABYRINTH_SERVICE_LOG_LOG_H_
#define LABYRINTH_SERVICE_LOG_LOG_H_

#include <fmt/format.h>
#include <spdlog/logger.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "common/clock.h"
#include "common/errors.h"
#include "service/log/fields.h"

namespace labyrinth::service {

enum class LogLevel { kDebug, kInfo, kWarn, kError };

// "debug", "info", "warn" or "error"; nullopt for anything else.
std::optional<LogLevel> ParseLogLevel(std::string_view name);

// One event on its way; written when it goes out of scope. There is no method for free text, strings or bytes on
// purpose: ids, tokens, keys and ciphertext have no way in (design: what the server may say). Not thread-safe.
class LogLine {
 public:
  LogLine(LogLine&& other) noexcept;
  LogLine& operator=(LogLine&&) = delete;
  ~LogLine();

  LogLine& Mailbox(const Pseudonym& pseudonym);
  LogLine& Code(absl::StatusCode code);
  LogLine& Why(Reason reason);  // why=EPOCH_STALE
  LogLine& Count(Word name, uint64_t value);
  LogLine& Ms(double elapsed_ms);
  LogLine& Request(RequestTag tag);
  LogLine& About(const OperatorText& text);

 private:
  friend class Log;
  struct Unwritten;  // only what is enabled has one

  explicit LogLine(std::unique_ptr<Unwritten> line);
  std::unique_ptr<Unwritten> line_;
};

// Where events go. Thread-safe.
class Log {
 public:
  // `clock` outlives the log and every line of it.
  Log(spdlog::sink_ptr sink, LogLevel level, const Clock& clock);

  // log.Event(LogLevel::kInfo, "save").Mailbox(...).Count("n", 1).Ms(2.1);
  LogLine Event(LogLevel level, Word event);

  // Writes out what is buffered. Warnings and errors do it by themselves.
  void Flush() { logger_.flush(); }

 private:
  spdlog::logger logger_;
  const Clock& clock_;
};

// Standard error, written in blocks of 32 KiB and at least once a second: a system call for every save would cost more
// than the line. Owns a thread.
spdlog::sink_ptr BufferedStderr();

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_LOG_LOG_H_
