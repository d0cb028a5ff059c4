#include "tools/demo/server_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>
#include <vector>

namespace labyrinth::demo {

namespace {

constexpr std::chrono::seconds kStartTimeout{30};
constexpr int kPollMs = 20;

// The child's side of the fork: only async-signal-safe calls.
[[noreturn]] void Exec(const std::vector<std::string>& args, int log_fd) {
  dup2(log_fd, STDOUT_FILENO);
  dup2(log_fd, STDERR_FILENO);
  std::vector<char*> argv;
  for (const std::string& arg : args) argv.push_back(const_cast<char*>(arg.c_str()));
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  _exit(127);
}

std::string Tail(const std::string& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  const std::string all = text.str();
  return all.size() > 500 ? all.substr(all.size() - 500) : all;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerProcess>> ServerProcess::Start(Options options) {
  unlink(options.port_file.c_str());
  const int log_fd = open(options.log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_fd < 0) return absl::UnavailableError(fmt::format("{}: {}", options.log_file, strerror(errno)));
  const std::vector<std::string> args = {options.binary,
                                         "serve",
                                         "--dev",
                                         "--data-dir",
                                         options.data_dir,
                                         "--listen",
                                         fmt::format("127.0.0.1:{}", options.port),
                                         "--port-file",
                                         options.port_file};
  const pid_t pid = fork();
  if (pid == 0) Exec(args, log_fd);
  close(log_fd);
  if (pid < 0) return absl::UnavailableError(fmt::format("fork: {}", strerror(errno)));
  std::unique_ptr<ServerProcess> server(new ServerProcess(std::move(options), pid));
  if (absl::Status status = server->WaitUntilItServes(); !status.ok()) return status;
  return server;
}

ServerProcess::~ServerProcess() { Kill(); }

std::string ServerProcess::endpoint() const { return fmt::format("127.0.0.1:{}", options_.port); }

// The port file appears, whole, once the server listens.
absl::Status ServerProcess::WaitUntilItServes() {
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (std::chrono::steady_clock::now() < deadline) {
    if (std::ifstream in(options_.port_file); in >> options_.port) return absl::OkStatus();
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return absl::UnavailableError(
          fmt::format("{} did not start. The end of its log:\n{}", options_.binary, Tail(options_.log_file)));
    }
    poll(nullptr, 0, kPollMs);
  }
  return absl::UnavailableError(fmt::format("{} did not start in time; see {}", options_.binary, options_.log_file));
}

void ServerProcess::Kill() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

absl::Status ServerProcess::Stop() {
  if (pid_ < 0) return absl::FailedPreconditionError("the server is not running");
  kill(pid_, SIGTERM);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = -1;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return absl::UnavailableError(fmt::format("the server did not drain cleanly; see {}", options_.log_file));
  }
  return absl::OkStatus();
}

}  // namespace labyrinth::demo
