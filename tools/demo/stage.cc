#include "tools/demo/stage.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace labyrinth::demo {

namespace {

double Since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

std::string Duration(double seconds) {
  return seconds < 1 ? fmt::format("{:.1f} ms", seconds * 1000) : fmt::format("{:.1f} s", seconds);
}

void Stage::BeginScene(std::string_view name, std::string_view about) {
  ++scenes_;
  scene_start_ = std::chrono::steady_clock::now();
  fmt::print("\n{}. {} - {}\n", scenes_, name, about);
  std::fflush(stdout);
}

void Stage::Say(const std::string& line) {
  ClearProgress();
  fmt::print("   {}\n", line);
  std::fflush(stdout);
}

absl::Status Stage::Claim(bool holds, const std::string& claim) {
  if (!holds) return absl::FailedPreconditionError(fmt::format("this claim does not hold: {}", claim));
  ++claims_;
  Say(fmt::format("[x] {}", claim));
  return absl::OkStatus();
}

absl::Status Stage::ClaimRefused(const absl::Status& status, Reason reason, const std::string& what) {
  const std::string claim = fmt::format("{}: refused with {}", what, ReasonName(reason));
  if (status.ok())
    return absl::FailedPreconditionError(fmt::format("this claim does not hold: {} (it was done)", claim));
  if (ReasonOf(status) != reason) {
    return absl::FailedPreconditionError(
        fmt::format("this claim does not hold: {} (the answer was: {})", claim, std::string(status.message())));
  }
  return Claim(true, claim);
}

void Stage::EndScene() {
  ClearProgress();
  fmt::print("   ok ({})\n", Duration(Since(scene_start_)));
  std::fflush(stdout);
}

double Stage::seconds() const { return Since(start_); }

void Stage::Progress(std::string_view what, uint64_t done, uint64_t total) {
  if (isatty(STDERR_FILENO) == 0) return;
  constexpr int kWidth = 30;
  const double part = total == 0 ? 0 : static_cast<double>(done) / static_cast<double>(total);
  const int filled = static_cast<int>(part * kWidth);
  fmt::print(stderr, "\r   {} [{}{}] {}/{}\x1b[K", what, std::string(filled, '#'), std::string(kWidth - filled, '.'),
             Grouped(done), Grouped(total));
  std::fflush(stderr);
  bar_shown_ = true;
}

void Stage::ClearProgress() {
  if (!bar_shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  bar_shown_ = false;
}

}  // namespace labyrinth::demo
