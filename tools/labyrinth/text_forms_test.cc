// How times, progress, messages and errors look.
#include <catch2/catch.hpp>

#include "client/transfer/chat_content.h"
#include "common/errors.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/progress_bar.h"
#include "tools/labyrinth/message_text.h"
#include "tools/labyrinth/time_text.h"

namespace labyrinth::cli {
namespace {

constexpr int64_t kHourMs = 3600 * 1000;

TEST_CASE("Durations have a number and a unit") {
  CHECK(*ParseDurationMs("30s") == 30'000);
  CHECK(*ParseDurationMs("15m") == kHourMs / 4);
  CHECK(*ParseDurationMs("24h") == 24 * kHourMs);
  CHECK(*ParseDurationMs("7d") == 7 * 24 * kHourMs);
  CHECK(*ParseDurationMs("2w") == 14 * 24 * kHourMs);
  for (const char* wrong :
       {"", "h", "24", "0h", "-1h", "+1h", "1.5h", " 1h", "1h ", "1 h", "1y", "4294967296s", "99999w"}) {
    INFO(wrong);
    CHECK_FALSE(ParseDurationMs(wrong).ok());
  }
}

TEST_CASE("Times are taken in the given zone unless they name one") {
  const absl::TimeZone zone = absl::FixedTimeZone(2 * 3600);
  const int64_t midnight = 1714521600000;  // 2024-05-01T00:00Z
  const auto parse = [&](std::string_view text) { return ParseTimeMs(text, midnight, zone); };
  CHECK(*parse("2024-05-01") == midnight - 2 * kHourMs);
  CHECK(*parse("2024-05-01 02:00") == midnight);
  CHECK(*parse("2024-05-01T02:00:01") == midnight + 1000);
  CHECK(*parse("2024-05-01T00:00Z") == midnight);
  CHECK(*parse("2024-05-01T01:00:00+01:00") == midnight);
  CHECK(*parse("1d") == midnight - 24 * kHourMs);
  for (const char* wrong :
       {"", "yesterday", "2024-13-01", "2024-02-30", "2024-05-01T25:00", "1969-01-01", "12000-01-01", "2024-05-01x"}) {
    INFO(wrong);
    CHECK_FALSE(parse(wrong).ok());
  }
  CHECK(MinuteText(midnight, zone) == "2024-05-01 02:00");
  CHECK(DayText(midnight - 3 * kHourMs, zone) == "2024-04-30");
}

TEST_CASE("Progress shows rate and time left after two seconds") {
  CHECK(RenderProgress("saving", "messages", 1500, 4500, 1000) ==
        "saving   [########                ]  1,500 of 4,500 messages");
  CHECK(RenderProgress("saving", "messages", 1500, 4500, 3000) ==
        "saving   [########                ]  1,500 of 4,500 messages  500/s  6 s left");
  CHECK(RenderProgress("saving", "messages", 10, 10'000, 10'000) ==
        "saving   [                        ]  10 of 10,000 messages  1/s  166:30 left");
  CHECK(RenderProgress("saving", "messages", 7, 7, 3000) ==
        "saving   [########################]  7 of 7 messages  2/s");
  CHECK(RenderProgress("reading", "rows", 1234567, 0, 500) == "reading  1,234,567 rows");
  // More than the server had counted.
  CHECK(RenderProgress("x", "y", 9, 3, 100) == "x        [########################]  9 of 3 y");
  CHECK(RenderProgress("x", "y", 0, 3, 9000) == "x        [                        ]  0 of 3 y");
}

TEST_CASE("Exit codes follow the catalogue") {
  const auto code = [](const absl::Status& status, bool changes = false) {
    return static_cast<int>(ExitCodeOf(status, changes));
  };
  CHECK(code(absl::OkStatus()) == 0);
  CHECK(code(Findings("x")) == 1);
  CHECK(code(errors::DataDamaged("x")) == 1);
  CHECK(code(Usage("x")) == 2);
  CHECK(code(errors::InvalidField("x", "y")) == 3);
  CHECK(code(errors::RotationRequired()) == 3);
  CHECK(code(errors::QuotaExceeded("x", 1)) == 3);
  CHECK(code(errors::MailboxNotFound()) == 4);
  CHECK(code(errors::VirtualDeviceNotFound()) == 4);
  CHECK(code(absl::UnavailableError("x")) == 5);
  CHECK(code(errors::Draining()) == 5);
  CHECK(code(errors::DeviceRevoked()) == 6);
  CHECK(code(errors::TokenInvalid("x")) == 6);
  CHECK(code(errors::OutcomeUnknown()) == 7);
  CHECK(code(absl::DeadlineExceededError("x"), /*changes=*/true) == 7);
  CHECK(code(absl::DeadlineExceededError("x"), /*changes=*/false) == 5);
  CHECK(code(absl::CancelledError("x")) == 130);
}

client::HistoryMessage Message(client::HistoryMessage::Body body) {
  client::RowClaims row;
  row.thread_id = "t";
  row.message_id = "m";
  row.timestamp_ms = 1714521600000;
  return client::HistoryMessage(row, std::move(body));
}

client::HistoryMessage Chat(const std::string& sender, const std::string& text) {
  client::VerifiedBody body;
  body.content = client::EncodeChatContent({sender, text, "Title"});
  return Message(body);
}

TEST_CASE("Messages are shown for people, and can't drive the terminal") {
  const absl::TimeZone utc = absl::UTCTimeZone();
  CHECK(MessageText(Chat("Ann", "hello"), utc) == "2024-05-01 00:00  Ann: hello");
  CHECK(MessageText(Chat("Ann", "one\ntwo"), utc) == "2024-05-01 00:00  Ann: one\n                  two");
  CHECK(MessageText(Chat("A\x1b[2Jnn\n", "\x1b]0;x\x07"), utc) == "2024-05-01 00:00  A\\x1b[2Jnn\\x0a: \\x1b]0;x\\x07");
  CHECK(Snippet(Chat("Ann", "one\ntwo"), 60) == "Ann: one two");
  CHECK(Snippet(Chat("Ann", "0123456789"), 10) == "Ann: 01...");
}

TEST_CASE("What was tampered with shows no content") {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const client::HistoryMessage bad = Message(client::TamperedBody{client::Tampering::kDiffersFromEnvelope});
  CHECK_THAT(MessageText(bad, utc), Catch::Contains("[refused: "));
  CHECK(MessageDocument(bad).contains("refused"));
  CHECK_FALSE(MessageDocument(bad).contains("text"));
  const client::HistoryMessage foreign = Message(client::ForeignBody{"raw bytes"});
  CHECK(MessageText(foreign, utc) ==
        "2024-05-01 00:00  [unverified: no envelope] [another product's message, 9 bytes]");
  CHECK(MessageDocument(foreign)["verified"] == false);
}

TEST_CASE("Text is cut between characters") {
  CHECK(Shorten("äöüäöü", 6) == "äöüäöü");
  CHECK(Shorten("äöüäöüä", 6) == "äöü...");
  CHECK(Shorten("", 5).empty());
}

}  // namespace
}  // namespace labyrinth::cli
