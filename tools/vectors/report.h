// What the known answers came to: one line a failed case, and the count.
#ifndef LABYRINTH_TOOLS_VECTORS_REPORT_H_
#define LABYRINTH_TOOLS_VECTORS_REPORT_H_

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>

namespace labyrinth::vectors {

// One case. The first fault is the one told: those after it mostly follow from it. Thread-compatible.
class Outcome {
 public:
  void Fail(std::string what) {
    if (fault_.empty()) fault_ = what.empty() ? "failed" : std::move(what);
  }
  bool failed() const { return !fault_.empty(); }
  const std::string& fault() const { return fault_; }

 private:
  std::string fault_;
};

// Prints "FAILED section name: what differed" as cases fail. Thread-compatible; borrows `out`.
class Report {
 public:
  explicit Report(std::ostream& out) : out_(out) {}

  void Add(std::string_view section, std::string_view name, const Outcome& outcome);
  void Failed(std::string_view section, std::string_view name, std::string what);

  std::size_t passed() const { return passed_; }
  std::size_t failed() const { return failed_; }

 private:
  std::ostream& out_;
  std::size_t passed_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace labyrinth::vectors

#endif  // LABYRINTH_TOOLS_VECTORS_REPORT_H_
