#include "crypto/statements/virtual_device_check.h"

#include <catch2/catch.hpp>

namespace labyrinth::crypto {
namespace {

TEST_CASE("a virtual device's check is the cut hash of its id") {
  std::string id;
  for (char i = 0; i < 16; ++i) id.push_back(i);
  // Made by hand with Python's hashlib.
  CHECK(ToHex(CheckOf(id).view()) == "928911ebbb1f5fc5");
  CHECK(CheckOf(id) != CheckOf(id.substr(0, 8)));
}

}  // namespace
}  // namespace labyrinth::crypto
