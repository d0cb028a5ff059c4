#include "service/log/log.h"

#include <spdlog/sinks/ostream_sink.h>

#include <catch2/catch.hpp>
#include <concepts>
#include <sstream>
#include <string>

#include "crypto/primitives/seeded_random.h"
#include "service/log/pseudonym.h"

namespace labyrinth::service {
namespace {

struct Written {
  explicit Written(LogLevel level = LogLevel::kInfo)
      : log(std::make_shared<spdlog::sinks::ostream_sink_mt>(out), level, clock) {}
  std::ostringstream out;
  ManualClock clock{1'714'564'800'123};
  Log log;
};

TEST_CASE("An event is one line of named fields") {
  Written written;
  crypto::SeededRandom random(1);
  const crypto::Secret key(32);
  const Pseudonyms pseudonyms(key, written.clock);
  const RequestTag tag = RequestTag::Draw(random);
  written.log.Event(LogLevel::kInfo, "save")
      .Mailbox(pseudonyms.Of("partition"))
      .Code(absl::StatusCode::kOk)
      .Count("n", 1)
      .Count("bytes", 1082)
      .Ms(2.14)
      .Request(tag);
  CHECK(written.out.str() == fmt::format("ts=2024-05-01T12:00:00.123Z lvl=info ev=save mb={} code=OK n=1 bytes=1082 "
                                         "ms=2.1 req={:08x}\n",
                                         pseudonyms.Of("partition").text(), tag.value()));
}

TEST_CASE("Every event has its own time") {
  Written written;
  const auto stamp = [&](int64_t ms) {
    written.clock.Set(ms);
    written.out.str("");
    written.log.Event(LogLevel::kInfo, "save");
    return written.out.str().substr(0, written.out.str().find(' '));
  };
  CHECK(stamp(1'714'564'800'999) == "ts=2024-05-01T12:00:00.999Z");
  CHECK(stamp(1'714'564'801'000) == "ts=2024-05-01T12:00:01.000Z");
  CHECK(stamp(1'714'564'800'001) == "ts=2024-05-01T12:00:00.001Z");
  CHECK(stamp(0) == "ts=1970-01-01T00:00:00.000Z");
}

TEST_CASE("A refusal says its code and reason") {
  Written written;
  written.log.Event(LogLevel::kWarn, "epoch_open").Code(absl::StatusCode::kAborted).Why(Reason::kEpochStale);
  CHECK(written.out.str() == "ts=2024-05-01T12:00:00.123Z lvl=warn ev=epoch_open code=ABORTED why=EPOCH_STALE\n");
}

TEST_CASE("Events below the level are not written") {
  Written written(LogLevel::kWarn);
  written.log.Event(LogLevel::kInfo, "save").Count("n", 1);
  CHECK(written.out.str().empty());
  written.log.Event(LogLevel::kWarn, "save");
  CHECK_FALSE(written.out.str().empty());
}

TEST_CASE("An operator's text stays on its line and in its quotes") {
  Written written;
  written.log.Event(LogLevel::kError, "jwks_refused").About(OperatorText("jwks_file a\nts=0 \"b\\c\x7f"));
  CHECK(written.out.str() ==
        "ts=2024-05-01T12:00:00.123Z lvl=error ev=jwks_refused about=\"jwks_file a?ts=0 ?b?c?\"\n");
}

template <typename T>
concept Loggable = requires(LogLine& line, const T& value) {
  line.Mailbox(value);
}
|| requires(LogLine& line, const T& value) { line.About(value); }
|| requires(LogLine& line, const T& value) { line.Count(value, 1); }
|| requires(LogLine& line, const T& value) { line.Request(value); };

TEST_CASE("Text and ids have no way into a line") {
  STATIC_REQUIRE_FALSE(Loggable<std::string>);
  STATIC_REQUIRE_FALSE(Loggable<std::string_view>);
  STATIC_REQUIRE_FALSE(Loggable<DeviceId>);
  STATIC_REQUIRE_FALSE(Loggable<MailboxId>);
  STATIC_REQUIRE_FALSE(Loggable<absl::Status>);
  STATIC_REQUIRE(Loggable<Pseudonym>);  // control
}

TEST_CASE("Levels have names") {
  CHECK(ParseLogLevel("warn") == LogLevel::kWarn);
  CHECK(ParseLogLevel("debug") == LogLevel::kDebug);
  CHECK_FALSE(ParseLogLevel("WARN").has_value());
  CHECK_FALSE(ParseLogLevel("").has_value());
}

TEST_CASE("A mailbox has one pseudonym a day, unlike the next day's, another mailbox's or another store's") {
  ManualClock clock(20 * Pseudonyms::kPeriodMs);
  crypto::SeededRandom random(7);
  const crypto::Secret key = crypto::RandomSecret(32, random), other_key = crypto::RandomSecret(32, random);
  const Pseudonyms pseudonyms(key, clock), other(other_key, clock);
  const std::string today = pseudonyms.Of("a").text();
  CHECK(today.substr(0, 4) == "p20:");
  CHECK(today.size() == 12);
  CHECK(pseudonyms.Of("b").text() != today);
  CHECK(other.Of("a").text() != today);
  clock.Advance(Pseudonyms::kPeriodMs - 1);
  CHECK(pseudonyms.Of("a").text() == today);
  clock.Advance(1);
  CHECK(pseudonyms.Of("a").text().substr(0, 4) == "p21:");
  CHECK(pseudonyms.Of("a").text().substr(4) != today.substr(4));
  CHECK(pseudonyms.At(20, "a").text() == today);  // an older line's
}

TEST_CASE("A pseudonym's day can be read off it, and nothing else is taken for one") {
  CHECK(Pseudonyms::PeriodOf("p19844:8f2c91d0") == 19844);
  for (const std::string text : {"", "p", "p:", "p1", "19844:8f2c91d0", "p19844:8f2c91", "p19844:8f2c91d0a",
                                 "px:8f2c91d0", "p1 :8f2c91d0", "p99999999999999999999:8f2c91d0"}) {
    INFO(text);
    CHECK_FALSE(Pseudonyms::PeriodOf(text).has_value());
  }
}

TEST_CASE("A device has one handle in its mailbox, on any day") {
  ManualClock clock(20 * Pseudonyms::kPeriodMs);
  crypto::SeededRandom random(7);
  const crypto::Secret key = crypto::RandomSecret(32, random);
  const Pseudonyms pseudonyms(key, clock);
  const std::string handle = pseudonyms.DeviceHandle("a", DeviceId(1));
  CHECK(handle.size() == 10);
  CHECK(handle.substr(0, 2) == "d:");
  CHECK(pseudonyms.DeviceHandle("a", DeviceId(2)) != handle);
  CHECK(pseudonyms.DeviceHandle("b", DeviceId(1)) != handle);
  clock.Advance(Pseudonyms::kPeriodMs);
  CHECK(pseudonyms.DeviceHandle("a", DeviceId(1)) == handle);
}

}  // namespace
}  // namespace labyrinth::service
