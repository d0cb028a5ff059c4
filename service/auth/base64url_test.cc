#include "service/auth/base64url.h"

#include <catch2/catch.hpp>

namespace labyrinth::service {
namespace {

TEST_CASE("Base64url encodes RFC 4648's examples without padding") {
  const std::pair<std::string, std::string> rows[] = {
      {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
      {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "-_-_"}};
  for (const auto& [bytes, text] : rows) {
    CHECK(EncodeBase64Url(bytes) == text);
    CHECK(DecodeBase64Url(text) == bytes);
  }
}

TEST_CASE("Base64url refuses every second spelling") {
  CHECK(DecodeBase64Url("Zg").has_value());  // control
  for (const char* text : {"Zg==", "Zh", "Zm9=", "Z", "Zm9vY", "Zm9v\n", " Zm9v", "+/+/", "Zm 9v"}) {
    INFO(text);
    CHECK_FALSE(DecodeBase64Url(text).has_value());
  }
  CHECK_FALSE(DecodeBase64Url(std::string_view("Zg\0\0", 4)).has_value());
}

}  // namespace
}  // namespace labyrinth::service
