// What the numbers were measured on.
#ifndef LABYRINTH_TOOLS_BENCH_MACHINE_H_
#define LABYRINTH_TOOLS_BENCH_MACHINE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace labyrinth::bench {

// No names of hosts, people or folders.
struct Machine {
  std::string processor;
  int cores = 0;
  uint64_t memory_mib = 0;
  std::string kernel;
  std::string file_system;  // of the directory that everything is kept in
  double sync_us = 0;       // median of appending 4 KiB to a file there and syncing it
};

// FAILED_PRECONDITION for a directory that is in memory: nothing is durable there, and syncing costs nothing.
absl::StatusOr<Machine> LookAtMachine(const std::string& dir);

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_MACHINE_H_
