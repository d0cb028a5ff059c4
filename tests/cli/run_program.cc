#include "tests/cli/run_program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <iterator>
#include <thread>
#include <utility>

namespace labyrinth::tests {
namespace {

// Files rather than pipes: nobody has to read two ends at once.
std::string MakeFile(const std::string& folder, const char* name, const std::string& bytes = "") {
  const std::string path = folder + "/" + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

std::string Slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

RunningProgram::RunningProgram(const std::string& program, const std::vector<std::string>& arguments,
                               const std::string& home, const std::string* input) {
  const char* base = getenv("TEST_TMPDIR");
  folder_ = std::string(base != nullptr ? base : "/tmp") + "/run.XXXXXX";
  REQUIRE(mkdtemp(folder_.data()) != nullptr);
  in_ = MakeFile(folder_, "in", input != nullptr ? *input : "");
  out_ = MakeFile(folder_, "out");
  err_ = MakeFile(folder_, "err");

  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::string home_variable = "HOME=" + home, zone = "TZ=UTC";
  char* environment[] = {home_variable.data(), zone.data(), nullptr};

  int pipe_ends[2] = {-1, -1};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (input != nullptr) {
    posix_spawn_file_actions_addopen(&actions, 0, in_.c_str(), O_RDONLY, 0);
  } else {
    REQUIRE(pipe2(pipe_ends, O_CLOEXEC) == 0);
    posix_spawn_file_actions_adddup2(&actions, pipe_ends[0], 0);
    typing_ = pipe_ends[1];
  }
  posix_spawn_file_actions_addopen(&actions, 1, out_.c_str(), O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, err_.c_str(), O_WRONLY, 0);
  REQUIRE(posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), environment) == 0);
  posix_spawn_file_actions_destroy(&actions);
  if (pipe_ends[0] >= 0) close(pipe_ends[0]);
}

RunningProgram::~RunningProgram() {
  if (!Ended()) {
    kill(pid_, SIGKILL);
    waitpid(pid_, &status_, 0);
  }
  EndInput();
  for (const std::string& path : {in_, out_, err_}) unlink(path.c_str());
  rmdir(folder_.c_str());
}

void RunningProgram::Type(const std::string& text) {
  REQUIRE(write(typing_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

void RunningProgram::EndInput() {
  if (typing_ >= 0) close(std::exchange(typing_, -1));
}

bool RunningProgram::Ended() {
  if (!ended_) ended_ = wait4(pid_, &status_, WNOHANG, &usage_) == pid_;
  return ended_;
}

std::string RunningProgram::WaitForError(const std::string& mark, int times) {
  for (int i = 0; i < 600; ++i) {
    const bool last = Ended();
    const std::string text = Slurp(err_);
    std::size_t at = 0;
    for (int n = 0; n < times && at != std::string::npos; ++n) {
      at = text.find(mark, at);
      if (at != std::string::npos) at += mark.size();
    }
    const std::size_t end = at == std::string::npos ? at : text.find('\n', at);
    if (end != std::string::npos) return text.substr(at, end - at);
    if (last) return "";
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return "";
}

void RunningProgram::Signal(int number) { REQUIRE(kill(pid_, number) == 0); }

ProgramResult RunningProgram::Wait() {
  if (!ended_) {
    REQUIRE(wait4(pid_, &status_, 0, &usage_) == pid_);
    ended_ = true;
  }
  return {WIFEXITED(status_) ? WEXITSTATUS(status_) : -1, Slurp(out_), Slurp(err_), usage_.ru_maxrss};
}

ProgramResult RunProgram(const std::string& program, const std::vector<std::string>& arguments, const std::string& home,
                         const std::string& input) {
  return RunningProgram(program, arguments, home, &input).Wait();
}

}  // namespace labyrinth::tests
