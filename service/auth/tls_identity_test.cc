#include "service/auth/tls_identity.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "service/auth/tls_testing.h"

namespace labyrinth::service {
namespace {

constexpr int64_t kNotAfterS = 2'000'000'000;
constexpr int64_t kNowMs = 1'900'000'000'000;

std::string File(const std::string& name, const std::string& text) {
  const char* root = std::getenv("TEST_TMPDIR");
  const std::filesystem::path path = std::filesystem::path(root != nullptr ? root : "/tmp") / name;
  std::ofstream(path, std::ios::trunc) << text;
  return path.string();
}

TEST_CASE("A pair that belongs together is accepted until it expires") {
  const testing::SelfSigned pair(kNotAfterS);
  const std::string cert = File("cert.pem", pair.cert_pem()), key = File("key.pem", pair.KeyPem());
  const auto expire_ms = CheckTlsIdentity(cert, key, kNowMs);
  REQUIRE(expire_ms.ok());
  CHECK(*expire_ms == kNotAfterS * 1000);
  CHECK(CheckTlsIdentity(cert, key, kNotAfterS * 1000 - 1).ok());
  CHECK_FALSE(CheckTlsIdentity(cert, key, kNotAfterS * 1000).ok());
}

TEST_CASE("What can't be served is refused by the file's name") {
  const testing::SelfSigned pair(kNotAfterS), other(kNotAfterS);
  const std::string cert = File("cert.pem", pair.cert_pem()), key = File("key.pem", pair.KeyPem());
  CHECK(CheckTlsIdentity(cert, key, kNowMs).ok());  // control
  struct Row {
    std::string cert, key, at_fault;
  };
  const Row rows[] = {
      {"/nowhere.pem", key, "/nowhere.pem"},
      {cert, "/nowhere.pem", "/nowhere.pem"},
      {File("empty.pem", ""), key, "empty.pem"},
      {key, key, key},
      {cert, cert, cert},
      {cert, File("other.pem", other.KeyPem()), "other.pem"},
      {cert, File("sealed.pem", pair.KeyPem("passphrase")), "sealed.pem"},
      {File("cut.pem", pair.cert_pem().substr(0, 200)), key, "cut.pem"},
  };
  for (const Row& row : rows) {
    const auto status = CheckTlsIdentity(row.cert, row.key, kNowMs).status();
    INFO(status.ToString());
    CHECK(absl::IsFailedPrecondition(status));
    const std::string text(status.message());
    CHECK(text.find(row.at_fault) != std::string::npos);
    CHECK(text.find("PRIVATE KEY-----") == std::string::npos);
  }
}

}  // namespace
}  // namespace labyrinth::service
