// A progress bar on standard error, for a person who waits.
#ifndef LABYRINTH_TOOLS_CLI_PROGRESS_BAR_H_
#define LABYRINTH_TOOLS_CLI_PROGRESS_BAR_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/text.h"

namespace labyrinth::cli {

// "saving   [#####     ]  1,200 of 4,150 messages  820/s  3 s left". Rate and time left appear after two seconds; the
// bar and the time left only where the total is known (not 0).
std::string RenderProgress(std::string_view label, std::string_view unit, uint64_t done, uint64_t total,
                           int64_t elapsed_ms);

// Draws at most ten times a second, and only if standard error is a terminal. The line is removed at the end.
// Thread-compatible.
class ProgressBar {
 public:
  ProgressBar(std::string label, std::string unit);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void Update(uint64_t done, uint64_t total);

 private:
  using Time = std::chrono::steady_clock::time_point;

  const std::string label_;
  const std::string unit_;
  const bool visible_;
  const Time start_;
  Time drawn_;
  bool on_screen_ = false;
};

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_CLI_PROGRESS_BAR_H_
