// How numbers are written for people.
#ifndef LABYRINTH_TOOLS_BENCH_NUMBERS_H_
#define LABYRINTH_TOOLS_BENCH_NUMBERS_H_

#include <string>

#include "tools/bench/row.h"

namespace labyrinth::bench {

// A measured one: four digits that count, or a whole number in groups of three.
std::string Number(double value);

// A round one, as short as it is: "0.25", "16", "100,000".
std::string RoundNumber(double value);

// The median: "5,450 saves/s".
std::string WithUnit(const Series& series);

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_NUMBERS_H_
