#include "tests/conformance/api/under_test.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <optional>

#include "tests/conformance/api/coverage.h"
#include "third_party/catch2_runner.h"

namespace labyrinth::conformance {
namespace {

std::optional<UnderTest> deployment;

}  // namespace

int RunConformance(UnderTest under_test, int argc, char** argv) {
  deployment.emplace(under_test);
  const int failed = RunCatch2(argc, argv);
  const bool whole = argc == 1;
  if (failed != 0 || !whole) return failed;
  return CoverageSoFar().Judge(under_test.hands != nullptr) ? 0 : 1;
}

const UnderTest& Deployment() { return deployment.value(); }

Hands* HandsFor(const char* what) {
  SUCCEED();
  if (Deployment().hands == nullptr) fmt::print("skipped against a deployment: {}\n", what);
  return Deployment().hands;
}

}  // namespace labyrinth::conformance
