#include "tools/labyrinthctl/text_forms.h"

#include <catch2/catch.hpp>

namespace labyrinth::ctl {
namespace {

TEST_CASE("sizes are read as they are written, and nothing near them is") {
  CHECK(ParseBytes("5GiB") == uint64_t{5} << 30);
  CHECK(ParseBytes("512MiB") == uint64_t{512} << 20);
  CHECK(ParseBytes("1KiB") == 1024);
  CHECK(ParseBytes("2TiB") == uint64_t{2} << 40);
  CHECK(ParseBytes("17") == 17);
  for (const char* text :
       {"", "GiB", "5GB", "5 GiB", "-1", "1.5GiB", "0x10", "99999999999999999999", "9999999TiB", "5gib"}) {
    INFO(text);
    CHECK_FALSE(ParseBytes(text).has_value());
  }
  CHECK(BytesText(0) == "0 bytes");
  CHECK(BytesText(1023) == "1023 bytes");
  CHECK(BytesText(1536) == "1.5 KiB");
  CHECK(BytesText(uint64_t{5} << 30) == "5.0 GiB");
}

TEST_CASE("durations have a unit") {
  CHECK(ParseDurationMs("30s") == 30'000);
  CHECK(ParseDurationMs("250ms") == 250);
  CHECK(ParseDurationMs("5m") == 300'000);
  CHECK(ParseDurationMs("2h") == 7'200'000);
  for (const char* text : {"", "s", "30", "-1s", "1.5s", "30 s", "soon", "99999999999999999999s"}) {
    INFO(text);
    CHECK_FALSE(ParseDurationMs(text).has_value());
  }
}

TEST_CASE("times are UTC") {
  CHECK(TimeText(0) == "never");
  CHECK(TimeText(1'714'564'800'000) == "2024-05-01 12:00:00Z");
}

}  // namespace
}  // namespace labyrinth::ctl
