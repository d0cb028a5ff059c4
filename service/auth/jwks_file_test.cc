#include "service/auth/jwks_file.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <vector>

#include "service/auth/jwt_testing.h"

namespace labyrinth::service {
namespace {

std::string FreshPath(const std::string& name) {
  const char* root = std::getenv("TEST_TMPDIR");
  const std::filesystem::path dir = std::filesystem::path(root != nullptr ? root : "/tmp") / "jwks_file_test";
  std::filesystem::create_directories(dir);
  std::filesystem::remove(dir / name);
  return (dir / name).string();
}

void Write(const std::string& path, const std::string& text) {
  // As a deployment does it: whole under another name, then renamed, so that the inode changes even within one tick.
  std::ofstream(path + ".new") << text;
  std::filesystem::rename(path + ".new", path);
}

std::string SetOf(const nlohmann::json& key) { return nlohmann::json({{"keys", {key}}}).dump(); }

struct Watched {
  ManualClock clock{1'000'000};
  std::vector<std::string> events;
  JwksFile::Listener listener() {
    return [this](const auto& keys) { events.push_back(keys.ok() ? "loaded" : std::string(keys.status().message())); };
  }
};

TEST_CASE("A changed file is read again, at most once a second") {
  Watched watched;
  const std::string path = FreshPath("changes.json");
  Write(path, SetOf(testing::Ed25519Jwk()));
  const auto file = JwksFile::Open(path, watched.clock, watched.listener());
  REQUIRE(file.ok());
  CHECK((*file)->Current()->Find("ed") != nullptr);

  Write(path, SetOf(testing::P256Jwk()));
  watched.clock.Advance(999);
  CHECK((*file)->Current()->Find("ed") != nullptr);
  watched.clock.Advance(1);
  CHECK((*file)->Current()->Find("ec") != nullptr);
  CHECK((*file)->Current()->Find("ed") == nullptr);
  watched.clock.Advance(5000);
  CHECK((*file)->Current()->Find("ec") != nullptr);
  CHECK(watched.events == std::vector<std::string>{"loaded", "loaded"});
}

TEST_CASE("A broken, then a missing file keep the old keys and are reported once each") {
  Watched watched;
  const std::string path = FreshPath("broken.json");
  Write(path, SetOf(testing::Ed25519Jwk()));
  const auto file = JwksFile::Open(path, watched.clock, watched.listener());
  REQUIRE(file.ok());
  const auto look = [&] {
    watched.clock.Advance(1000);
    return (*file)->Current()->Find("ed") != nullptr;
  };
  Write(path, "{\"keys\": [");
  CHECK(look());
  CHECK(look());
  REQUIRE(watched.events.size() == 2);
  CHECK(watched.events[1].find("broken.json") != std::string::npos);
  std::filesystem::remove(path);
  CHECK(look());
  CHECK(look());
  CHECK(watched.events.size() == 3);
  Write(path, SetOf(testing::RsaJwk()));
  CHECK_FALSE(look());
  CHECK((*file)->Current()->Find("rsa") != nullptr);
  CHECK(watched.events.back() == "loaded");
}

TEST_CASE("A clock that stepped back doesn't stop the reloading") {
  Watched watched;
  const std::string path = FreshPath("clock.json");
  Write(path, SetOf(testing::Ed25519Jwk()));
  const auto file = JwksFile::Open(path, watched.clock, watched.listener());
  REQUIRE(file.ok());
  Write(path, SetOf(testing::P256Jwk()));
  watched.clock.Set(10);
  CHECK((*file)->Current()->Find("ec") != nullptr);
}

TEST_CASE("The first load must succeed, and its error names the file") {
  Watched watched;
  const std::string missing = FreshPath("missing.json");
  const auto none = JwksFile::Open(missing, watched.clock, watched.listener());
  REQUIRE_FALSE(none.ok());
  CHECK(std::string(none.status().message()).find(missing) != std::string::npos);

  const std::string large = FreshPath("large.json");
  Write(large, std::string((1 << 20) + 1, ' '));
  CHECK_FALSE(JwksFile::Open(large, watched.clock, watched.listener()).ok());
  CHECK_FALSE(JwksFile::Open("/", watched.clock, watched.listener()).ok());
  Write(large, SetOf(testing::Ed25519Jwk()));
  CHECK(JwksFile::Open(large, watched.clock, watched.listener()).ok());  // control
}

}  // namespace
}  // namespace labyrinth::service
