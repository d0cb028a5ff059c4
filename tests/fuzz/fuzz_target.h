// One decoder of bytes from outside, as a function that a fuzzer calls.
#ifndef LABYRINTH_TESTS_FUZZ_FUZZ_TARGET_H_
#define LABYRINTH_TESTS_FUZZ_FUZZ_TARGET_H_

#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace labyrinth::fuzz {

struct FuzzTarget {
  // Names the corpus: tests/fuzz/corpus/NAME.
  std::string_view name;
  // Well-formed inputs, from which mutation starts. Deterministic.
  std::vector<std::string> (*seeds)();
  // Decodes, and checks what must hold of whatever was accepted. Aborts where it doesn't; keeps nothing.
  void (*run)(std::string_view input);
};

// Aborts, as a sanitizer would: a fuzzer then keeps the input.
inline void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: does not hold: %s\n", what);
  std::abort();
}

// One list a column of the house.
std::span<const FuzzTarget> PrimitiveTargets();
std::span<const FuzzTarget> StatementTargets();
std::span<const FuzzTarget> ProtocolTargets();
std::span<const FuzzTarget> OneTimeTargets();
std::span<const FuzzTarget> AttachmentTargets();
std::span<const FuzzTarget> ServerTargets();
std::span<const FuzzTarget> ClientTargets();
std::span<const FuzzTarget> StorageTargets();
std::span<const FuzzTarget> RestoreTargets();

// All of them.
std::vector<FuzzTarget> AllTargets();

// Not one of them: aborts on inputs that hold "bug!", which a working fuzzer finds in seconds.
const FuzzTarget& Canary();

}  // namespace labyrinth::fuzz

#endif  // LABYRINTH_TESTS_FUZZ_FUZZ_TARGET_H_
