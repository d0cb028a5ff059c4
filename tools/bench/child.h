// A program of the bench's own in a process of its own.
#ifndef LABYRINTH_TOOLS_BENCH_CHILD_H_
#define LABYRINTH_TOOLS_BENCH_CHILD_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labyrinth::bench {

struct ChildOptions {
  std::vector<std::string> words;  // the program's path and its arguments
  std::string log_file;            // its outputs, appended to
  uid_t uid = 0;                   // who it runs as, if this process is root; 0: as this process
  gid_t gid = 0;
  int stop_signal = 15;  // SIGTERM
};

// It dies with this process, however that ends. Not thread-safe.
class Child {
 public:
  // UNAVAILABLE if it can't be started.
  static absl::StatusOr<std::unique_ptr<Child>> Start(ChildOptions options);
  // Runs it to its end, within `timeout`; UNAVAILABLE, with the end of its log, unless it exits with 0.
  static absl::Status Run(ChildOptions options, std::chrono::seconds timeout);
  // Kills it if it still runs.
  ~Child();

  // Polls until `ready`; UNAVAILABLE, with the end of its log, if it ends before that or `timeout` passes.
  absl::Status Await(const std::function<bool()>& ready, std::chrono::seconds timeout);
  // Asks it to stop and waits half a minute; UNAVAILABLE if it must be killed, or doesn't exit with 0.
  absl::Status Stop();

  pid_t pid() const { return pid_; }
  // What it has in memory now, and at most so far.
  uint64_t ResidentBytes() const;
  uint64_t PeakResidentBytes() const;
  // Of all processors, for all its threads so far, to a tick of the kernel's clock (10 ms as a rule). UNAVAILABLE.
  absl::StatusOr<double> ProcessorSeconds() const;

 private:
  Child(ChildOptions options, pid_t pid) : options_(std::move(options)), pid_(pid) {}
  bool Ended(int& status);
  absl::Status Failed(const std::string& how) const;
  uint64_t StatusKiB(const std::string& field) const;

  ChildOptions options_;
  pid_t pid_;  // -1 once it was reaped
};

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_CHILD_H_
