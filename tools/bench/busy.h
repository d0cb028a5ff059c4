// Who else uses the processors: a number measured beside a compiler says nothing.
#ifndef LABYRINTH_TOOLS_BENCH_BUSY_H_
#define LABYRINTH_TOOLS_BENCH_BUSY_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace labyrinth::bench {

// Of all processors together, in clock ticks since the machine's start. Time in interrupts counts as nobody's: our
// packets cause most of it.
struct ProcessorTicks {
  uint64_t busy = 0;   // user, nice, system
  uint64_t steal = 0;  // taken by the machine below
  uint64_t total = 0;
};

// From the text of /proc/stat; nullopt for any other.
std::optional<ProcessorTicks> ParseProcessorTicks(std::string_view text);

struct ProcessTicks {
  pid_t pid = 0;
  pid_t parent = 0;
  uint64_t ticks = 0;  // its own and its ended children's, user and system
};

// From the text of /proc/PID/stat; nullopt for any other. A process may have any characters in its name.
std::optional<ProcessTicks> ParseProcessTicks(std::string_view text);

// Of a process now; nullopt if there is none.
std::optional<ProcessTicks> TicksOf(pid_t pid);

// The ticks of `self`, of everything below it, and of the kernel's threads, which write and sync on our behalf.
uint64_t OwnTicks(const std::vector<ProcessTicks>& processes, pid_t self);

// A moment.
struct Sample {
  ProcessorTicks processors;
  uint64_t own = 0;
};

// The shares of all processors' time between two moments that went to other processes, and to the machine below.
struct Busyness {
  double others = 0;
  double steal = 0;
};

Busyness Between(const Sample& before, const Sample& after);

// Beyond these a measurement isn't one.
inline constexpr double kOthersBound = 0.10;
inline constexpr double kStealBound = 0.05;

inline bool IsBusy(const Busyness& busyness) { return busyness.others > kOthersBound || busyness.steal > kStealBound; }

// Of this process, now.
Sample TakeSample();

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_BUSY_H_
