#include "service/log/log.h"

#include <fmt/chrono.h>
#include <fmt/compile.h>
#include <spdlog/details/periodic_worker.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <iterator>
#include <mutex>
#include <string>
#include <utility>

namespace labyrinth::service {
namespace {

constexpr std::size_t kBlockBytes = 32 * 1024;

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      break;
  }
  return spdlog::level::err;
}

std::string_view NameOf(LogLevel level) {
  constexpr std::string_view kNames[] = {"debug", "info", "warn", "error"};
  return kNames[static_cast<int>(level)];
}

// "2024-05-01T12:00:00", valid until this thread's next call. Thousands of lines have the same.
std::string_view TextOfSecond(int64_t second) {
  thread_local int64_t last = -1;
  thread_local std::string text;
  if (second != last || text.empty()) text = fmt::format("{:%Y-%m-%dT%H:%M:%S}", fmt::gmtime(second));
  last = second;
  return text;
}

class BlockSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  ~BlockSink() override { flush_(); }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    formatter_->format(message, block_);
    if (block_.size() >= kBlockBytes) flush_();
  }
  void flush_() override {
    const char* rest = block_.data();
    std::size_t size = block_.size();
    while (size > 0) {
      const ssize_t written = write(STDERR_FILENO, rest, size);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) break;  // a log that can't be written must not stop the server
      rest += written;
      size -= static_cast<std::size_t>(written);
    }
    block_.clear();
  }

 private:
  spdlog::memory_buf_t block_;
};

// Keeps the flushing thread beside what it flushes, and stops it first.
class FlushedSink final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override { blocks_.log(message); }
  void flush() override { blocks_.flush(); }
  void set_pattern(const std::string& pattern) override { blocks_.set_pattern(pattern); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    blocks_.set_formatter(std::move(formatter));
  }

 private:
  BlockSink blocks_;
  spdlog::details::periodic_worker flusher_{[this] { blocks_.flush(); }, std::chrono::seconds(1)};
};

}  // namespace

struct LogLine::Unwritten {
  Unwritten(spdlog::logger& to, spdlog::level::level_enum at) : logger(to), level(at) {}

  spdlog::logger& logger;
  spdlog::level::level_enum level;
  fmt::memory_buffer text;

  // `format` is FMT_COMPILE's: every call writes a line.
  template <typename Format, typename... Args>
  void Add(const Format& format, const Args&... args) {
    fmt::format_to(std::back_inserter(text), format, args...);
  }
};

std::optional<LogLevel> ParseLogLevel(std::string_view name) {
  for (const LogLevel level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (NameOf(level) == name) return level;
  }
  return std::nullopt;
}

LogLine::LogLine(std::unique_ptr<Unwritten> line) : line_(std::move(line)) {}

LogLine::LogLine(LogLine&& other) noexcept = default;

LogLine::~LogLine() {
  if (line_ == nullptr) return;
  line_->logger.log(line_->level, spdlog::string_view_t(line_->text.data(), line_->text.size()));
}

LogLine& LogLine::Mailbox(const Pseudonym& pseudonym) {
  if (line_ != nullptr) line_->Add(FMT_COMPILE(" mb={}"), pseudonym.text());
  return *this;
}

LogLine& LogLine::Code(absl::StatusCode code) {
  if (line_ != nullptr) line_->Add(FMT_COMPILE(" code={}"), absl::StatusCodeToString(code));
  return *this;
}

LogLine& LogLine::Why(Reason reason) {
  if (line_ != nullptr) line_->Add(FMT_COMPILE(" why={}"), ReasonName(reason));
  return *this;
}

LogLine& LogLine::Count(Word name, uint64_t value) {
  if (line_ != nullptr) line_->Add(FMT_COMPILE(" {}={}"), name.text(), value);
  return *this;
}

LogLine& LogLine::Ms(double elapsed_ms) {
  if (line_ != nullptr) line_->Add(FMT_COMPILE(" ms={:.1f}"), elapsed_ms);
  return *this;
}

LogLine& LogLine::Request(RequestTag tag) {
  if (line_ != nullptr) line_->Add(FMT_COMPILE(" req={:08x}"), tag.value());
  return *this;
}

LogLine& LogLine::About(const OperatorText& text) {
  if (line_ == nullptr) return *this;
  // Quoted, on one line, whatever a file's name holds.
  line_->Add(FMT_COMPILE(" about=\""));
  for (const char c : text.text()) {
    const bool plain = static_cast<unsigned char>(c) >= 0x20 && c != 0x7f && c != '"' && c != '\\';
    line_->text.push_back(plain ? c : '?');
  }
  line_->text.push_back('"');
  return *this;
}

Log::Log(spdlog::sink_ptr sink, LogLevel level, const Clock& clock)
    : logger_("labyrinthd", std::move(sink)), clock_(clock) {
  logger_.set_level(ToSpdlog(level));
  logger_.flush_on(spdlog::level::warn);
  logger_.set_pattern("%v");
}

LogLine Log::Event(LogLevel level, Word event) {
  if (!logger_.should_log(ToSpdlog(level))) return LogLine(nullptr);
  auto line = std::make_unique<LogLine::Unwritten>(logger_, ToSpdlog(level));
  const int64_t now_ms = clock_.NowMs();
  line->Add(FMT_COMPILE("ts={}.{:03d}Z lvl={} ev={}"), TextOfSecond(now_ms / 1000), now_ms % 1000, NameOf(level),
            event.text());
  return LogLine(std::move(line));
}

spdlog::sink_ptr BufferedStderr() { return std::make_shared<FlushedSink>(); }

}  // namespace labyrinth::service
