#include "tests/cli/run_program.h"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

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

ProgramResult RunProgram(const std::string& program, const std::vector<std::string>& arguments, const std::string& home,
                         const std::string& input) {
  const char* base = getenv("TEST_TMPDIR");
  std::string folder = std::string(base != nullptr ? base : "/tmp") + "/run.XXXXXX";
  REQUIRE(mkdtemp(folder.data()) != nullptr);
  const std::string in = MakeFile(folder, "in", input), out = MakeFile(folder, "out"), err = MakeFile(folder, "err");

  std::vector<std::string> words = {program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::string home_variable = "HOME=" + home, zone = "TZ=UTC";
  char* environment[] = {home_variable.data(), zone.data(), nullptr};

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, out.c_str(), O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 2, err.c_str(), O_WRONLY, 0);
  pid_t pid = 0;
  REQUIRE(posix_spawn(&pid, program.c_str(), &actions, nullptr, argv.data(), environment) == 0);
  posix_spawn_file_actions_destroy(&actions);
  int status = 0;
  rusage usage{};
  REQUIRE(wait4(pid, &status, 0, &usage) == pid);
  ProgramResult result{WIFEXITED(status) ? WEXITSTATUS(status) : -1, Slurp(out), Slurp(err), usage.ru_maxrss};
  for (const std::string& path : {in, out, err}) unlink(path.c_str());
  rmdir(folder.c_str());
  return result;
}

}  // namespace labyrinth::tests
