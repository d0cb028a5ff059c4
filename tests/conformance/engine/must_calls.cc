// Apart from the other calls, which a program without Catch2 makes as well.
#include <catch2/catch.hpp>
#include <utility>

#include "tests/conformance/engine/calls.h"

namespace labyrinth::storage {

Position MustCommit(Engine& engine, CommitRequest request) {
  const Position before = request.expect;
  const bool drop = request.drop;
  const CommitResult result = CommitNow(engine, std::move(request));
  INFO(result.error.ToString());
  REQUIRE(result.outcome == CommitResult::Outcome::kCommitted);
  const Position after = drop ? Position{before.incarnation + 1, 0} : Position{before.incarnation, before.revision + 1};
  REQUIRE(result.position == after);
  return result.position;
}

ReadResult MustRead(Engine& engine, ReadRequest request) {
  auto result = ReadNow(engine, std::move(request));
  INFO(result.status().ToString());
  REQUIRE(result.ok());
  return *std::move(result);
}

Position PositionOf(Engine& engine, const std::string& partition) {
  return MustRead(engine, Gets(partition, {})).position;
}

}  // namespace labyrinth::storage
