#include "tools/bench/busy.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace labyrinth::bench {
namespace {

constexpr pid_t kKernelThreads = 2;  // their parent

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<ProcessTicks> AllProcesses() {
  std::vector<ProcessTicks> processes;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    if (!std::isdigit(static_cast<unsigned char>(entry.path().filename().string()[0]))) continue;
    if (const auto process = ParseProcessTicks(ReadText(entry.path() / "stat"))) processes.push_back(*process);
  }
  return processes;
}

}  // namespace

std::optional<ProcessorTicks> ParseProcessorTicks(std::string_view text) {
  std::istringstream in{std::string(text.substr(0, text.find('\n')))};
  std::string name;
  // user nice system idle iowait irq softirq steal
  std::array<uint64_t, 8> ticks{};
  in >> name;
  for (uint64_t& value : ticks) in >> value;
  if (!in || name != "cpu") return std::nullopt;
  ProcessorTicks out{ticks[0] + ticks[1] + ticks[2], ticks[7], 0};
  for (const uint64_t value : ticks) out.total += value;
  return out;
}

std::optional<ProcessTicks> ParseProcessTicks(std::string_view text) {
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  std::istringstream before{std::string(text)}, after{std::string(text.substr(name_end + 1))};
  ProcessTicks process;
  std::string skipped;
  before >> process.pid;
  after >> skipped >> process.parent;  // state, parent
  for (int field = 5; field < 14; ++field) after >> skipped;
  for (int field = 14; field < 18; ++field) {  // utime stime cutime cstime
    uint64_t ticks = 0;
    after >> ticks;
    process.ticks += ticks;
  }
  if (!before || !after) return std::nullopt;
  return process;
}

std::optional<ProcessTicks> TicksOf(pid_t pid) {
  return ParseProcessTicks(ReadText("/proc/" + std::to_string(pid) + "/stat"));
}

uint64_t OwnTicks(const std::vector<ProcessTicks>& processes, pid_t self) {
  std::set<pid_t> ours = {self, kKernelThreads};
  // A child may stand before its parent.
  for (std::size_t before = 0; before != ours.size();) {
    before = ours.size();
    for (const ProcessTicks& process : processes) {
      if (ours.count(process.parent) != 0) ours.insert(process.pid);
    }
  }
  uint64_t ticks = 0;
  for (const ProcessTicks& process : processes) {
    if (ours.count(process.pid) != 0) ticks += process.ticks;
  }
  return ticks;
}

Busyness Between(const Sample& before, const Sample& after) {
  const double total = static_cast<double>(after.processors.total) - static_cast<double>(before.processors.total);
  if (total <= 0) return {};
  const double busy = static_cast<double>(after.processors.busy) - static_cast<double>(before.processors.busy);
  const double own = static_cast<double>(after.own) - static_cast<double>(before.own);
  const double steal = static_cast<double>(after.processors.steal) - static_cast<double>(before.processors.steal);
  return {std::max(0.0, busy - own) / total, steal / total};
}

Sample TakeSample() {
  // The processes first: what they do meanwhile shows as somebody else's rather than hides somebody else.
  const uint64_t own = OwnTicks(AllProcesses(), getpid());
  return {ParseProcessorTicks(ReadText("/proc/stat")).value_or(ProcessorTicks{}), own};
}

}  // namespace labyrinth::bench
