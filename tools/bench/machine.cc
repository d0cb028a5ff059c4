#include "tools/bench/machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <thread>
#include <vector>

#include "tools/bench/stats.h"

namespace labyrinth::bench {
namespace {

constexpr int kSyncs = 200;

std::string Processor() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

// The names of statfs(2) that a store is likely to lie on.
std::string FileSystem(int64_t type) {
  switch (type) {
    case 0xef53:
      return "ext4";
    case 0x58465342:
      return "xfs";
    case 0x9123683e:
      return "btrfs";
    case 0x2fc12fc1:
      return "zfs";
    case 0x794c7630:
      return "overlayfs";
    default:
      return fmt::format("type {:#x}", type);
  }
}

absl::StatusOr<double> SyncMicros(const std::string& dir) {
  using Clock = std::chrono::steady_clock;
  const std::string path = dir + "/sync_probe";
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return absl::UnavailableError(path + " cannot be written");
  const std::string block(4096, 's');
  std::vector<double> times;
  bool ok = true;
  for (int i = 0; i < kSyncs && ok; ++i) {
    const auto start = Clock::now();
    ok = write(fd, block.data(), block.size()) == static_cast<ssize_t>(block.size()) && fdatasync(fd) == 0;
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  close(fd);
  unlink(path.c_str());
  if (!ok) return absl::UnavailableError(path + " cannot be synced");
  return Median(times);
}

}  // namespace

absl::StatusOr<Machine> LookAtMachine(const std::string& dir) {
  constexpr int64_t kTmpfs = 0x01021994, kRamfs = 0x858458f6;
  struct statfs disk;
  if (statfs(dir.c_str(), &disk) != 0) return absl::UnavailableError(dir + " cannot be used");
  if (disk.f_type == kTmpfs || disk.f_type == kRamfs) {
    return absl::FailedPreconditionError(dir + " is in memory, where nothing is durable: choose a disk with --dir");
  }
  const auto sync_us = SyncMicros(dir);
  if (!sync_us.ok()) return sync_us.status();
  struct sysinfo memory;
  sysinfo(&memory);
  struct utsname kernel;
  uname(&kernel);
  // The release's first part: what follows names a build.
  const std::string release(kernel.release);
  return Machine{Processor(),
                 static_cast<int>(std::thread::hardware_concurrency()),
                 memory.totalram * memory.mem_unit >> 20,
                 fmt::format("{} {}", kernel.sysname, release.substr(0, release.find('-'))),
                 FileSystem(disk.f_type),
                 *sync_us};
}

}  // namespace labyrinth::bench
