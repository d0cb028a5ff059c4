#include "client/channel.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "client/testing/temp_dir.h"

namespace labyrinth::client {
namespace {

TEST_CASE("Loopback is parsed, not guessed") {
  for (const char* endpoint :
       {"127.0.0.1:7420", "127.9.8.7:1", "localhost:80", "[::1]:7420", "unix:/run/labyrinth.sock"}) {
    INFO(endpoint);
    CHECK(IsLoopback(endpoint));
  }
  for (const char* endpoint :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:80x", "127.0.0.1.example.org:80", "128.0.0.1:80", "10.0.0.1:80",
        "localhost.example.org:80", "[::2]:80", "::1", "dns:///localhost:80/", "0.0.0.0:80", "0127.0.0.1:80"}) {
    INFO(endpoint);
    CHECK_FALSE(IsLoopback(endpoint));
  }
}

TEST_CASE("Plaintext never leaves the machine") {
  CHECK(OpenChannel("127.0.0.1:1", "").ok());
  CHECK(absl::IsInvalidArgument(OpenChannel("labyrinth.example:443", "").status()));
  CHECK(absl::IsInvalidArgument(OpenChannel("", "").status()));
}

TEST_CASE("A CA file must hold a certificate") {
  testing::TempDir dir;
  CHECK(absl::IsInvalidArgument(OpenChannel("labyrinth.example:443", dir.path("missing")).status()));
  std::ofstream(dir.path("empty")) << "nothing";
  CHECK(absl::IsInvalidArgument(OpenChannel("labyrinth.example:443", dir.path("empty")).status()));
  std::ofstream(dir.path("ca")) << "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
  CHECK(OpenChannel("labyrinth.example:443", dir.path("ca")).ok());
}

}  // namespace
}  // namespace labyrinth::client
