// Small seeded changes to an input, for the runs without a fuzzer.
#ifndef LABYRINTH_TESTS_FUZZ_MUTATE_H_
#define LABYRINTH_TESTS_FUZZ_MUTATE_H_

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>

namespace labyrinth::fuzz {

// One to four changes: a bit flipped, a byte set to an edge value, bytes removed, repeated, or cut off at the end.
inline std::string Mutate(std::string input, std::mt19937_64& random) {
  constexpr unsigned char kEdges[] = {0x00, 0x01, 0x7f, 0x80, 0xff, '0', '"', '\\'};
  const auto below = [&random](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  for (std::size_t changes = 1 + below(4); changes > 0; --changes) {
    if (input.empty()) return std::string(1, static_cast<char>(random()));
    const std::size_t at = below(input.size());
    const std::size_t length = std::min(input.size() - at, 1 + below(8));
    switch (below(5)) {
      case 0:
        input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        break;
      case 1:
        input[at] = static_cast<char>(kEdges[below(std::size(kEdges))]);
        break;
      case 2:
        input.erase(at, length);
        break;
      case 3:
        input.insert(at, input.substr(at, length));
        break;
      default:
        input.resize(at);
    }
  }
  return input;
}

}  // namespace labyrinth::fuzz

#endif  // LABYRINTH_TESTS_FUZZ_MUTATE_H_
