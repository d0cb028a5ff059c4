// What a run of faults came to.
#ifndef LABYRINTH_TESTS_FAULT_TALLY_H_
#define LABYRINTH_TESTS_FAULT_TALLY_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace labyrinth::fault {

enum class Fault {
  kLost,     // acknowledged, and not there
  kDoubled,  // there twice
  kOther,    // anything else that was promised otherwise
};

// Thread-compatible.
struct Tally {
  uint64_t rounds = 0;
  uint64_t acknowledged = 0;  // messages whose saves or replacements were
  uint64_t refused = 0;       // calls
  uint64_t unknown = 0;       // calls that nobody got an answer to
  uint64_t lost = 0, doubled = 0, findings = 0;
  std::vector<std::string> texts;  // the first of them, in words

  bool clean() const { return lost + doubled + findings == 0; }

  void Find(Fault fault, std::string text) {
    constexpr std::size_t kTexts = 20;
    ++(fault == Fault::kLost ? lost : fault == Fault::kDoubled ? doubled : findings);
    if (texts.size() < kTexts) texts.push_back(std::move(text));
  }

  Tally& operator+=(const Tally& other) {
    rounds += other.rounds;
    acknowledged += other.acknowledged;
    refused += other.refused;
    unknown += other.unknown;
    lost += other.lost;
    doubled += other.doubled;
    findings += other.findings;
    texts.insert(texts.end(), other.texts.begin(), other.texts.end());
    return *this;
  }

  std::string Text() const {
    std::string all;
    for (const std::string& text : texts) all += text + "\n";
    return all;
  }
};

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_TALLY_H_
