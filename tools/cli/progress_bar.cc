#include "tools/cli/progress_bar.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace labyrinth::cli {
namespace {

constexpr uint64_t kBarCells = 24;
constexpr int64_t kRateAfterMs = 2000;
constexpr std::chrono::milliseconds kRedrawEvery(100);

}  // namespace

std::string RenderProgress(std::string_view label, std::string_view unit, uint64_t done, uint64_t total,
                           int64_t elapsed_ms) {
  std::string out = fmt::format("{:<9}", label);
  if (total > 0) {
    const uint64_t cells = std::min(done, total) * kBarCells / total;
    out +=
        fmt::format("[{:<{}}]  {} of {} {}", std::string(cells, '#'), kBarCells, Grouped(done), Grouped(total), unit);
  } else {
    out += fmt::format("{} {}", Grouped(done), unit);
  }
  if (elapsed_ms < kRateAfterMs || done == 0) return out;
  const double rate = static_cast<double>(done) * 1000 / static_cast<double>(elapsed_ms);
  out += fmt::format("  {}/s", Grouped(static_cast<uint64_t>(rate + 0.5)));
  if (total > done) {
    const auto left_s = static_cast<uint64_t>(static_cast<double>(total - done) / rate + 0.5);
    out += left_s < 60 ? fmt::format("  {} s left", left_s) : fmt::format("  {}:{:02} left", left_s / 60, left_s % 60);
  }
  return out;
}

ProgressBar::ProgressBar(std::string label, std::string unit)
    : label_(std::move(label)),
      unit_(std::move(unit)),
      visible_(isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()),
      drawn_(start_) {}

ProgressBar::~ProgressBar() {
  if (on_screen_) std::fputs("\r\x1b[K", stderr);
}

void ProgressBar::Update(uint64_t done, uint64_t total) {
  if (!visible_) return;
  const Time now = std::chrono::steady_clock::now();
  if (now - drawn_ < kRedrawEvery) return;
  drawn_ = now;
  on_screen_ = true;
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - start_);
  fmt::print(stderr, "\r\x1b[K{}", RenderProgress(label_, unit_, done, total, elapsed.count()));
  std::fflush(stderr);
}

}  // namespace labyrinth::cli
