#include "client/transfer/chat_content.h"

#include <catch2/catch.hpp>

namespace labyrinth::client {
namespace {

TEST_CASE("Chat content survives encoding") {
  const std::optional<ChatContent> out =
      DecodeChatContent(EncodeChatContent({"Jörg", "line\nline \U0001f600", "Café"}));
  REQUIRE(out.has_value());
  CHECK(out->sender == "Jörg");
  CHECK(out->text == "line\nline \U0001f600");
  CHECK(out->thread_title == "Café");
  CHECK(DecodeChatContent("").has_value());  // all fields empty
}

TEST_CASE("Other products' content isn't taken for chat") {
  CHECK_FALSE(DecodeChatContent("just text").has_value());
  CHECK_FALSE(DecodeChatContent(std::string("\x0a\x02\xff\xfe", 4)).has_value());  // sender_name isn't UTF-8
  CHECK_FALSE(DecodeChatContent(std::string("\x0a\x7f", 2)).has_value());          // cut off
  CHECK_FALSE(DecodeChatContent(std::string("\xf8\x01\x05", 3)).has_value());      // parses, field 31 alone
}

}  // namespace
}  // namespace labyrinth::client
