#include "client/client.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "client/testing/mailbox_fixture.h"

namespace labyrinth::client {
namespace {

using testing::FakeServer;
using testing::Mentions;
using testing::TestClient;

struct OptionsFixture {
  FakeServer server{testing::kAccount};
  TestClient base{server, 1};
  testing::TempDir dir;

  absl::Status Open(const ClientOptions& options) { return LabyrinthClient::Open(dir.path("p"), options).status(); }
};

TEST_CASE("Options that contradict themselves are refused by name") {
  OptionsFixture f;
  CHECK(f.Open(f.base.Options()).ok());
  const auto refused = [&](const std::string& text, auto change) {
    ClientOptions options = f.base.Options();
    change(options);
    const absl::Status status = f.Open(options);
    INFO(std::string(status.message()));
    CHECK(absl::IsInvalidArgument(status));
    CHECK(Mentions(status, text));
  };
  refused("server_name", [](ClientOptions& o) { o.server_name.clear(); });
  refused("account_id", [](ClientOptions& o) { o.account_id.clear(); });
  refused("too long", [](ClientOptions& o) { o.account_id = std::string(257, 'a'); });
  refused("too long", [](ClientOptions& o) { o.server_name = std::string(300, 's'); });
  refused("tokens", [](ClientOptions& o) { o.tokens = nullptr; });
  refused("tokens", [](ClientOptions& o) { o.use_dev_issuer = true; });
  refused("use_dev_issuer", [](ClientOptions& o) {
    o.tokens = nullptr;
    o.use_dev_issuer = true;
    o.endpoint = "labyrinth.example:443";
  });
  refused("endpoint", [](ClientOptions& o) { o.channel = nullptr; });
  refused("plaintext", [](ClientOptions& o) {
    o.channel = nullptr;
    o.endpoint = "labyrinth.example:443";
  });
}

TEST_CASE("One profile is one process's at a time") {
  testing::MailboxFixture f;
  CHECK(Mentions(LabyrinthClient::Open(f.laptop.profile(), f.laptop.Options()).status(), "in use"));
}

TEST_CASE("Opening touches no network") {
  testing::MailboxFixture f;
  f.server.calls.clear();
  f.laptop.Open();
  CHECK(f.laptop->HasDevice());
  CHECK(f.server.calls.empty());
}

TEST_CASE("A token file is read without its white space, and a bad one is named") {
  OptionsFixture f;
  const auto token = [&](const std::string& content) {
    std::ofstream(f.dir.path("token"), std::ios::binary | std::ios::trunc) << content;
    return TokenFromFile(f.dir.path("token"))->Token(false);
  };
  CHECK(token("abc.def-_\n")->RevealSecret() == "abc.def-_");
  CHECK(absl::IsFailedPrecondition(token("").status()));
  CHECK(absl::IsFailedPrecondition(token(" \n").status()));
  CHECK(absl::IsFailedPrecondition(token(std::string(8193, 'a')).status()));
  CHECK(absl::IsFailedPrecondition(TokenFromFile(f.dir.path("missing"))->Token(false).status()));
}

TEST_CASE("A file of the profile holds no plaintext of messages, and errors hold no ids") {
  testing::MailboxFixture f;
  REQUIRE(f.laptop->history().Save({testing::Text("thread-xyz", "id-xyz", 1, "plain-xyz")}).ok());
  std::ifstream file(f.laptop.profile() + "/keychain", std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  CHECK(content.find("xyz") == std::string::npos);
  for (const v1::Message& message : f.server.store.messages) {
    CHECK(message.ciphertext().find("plain") == std::string::npos);
  }
}

}  // namespace
}  // namespace labyrinth::client
