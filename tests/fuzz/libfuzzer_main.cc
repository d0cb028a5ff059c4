// libFuzzer's entry points, for `./dev fuzz`: the variable LABYRINTH_FUZZ_TARGET names the target.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/fuzz/fuzz_target.h"

namespace {

labyrinth::fuzz::FuzzTarget g_target;  // libFuzzer's interface leaves no other place

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* name = std::getenv("LABYRINTH_FUZZ_TARGET");
  auto targets = labyrinth::fuzz::AllTargets();
  targets.push_back(labyrinth::fuzz::Canary());
  for (const auto& target : targets) {
    if (name != nullptr && target.name == name) {
      g_target = target;
      return 0;
    }
  }
  std::fprintf(stderr, "fuzz: LABYRINTH_FUZZ_TARGET must be one of:\n");
  for (const auto& target : targets) std::fprintf(stderr, "  %.*s\n", int(target.name.size()), target.name.data());
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  g_target.run({reinterpret_cast<const char*>(data), size});
  return 0;
}
