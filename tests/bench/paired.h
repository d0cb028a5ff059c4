// How long a piece of work takes beside its floor: the bare library calls that it can't do without.
#ifndef LABYRINTH_TESTS_BENCH_PAIRED_H_
#define LABYRINTH_TESTS_BENCH_PAIRED_H_

#include <string_view>

#include "absl/functional/function_ref.h"

namespace labyrinth::bench {

// Runs both in turn, many short rounds each, so that a busy moment hits both, and prints a line: the medians in
// microseconds, their spread (from the first to the third quartile), and the ratio floor / work: 1.00 would be no cost
// of our own.
void Compare(std::string_view name, absl::FunctionRef<void()> work, absl::FunctionRef<void()> floor);

// The table's heading.
void PrintHeading();

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TESTS_BENCH_PAIRED_H_
