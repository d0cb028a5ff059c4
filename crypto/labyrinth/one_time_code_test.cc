#include "crypto/labyrinth/one_time_code.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <utility>

#include "crypto/primitives/release_watch.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

std::string Drawn(std::string bytes) {
  ScriptedRandom random(std::move(bytes));
  return std::string(OneTimeCode::Generate(random).digits().RevealSecret());
}

absl::StatusOr<OneTimeCode> Parse(std::string_view typed) { return OneTimeCode::Parse(Secret::CopyOf(typed)); }

std::string Why(std::string_view typed) {
  const absl::Status status = Parse(typed).status();
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

TEST_CASE("a code is a 32-bit number's last six digits, below the last whole million") {
  using namespace std::string_literals;
  CHECK(Drawn("\0\0\0\0"s) == "000000");
  CHECK(Drawn("\0\0\0\x2a"s) == "000042");
  CHECK(Drawn("\0\x0f\x42\x3f"s) == "999999");
  CHECK(Drawn("\0\x0f\x42\x40"s) == "000000");
  // 4,293,999,999 is the last without bias, 4,294,000,000 the first that is drawn again.
  CHECK(Drawn("\xff\xf1\x3d\x7f"s) == "999999");
  CHECK(Drawn("\xff\xf1\x3d\x80\0\0\0\x07"s) == "000007");
  CHECK(Drawn("\xff\xff\xff\xff\xff\xf1\x3d\x80\0\0\0\x08"s) == "000008");
}

TEST_CASE("every digit of every place is as likely") {
  SeededRandom random(6);
  std::array<std::array<int, 10>, kOneTimeCodeDigits> seen{};
  constexpr int kCodes = 20'000;
  for (int i = 0; i < kCodes; ++i) {
    const OneTimeCode code = OneTimeCode::Generate(random);
    for (std::size_t place = 0; place < kOneTimeCodeDigits; ++place) {
      ++seen[place][static_cast<std::size_t>(code.digits().RevealSecret()[place] - '0')];
    }
  }
  // Expected 2,000 with a deviation of 42: seven of them.
  for (const auto& place : seen) {
    for (const int count : place) CHECK(std::abs(count - kCodes / 10) < 300);
  }
}

TEST_CASE("a code is shown in two groups, and read in any") {
  const auto code = Parse("042917");
  REQUIRE(code.ok());
  CHECK(code->Formatted().RevealSecret() == "042 917");
  for (const char* typed : {"042 917", "042-917", " 0 4 2 9 1 7\n", "0429-17", "042917\r\n"}) {
    INFO(typed);
    const auto parsed = Parse(typed);
    REQUIRE(parsed.ok());
    CHECK(parsed->digits().RevealSecret() == "042917");
  }
  CHECK(code->Clone().digits().RevealSecret() == "042917");
}

TEST_CASE("a wrong code says what is wrong, and not what was typed") {
  CHECK(Why("") == "a one-time code has six digits, not 0");
  CHECK(Why("12345") == "a one-time code has six digits, not 5");
  CHECK(Why("1234567") == "a one-time code has six digits, not 7");
  CHECK(Why("12345a") == "a one-time code has digits alone");
  CHECK(Why("123.456") == "a one-time code has digits alone");
  CHECK(Why("\xd9\xa1\xd9\xa2\xd9\xa3") == "a one-time code has digits alone");
  CHECK(Why(std::string("12345\0", 6)) == "a one-time code has digits alone");
  CHECK(Why(std::string(1'000'000, ' ')) == "a one-time code has six digits");
}

TEST_CASE("what parsing releases doesn't hold the code") {
  const Secret typed = Secret::CopyOf(std::string(100, ' ') + "827193 and more");
  const Secret good = Secret::CopyOf(std::string(100, ' ') + "827193" + std::string(100, ' '));
  ReleaseWatch watch("827193");
  (void)OneTimeCode::Parse(typed);
  (void)OneTimeCode::Parse(good)->Formatted();
  CHECK(watch.released_with_marker() == 0);
}

}  // namespace
}  // namespace labyrinth::crypto
