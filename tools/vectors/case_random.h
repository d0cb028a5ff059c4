// The randomness that a case gives as an input: nonces, ephemeral keys, Z.
#ifndef LABYRINTH_TOOLS_VECTORS_CASE_RANDOM_H_
#define LABYRINTH_TOOLS_VECTORS_CASE_RANDOM_H_

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "common/random.h"
#include "tools/vectors/fields.h"

namespace labyrinth::vectors {

// Gives out exactly the bytes it was made with. Unlike crypto::ScriptedRandom, which ends the process, it fails the
// case when more is drawn or, at its end, when bytes are left over: a file of someone else's must not stop the run.
// Thread-compatible; borrows the outcome.
class CaseRandom final : public RandomSource {
 public:
  CaseRandom(std::string bytes, Outcome& outcome) : bytes_(std::move(bytes)), outcome_(outcome) {}
  ~CaseRandom() override;
  void Fill(std::span<uint8_t> out) override;

 private:
  const std::string bytes_;
  Outcome& outcome_;
  std::size_t next_ = 0;
};

}  // namespace labyrinth::vectors

#endif  // LABYRINTH_TOOLS_VECTORS_CASE_RANDOM_H_
