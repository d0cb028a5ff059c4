// Looks for many known texts in files at once.
#ifndef LABYRINTH_TOOLS_DEMO_PLAINTEXT_SEARCH_H_
#define LABYRINTH_TOOLS_DEMO_PLAINTEXT_SEARCH_H_

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"

namespace labyrinth::demo {

// A set of needles. Thread-compatible.
class PlaintextSearch {
 public:
  // Shorter texts turn up in random bytes, and prove nothing.
  static constexpr std::size_t kMinNeedleBytes = 8;

  // False, and nothing added, if `needle` is too short.
  bool Add(std::string_view needle);
  std::size_t size() const { return needles_.size(); }

  struct Result {
    std::size_t found_needles = 0;  // distinct ones
    uint64_t files = 0;
    uint64_t bytes = 0;
  };
  // Searches every regular file below `paths`. NOT_FOUND if one of them doesn't exist, UNAVAILABLE if a file can't be
  // read: a search that skips files proves nothing.
  absl::StatusOr<Result> Search(const std::vector<std::string>& paths) const;

 private:
  void SearchBytes(std::string_view bytes, std::set<std::size_t>& found) const;

  std::vector<std::string> needles_;
  std::set<std::string, std::less<>> known_;
  // The first eight bytes of needles, to the needles that begin so.
  absl::flat_hash_map<uint64_t, std::vector<std::size_t>> by_prefix_;
};

}  // namespace labyrinth::demo

#endif  // LABYRINTH_TOOLS_DEMO_PLAINTEXT_SEARCH_H_
