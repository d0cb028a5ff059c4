#include "crypto/primitives/sha256_stream.h"

#include <catch2/catch.hpp>
#include <string>

#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

TEST_CASE("A stream's digest is the digest of the whole, however it is cut") {
  SeededRandom random(1);
  for (const std::size_t size : {0u, 1u, 55u, 56u, 63u, 64u, 65u, 1000u}) {
    const std::string bytes = random.Bytes(size);
    for (const std::size_t piece : {1u, 7u, 64u, 4096u}) {
      Sha256Stream stream;
      for (std::size_t at = 0; at < size; at += piece) stream.Add(std::string_view(bytes).substr(at, piece));
      CHECK(stream.Finish() == Sha256(bytes));
    }
  }
}

}  // namespace
}  // namespace labyrinth::crypto
