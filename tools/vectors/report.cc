#include "tools/vectors/report.h"

#include <utility>

namespace labyrinth::vectors {
namespace {

// Names and texts come from anyone's file: a control character in one must not start a line of its own.
std::string OneLine(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return out;
}

}  // namespace

void Report::Add(std::string_view section, std::string_view name, const Outcome& outcome) {
  if (!outcome.failed()) {
    ++passed_;
    return;
  }
  ++failed_;
  out_ << "FAILED " << OneLine(section) << ' ' << OneLine(name) << ": " << OneLine(outcome.fault()) << '\n';
}

void Report::Failed(std::string_view section, std::string_view name, std::string what) {
  Outcome outcome;
  outcome.Fail(std::move(what));
  Add(section, name, outcome);
}

}  // namespace labyrinth::vectors
