#include "common/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <optional>

namespace labyrinth {
namespace {

// Longer than a socket's address has room for.
std::string LongDir(const std::string& name) {
  const char* root = std::getenv("TEST_TMPDIR");
  const std::string dir = std::string(root != nullptr ? root : "/tmp") + "/" + name + std::string(150, 'x');
  mkdir(dir.c_str(), 0700);
  return dir;
}

bool Exists(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0;
}

TEST_CASE("a socket is reached by a path of any length, has its permissions, and goes with its listener") {
  const std::string path = LongDir("reached") + "/s.sock";
  {
    auto listener = UnixListener::Open(path, 0660);
    REQUIRE(listener.ok());
    struct stat info;
    REQUIRE(lstat(path.c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0660);
    const auto connected = ConnectToUnixSocket(path);
    REQUIRE(connected.ok());
    close(*connected);
  }
  CHECK_FALSE(Exists(path));
  CHECK(absl::IsUnavailable(ConnectToUnixSocket(path).status()));
}

TEST_CASE("a dead process's socket is replaced, a living one's and any other file are not") {
  const std::string path = LongDir("taken") + "/s.sock";
  auto listener = UnixListener::Open(path, 0600);
  REQUIRE(listener.ok());
  const auto second = UnixListener::Open(path, 0600);
  CHECK(absl::IsFailedPrecondition(second.status()));
  CHECK(second.status().message().find("another process listens there") != std::string::npos);
  CHECK(ConnectToUnixSocket(path).ok());

  // As a killed process leaves it: the name is there and nobody behind it.
  shutdown(listener->descriptor(), SHUT_RDWR);
  CHECK(absl::IsUnavailable(ConnectToUnixSocket(path).status()));
  auto third = UnixListener::Open(path, 0600);
  REQUIRE(third.ok());
  CHECK(ConnectToUnixSocket(path).ok());

  const std::string file = path + ".txt";
  std::ofstream(file) << "kept";
  CHECK(absl::IsFailedPrecondition(UnixListener::Open(file, 0600).status()));
  CHECK(Exists(file));
  CHECK(absl::IsFailedPrecondition(UnixListener::Open(LongDir("taken") + "/none/s.sock", 0600).status()));
}

TEST_CASE("a listener leaves another one's socket alone") {
  const std::string path = LongDir("moved") + "/s.sock";
  std::optional<UnixListener> first(*UnixListener::Open(path, 0600));
  REQUIRE(unlink(path.c_str()) == 0);
  auto second = UnixListener::Open(path, 0600);
  REQUIRE(second.ok());
  first.reset();
  CHECK(ConnectToUnixSocket(path).ok());
}

}  // namespace
}  // namespace labyrinth
