// What gRPC alone costs: a service with our calls and answers, and nothing behind it.
#ifndef LABYRINTH_TOOLS_BENCH_FLOOR_SERVICE_H_
#define LABYRINTH_TOOLS_BENCH_FLOOR_SERVICE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"

namespace labyrinth::bench {

// The floor's pages are those of a mailbox with so many messages and threads.
inline constexpr uint64_t kFloorMessages = 100'000;
inline constexpr uint64_t kFloorThreads = 100;

// Serves on a free loopback port, which it writes to `port_file`, until the process is killed. A save is parsed and
// answered; each thread's page, serialized once and for all, is sent as it is.
absl::Status ServeFloor(const std::string& port_file, uint64_t seed);

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_FLOOR_SERVICE_H_
