// Pages that a server hasn't read since it started, nor the machine.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "tools/bench/experiment.h"

namespace labyrinth::bench {
namespace {

constexpr uint64_t kThreads = 100;
constexpr uint32_t kCacheMib = 64;
constexpr int kPages = 100;
constexpr int kPageSize = 50;
constexpr std::chrono::seconds kTimeout{60};

// Makes the file system forget what it remembers of the files in `dir`, so that reads wait for the disk.
absl::Status DropFileCache(const std::string& dir) {
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(dir, error)) {
    if (!entry.is_regular_file()) continue;
    const int fd = open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    // What isn't on the disk yet would stay.
    const bool dropped = fd >= 0 && fsync(fd) == 0 && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED) == 0;
    if (fd >= 0) close(fd);
    if (!dropped) return absl::UnavailableError(entry.path().string() + " can't be dropped from memory");
  }
  return error ? absl::UnavailableError(dir + " can't be listed") : absl::OkStatus();
}

// The median time of a page, us, of pages one after the other; the same ones each time.
absl::StatusOr<double> ReadPages(const Server& server, LoadMailbox& mailbox, uint64_t saved) {
  const Slots slots = PageSlots(server.channels(), {&mailbox}, 1, PageOf::kAnywhereInThread, kPageSize, saved);
  const auto load = ClosedLoopOf(slots, kPages, kTimeout);
  if (!load.ok()) return load.status();
  return Median(load->latencies_us);
}

}  // namespace

absl::Status MeasureCold(Bench& bench) {
  const uint64_t saved = bench.quick() ? 100'000 : 300'000;
  const std::string size = bench.quick() ? "100,000" : "300,000";
  Experiment experiment(
      bench, {{"page_cold_vs_warm",
               "median time of 100 pages of 50 of a thread from a random time back, 1 in flight, of " + size +
                   " messages with 64 MiB of block cache: the server just started, and its store in no file cache; "
                   "beside the same pages read again",
               "cold",
               "warm",
               {},
               /*higher_is_better=*/false}});
  if (!experiment.Wanted()) return absl::OkStatus();
  const auto started = bench.NewServer("cold", kCacheMib);
  if (!started.ok()) return started.status();
  Server& server = **started;
  const auto added = server.AddMailbox(bench.payload(), kThreads);
  if (!added.ok()) return added.status();
  ServerMailbox& mailbox = **added;
  if (absl::Status status = server.Fill({&mailbox}, saved, 100, 4); !status.ok()) return status;
  // Or what a start replays and compacts would be in memory again.
  if (absl::Status status = CompactStore(server); !status.ok()) return status;

  experiment.Add("cold", [&] {
    return Contender{"just started", "us/page", [&]() -> absl::StatusOr<double> {
                       if (absl::Status status = server.Stop(); !status.ok()) return status;
                       if (absl::Status status = DropFileCache(server.store_dir()); !status.ok()) return status;
                       if (absl::Status status = server.StartAgain(); !status.ok()) return status;
                       return ReadPages(server, mailbox, saved);
                     }};
  });
  experiment.Add("warm", [&] {
    return Contender{"read before", "us/page", [&]() -> absl::StatusOr<double> {
                       if (const auto first = ReadPages(server, mailbox, saved); !first.ok()) return first;
                       return ReadPages(server, mailbox, saved);
                     }};
  });
  return experiment.Run();
}

}  // namespace labyrinth::bench
