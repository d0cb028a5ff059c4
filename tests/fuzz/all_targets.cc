#include "tests/fuzz/fuzz_target.h"

namespace labyrinth::fuzz {
namespace {

// One comparison a byte: a fuzzer that sees coverage climbs it step by step.
void PlantedBug(std::string_view input) {
  constexpr std::string_view kBug = "bug!";
  std::size_t matched = 0;
  for (const char c : input) {
    matched = c == kBug[matched] ? matched + 1 : 0;
    Require(matched < kBug.size(), "the canary's input has no bug");
  }
}

std::vector<std::string> CanarySeeds() { return {"bug?"}; }

constexpr FuzzTarget kCanary = {"canary", CanarySeeds, PlantedBug};

}  // namespace

const FuzzTarget& Canary() { return kCanary; }

std::vector<FuzzTarget> AllTargets() {
  std::vector<FuzzTarget> all;
  for (const auto targets :
       {PrimitiveTargets(), StatementTargets(), ProtocolTargets(), OneTimeTargets(), AttachmentTargets(),
        ServerTargets(), ClientTargets(), StorageTargets(), RestoreTargets()}) {
    all.insert(all.end(), targets.begin(), targets.end());
  }
  return all;
}

}  // namespace labyrinth::fuzz
