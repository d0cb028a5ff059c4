// A labyrinthd of the demo's own, as a child process that can be killed like any other.
#ifndef LABYRINTH_TOOLS_DEMO_SERVER_PROCESS_H_
#define LABYRINTH_TOOLS_DEMO_SERVER_PROCESS_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labyrinth::demo {

// Runs `labyrinthd --dev` on a free loopback port. Destruction kills it if it still runs. Not thread-safe.
class ServerProcess {
 public:
  struct Options {
    std::string binary;
    std::string data_dir;
    std::string log_file;  // appended to
    std::string port_file;
    int port = 0;  // 0: the server picks one; keep it over a restart so that clients find it again
  };

  // Returns when it serves. UNAVAILABLE, with the end of its log, if it doesn't within half a minute.
  static absl::StatusOr<std::unique_ptr<ServerProcess>> Start(Options options);
  ~ServerProcess();

  std::string endpoint() const;
  int port() const { return options_.port; }
  pid_t pid() const { return pid_; }

  // SIGKILL: nothing is flushed, nothing said.
  void Kill();
  // SIGTERM: a drain. Its exit status must be 0.
  absl::Status Stop();

 private:
  ServerProcess(Options options, pid_t pid) : options_(std::move(options)), pid_(pid) {}
  absl::Status WaitUntilItServes();

  Options options_;
  pid_t pid_;  // -1 once it was reaped
};

}  // namespace labyrinth::demo

#endif  // LABYRINTH_TOOLS_DEMO_SERVER_PROCESS_H_
