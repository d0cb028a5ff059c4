#include "crypto/labyrinth/import_ids.h"

#include <catch2/catch.hpp>
#include <set>

#include "common/bytes.h"

namespace labyrinth::crypto {
namespace {

Epoch FirstEpoch(char byte) { return {EpochId(1), 0, Secret::CopyOf(std::string(32, byte))}; }

TEST_CASE("import ids have the protocol's bytes") {
  const auto ids = ImportIds::Create(FirstEpoch(9));
  REQUIRE(ids.ok());
  // Made by hand with Python's hmac and struct.
  CHECK(ToHex(ids->ThreadId("inbox/family_1")) == "3381ff3cd904966f5951c01a5b4fa22a");
  CHECK(ToHex(ids->MessageId("inbox/family_1", 1'700'000'000'123, "Ada", "hello")) ==
        "fb44075b8772ebfa64a24d09d3819424");
}

TEST_CASE("import ids repeat for the same message and differ in every part and mailbox") {
  const auto ids = ImportIds::Create(FirstEpoch(9));
  const auto others = ImportIds::Create(FirstEpoch(8));
  REQUIRE(ids.ok());
  REQUIRE(others.ok());
  CHECK(ids->MessageId("p", 1, "s", "c") == ids->MessageId("p", 1, "s", "c"));
  CHECK(ids->ThreadId("p").size() == kImportIdBytes);
  const std::set<std::string> distinct = {
      ids->MessageId("p", 1, "s", "c"),
      ids->MessageId("q", 1, "s", "c"),
      ids->MessageId("p", 2, "s", "c"),
      ids->MessageId("p", -1, "s", "c"),
      ids->MessageId("p", 1, "t", "c"),
      ids->MessageId("p", 1, "s", "d"),
      ids->MessageId("p", 1, "sc", ""),
      ids->MessageId("p", 1, "", "sc"),
      others->MessageId("p", 1, "s", "c"),
      ids->ThreadId("p"),
      ids->ThreadId("q"),
      others->ThreadId("p"),
  };
  CHECK(distinct.size() == 12);
}

TEST_CASE("import ids are keyed by the first epoch alone") {
  Epoch second = FirstEpoch(9);
  second.sequence_id = 1;
  CHECK_FALSE(ImportIds::Create(second).ok());
  Epoch short_key = FirstEpoch(9);
  short_key.root_key = Secret(16);
  CHECK_FALSE(ImportIds::Create(short_key).ok());
}

}  // namespace
}  // namespace labyrinth::crypto
