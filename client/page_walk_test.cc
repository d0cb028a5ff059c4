#include "client/page_walk.h"

#include <catch2/catch.hpp>

namespace labyrinth::client {
namespace {

TEST_CASE("A walk follows tokens until an empty one") {
  PageWalk walk;
  CHECK(walk.token().empty());
  REQUIRE(walk.Advance("a", 3).ok());
  CHECK(walk.token() == "a");
  CHECK_FALSE(walk.done());
  REQUIRE(walk.Advance("", 0).ok());
  CHECK(walk.done());
}

TEST_CASE("A token that comes twice ends the walk with an error, at any distance") {
  PageWalk walk;
  REQUIRE(walk.Advance("a", 1).ok());
  REQUIRE(walk.Advance("b", 1).ok());
  CHECK(absl::IsDataLoss(walk.Advance("b", 1)));
  CHECK(absl::IsDataLoss(walk.Advance("a", 1)));
  CHECK(walk.token() == "b");
  CHECK(walk.Advance("c", 1).ok());
}

TEST_CASE("Empty pages may come, but not without end") {
  PageWalk walk;
  int token = 0;
  for (int i = 0; i < PageWalk::kMaxEmptyPages; ++i) REQUIRE(walk.Advance(std::to_string(++token), 0).ok());
  CHECK(absl::IsDataLoss(walk.Advance(std::to_string(++token), 0)));
  // A page with items starts the count again.
  REQUIRE(walk.Advance(std::to_string(++token), 1).ok());
  CHECK(walk.Advance(std::to_string(++token), 0).ok());
}

TEST_CASE("An oversized token is refused") {
  PageWalk walk;
  CHECK(walk.Advance(std::string(PageWalk::kMaxTokenBytes, 'x'), 1).ok());
  CHECK(absl::IsDataLoss(walk.Advance(std::string(PageWalk::kMaxTokenBytes + 1, 'x'), 1)));
}

}  // namespace
}  // namespace labyrinth::client
