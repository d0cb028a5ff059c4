#include "tools/bench/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>

#include "tools/bench/busy.h"

namespace labyrinth::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPollMs = 10;
constexpr std::chrono::seconds kStopTimeout{30};

// The child's side of the fork: system calls alone.
[[noreturn]] void Exec(const ChildOptions& options, char* const* argv, int log_fd, pid_t parent) {
  // The signal comes when the thread that forked ends; the bench forks from its main thread alone.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) _exit(127);
  if (options.uid != 0 && geteuid() == 0) {
    if (setgroups(1, &options.gid) != 0 || setgid(options.gid) != 0 || setuid(options.uid) != 0) _exit(126);
    if (chdir("/") != 0) _exit(126);                        // where we stand may be closed to it
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) _exit(126);  // changing the user clears it
  }
  dup2(log_fd, STDOUT_FILENO);
  dup2(log_fd, STDERR_FILENO);
  execv(argv[0], argv);
  _exit(127);
}

std::string Tail(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  const std::string all = text.str();
  return all.size() > 600 ? all.substr(all.size() - 600) : all;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Child>> Child::Start(ChildOptions options) {
  const int log_fd = open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (log_fd < 0) return absl::UnavailableError(fmt::format("{}: {}", options.log_file, strerror(errno)));
  std::vector<char*> argv;
  for (std::string& word : options.words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) Exec(options, argv.data(), log_fd, parent);
  close(log_fd);
  if (pid < 0) return absl::UnavailableError(fmt::format("fork: {}", strerror(errno)));
  return std::unique_ptr<Child>(new Child(std::move(options), pid));
}

absl::Status Child::Run(ChildOptions options, std::chrono::seconds timeout) {
  auto child = Start(std::move(options));
  if (!child.ok()) return child.status();
  const auto deadline = Clock::now() + timeout;
  int status = 0;
  while (!(*child)->Ended(status)) {
    if (Clock::now() > deadline) return (*child)->Failed("did not end in time");
    poll(nullptr, 0, kPollMs);
  }
  const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return good ? absl::OkStatus() : (*child)->Failed("failed");
}

Child::~Child() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool Child::Ended(int& status) {
  if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
  pid_ = -1;
  return true;
}

absl::Status Child::Failed(const std::string& how) const {
  return absl::UnavailableError(
      fmt::format("{} {}. The end of its log:\n{}", options_.words[0], how, Tail(options_.log_file)));
}

absl::Status Child::Await(const std::function<bool()>& ready, std::chrono::seconds timeout) {
  const auto deadline = Clock::now() + timeout;
  while (!ready()) {
    int status = 0;
    if (Ended(status)) return Failed("ended");
    if (Clock::now() > deadline) return Failed("did not start in time");
    poll(nullptr, 0, kPollMs);
  }
  return absl::OkStatus();
}

absl::Status Child::Stop() {
  kill(pid_, options_.stop_signal);
  const auto deadline = Clock::now() + kStopTimeout;
  int status = 0;
  while (!Ended(status)) {
    if (Clock::now() > deadline) return Failed("did not stop in time");
    poll(nullptr, 0, kPollMs);
  }
  const bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return good ? absl::OkStatus() : Failed("did not stop cleanly");
}

uint64_t Child::StatusKiB(const std::string& field) const {
  std::ifstream in(fmt::format("/proc/{}/status", pid_));
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(field + ":", 0) == 0) return std::stoull(line.substr(field.size() + 1));
  }
  return 0;
}

uint64_t Child::ResidentBytes() const { return StatusKiB("VmRSS") * 1024; }
uint64_t Child::PeakResidentBytes() const { return StatusKiB("VmHWM") * 1024; }

absl::StatusOr<double> Child::ProcessorSeconds() const {
  const auto process = TicksOf(pid_);
  if (!process.has_value()) return absl::UnavailableError(options_.words[0] + " is gone");
  return static_cast<double>(process->ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

}  // namespace labyrinth::bench
