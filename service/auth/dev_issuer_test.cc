#include "service/auth/dev_issuer.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/errors.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::service {
namespace {

std::string FreshPath(const std::string& name) {
  const char* root = std::getenv("TEST_TMPDIR");
  const std::filesystem::path dir = std::filesystem::path(root != nullptr ? root : "/tmp") / "dev_issuer_test";
  std::filesystem::create_directories(dir);
  std::filesystem::remove(dir / name);
  return (dir / name).string();
}

TEST_CASE("Two processes over one key file sign tokens that each accepts") {
  const std::string path = FreshPath("key");
  crypto::SeededRandom random(1);
  const ManualClock clock(1'700'000'000'000);
  const auto server = DevIssuer::LoadOrCreate(path, random, clock);
  const auto tool = DevIssuer::LoadOrCreate(path, random, clock);
  REQUIRE(server.ok());
  REQUIRE(tool.ok());
  FixedKeySource keys(server->keys());
  const JwtVerifier verifier(DevIssuer::policy(), keys, clock);
  const auto token = tool->IssueToken("alice");
  REQUIRE(token.ok());
  const auto claims = verifier.Verify(*token);
  REQUIRE(claims.ok());
  CHECK(claims->account_id == "alice");
  CHECK(claims->auth_time_ms == clock.NowMs());
  CHECK(claims->expire_ms == clock.NowMs() + DevIssuer::kTokenTtlMs);

  const auto stranger = DevIssuer::LoadOrCreate(FreshPath("other"), random, clock);
  REQUIRE(stranger.ok());
  CHECK(ReasonOf(verifier.Verify(*stranger->IssueToken("alice")).status()) == Reason::kTokenInvalid);
}

TEST_CASE("The key file is the owner's alone, or it isn't used") {
  const std::string path = FreshPath("mode");
  crypto::SeededRandom random(2);
  const ManualClock clock(0);
  REQUIRE(DevIssuer::LoadOrCreate(path, random, clock).ok());
  struct stat st {};
  REQUIRE(stat(path.c_str(), &st) == 0);
  CHECK((st.st_mode & 0777) == 0600);
  CHECK(st.st_size == 32);

  REQUIRE(chmod(path.c_str(), 0640) == 0);
  const auto shared = DevIssuer::LoadOrCreate(path, random, clock);
  REQUIRE_FALSE(shared.ok());
  CHECK(std::string(shared.status().message()).find(path) == 0);
  REQUIRE(chmod(path.c_str(), 0600) == 0);
  CHECK(DevIssuer::LoadOrCreate(path, random, clock).ok());  // control

  std::filesystem::resize_file(path, 31);
  CHECK_FALSE(DevIssuer::LoadOrCreate(path, random, clock).ok());
  CHECK_FALSE(DevIssuer::LoadOrCreate(FreshPath("none") + "/deeper", random, clock).ok());
}

TEST_CASE("Only account ids that JSON can carry get a token") {
  crypto::SeededRandom random(3);
  const ManualClock clock(1'700'000'000'000);
  const auto issuer = DevIssuer::LoadOrCreate(FreshPath("ids"), random, clock);
  REQUIRE(issuer.ok());
  CHECK(issuer->IssueToken("b\xc3\xbcrger").ok());
  CHECK(issuer->IssueToken(std::string(256, 'x')).ok());
  CHECK(ReasonOf(issuer->IssueToken("").status()) == Reason::kInvalidField);
  CHECK(ReasonOf(issuer->IssueToken("\xff").status()) == Reason::kInvalidField);
  CHECK(ReasonOf(issuer->IssueToken(std::string(257, 'x')).status()) == Reason::kLimitExceeded);
}

}  // namespace
}  // namespace labyrinth::service
