// What a check says.
#ifndef LABYRINTH_SERVICE_CHECK_FINDING_H_
#define LABYRINTH_SERVICE_CHECK_FINDING_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "storage/engine.h"

namespace labyrinth::check {

enum class FindingKind {
  kDerived,  // the row follows from others, which say what it has to be
  kPrimary,  // nothing else says what was there
};

enum class FindingState { kReported, kRepaired, kWouldRepair };

// One row, or one counter, that contradicts others.
struct Finding {
  std::string_view name;  // a literal: "location_missing"; docs/OPERATIONS.md lists them
  FindingKind kind = FindingKind::kPrimary;
  std::string key;  // of the row that is wrong: raw, for those who may see it
  FindingState state = FindingState::kReported;
};

// What a finding's name means, in a line.
std::string_view Explain(std::string_view name);

// Who hears of it. Called from the checking thread.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void OnFinding(const std::string& partition, const Finding& finding) = 0;
  // Partitions that were judged so far.
  virtual void OnProgress(uint64_t done) = 0;
  virtual bool cancelled() const = 0;
};

struct Options {
  bool repair = false;   // writes what is derived
  bool dry_run = false;  // with `repair`: says so instead
  // Rows of a page: small enough that what they lead to is small as well.
  std::size_t page_rows = 256;
  // Messages of a thread that are summed up at one moment; more are only if nothing is written meanwhile.
  std::size_t sum_rows = std::size_t{1} << 20;
};

// What a check came to.
struct Summary {
  uint64_t mailboxes = 0;
  uint64_t rows = 0;
  uint64_t findings = 0;
  uint64_t repaired = 0;
  // Counters that never stood still for long enough to be compared. Nothing is said of these.
  uint64_t unjudged = 0;
};

}  // namespace labyrinth::check

#endif  // LABYRINTH_SERVICE_CHECK_FINDING_H_
