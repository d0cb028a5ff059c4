#include "service/auth/strict_json.h"

#include <catch2/catch.hpp>

namespace labyrinth::service {
namespace {

TEST_CASE("One plain object is accepted, with names repeated in different objects") {
  CHECK(ParseStrictObject(R"({"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]})").has_value());
  CHECK(ParseStrictObject("{}").has_value());
}

TEST_CASE("Anything that two readers could read differently is refused") {
  const std::string rows[] = {
      "",
      "[]",
      "\"text\"",
      "1",
      R"({"a":1,"a":1})",
      R"({"b":{"a":1,"a":2}})",
      R"([{}])",
      R"({"a":1} x)",
      R"({"a":1,})",
      "{'a':1}",
      "{\"a\":\"\xff\"}",
      R"({"a":NaN})",
      R"({"a":1)",
      std::string("{\"a\":1}\0", 8),
      std::string("{\"a\":1}\0{\"b\":2}", 15),
      R"({"a":1e999})",
      R"(/**/{})",
  };
  for (const std::string& text : rows) {
    INFO(text);
    CHECK_FALSE(ParseStrictObject(text).has_value());
  }
  CHECK_FALSE(ParseStrictObject(R"({"a":[[[[[[[[[[1]]]]]]]]]]})").has_value());
  CHECK_FALSE(ParseStrictObject(std::string(100'000, '[')).has_value());
}

TEST_CASE("Members are taken only in the type that they should have") {
  const auto object = *ParseStrictObject(R"({"s":"x","n":1.5,"neg":-1,"far":1e15,"bool":true,"text":"5"})");
  CHECK(StringMember(object, "s") == "x");
  CHECK_FALSE(StringMember(object, "n").has_value());
  CHECK_FALSE(StringMember(object, "none").has_value());
  CHECK(TimeMember(object, "n") == 1500);
  for (const char* name : {"neg", "far", "bool", "text", "none"}) CHECK_FALSE(TimeMember(object, name).has_value());
}

}  // namespace
}  // namespace labyrinth::service
