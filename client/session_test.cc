#include "client/session.h"

#include <catch2/catch.hpp>

#include "client/testing/test_client.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

using testing::FakeServer;
using testing::TestClient;

struct Fixture {
  FakeServer server{testing::kAccount};
  TestClient client{server, 1};
  Fixture() {
    REQUIRE(client->mailbox().Create().ok());
    REQUIRE(client->mailbox().Info().ok());
  }
  int sign_ins() { return server.calls["CreateSession"]; }
};

TEST_CASE("One session serves many calls") {
  Fixture f;
  REQUIRE(f.client->mailbox().Info().ok());
  CHECK(f.sign_ins() == 1);
}

TEST_CASE("A session is renewed before it ends") {
  Fixture f;
  f.client.clock.Set(14 * 60 * 1000 - 1);
  REQUIRE(f.client->mailbox().Info().ok());
  CHECK(f.sign_ins() == 1);
  f.client.clock.Set(14 * 60 * 1000);
  REQUIRE(f.client->mailbox().Info().ok());
  CHECK(f.sign_ins() == 2);
}

TEST_CASE("A clock that runs ahead doesn't make every call sign in") {
  Fixture f;
  f.client.clock.Set(int64_t{365} * 24 * 3600 * 1000);
  REQUIRE(f.client->mailbox().Info().ok());
  REQUIRE(f.client->mailbox().Info().ok());
  CHECK(f.sign_ins() == 2);
}

TEST_CASE("A refused session is renewed once, and once only") {
  Fixture f;
  int refusals = 1;
  f.server.before = [&](const std::string& method) -> absl::Status {
    if (method != "GetMailbox" || refusals-- <= 0) return absl::OkStatus();
    return errors::TokenInvalid("session: expired");
  };
  REQUIRE(f.client->mailbox().Info().ok());
  CHECK(f.sign_ins() == 2);
  refusals = 100;
  CHECK(ReasonOf(f.client->mailbox().Info().status()) == Reason::kTokenInvalid);
  CHECK(f.sign_ins() == 3);
}

TEST_CASE("A challenge that was used up is replaced, a few times") {
  Fixture f;
  int refusals = 1;
  f.server.before = [&](const std::string& method) -> absl::Status {
    if (method == "CreateSession" && refusals-- > 0) return errors::ProofInvalid("challenge: used");
    return absl::OkStatus();
  };
  f.client.Open();
  CHECK(f.client->mailbox().Info().ok());
  refusals = 100;
  f.client.Open();
  const int before = f.sign_ins();
  CHECK(ReasonOf(f.client->mailbox().Info().status()) == Reason::kProofInvalid);
  CHECK(f.sign_ins() == before + 3);
}

TEST_CASE("A refused account token is renewed once") {
  Fixture f;
  std::vector<bool> asked;
  ClientOptions options = f.client.Options();
  options.tokens = TokenFromCallback([&](bool renew) -> absl::StatusOr<crypto::Secret> {
    asked.push_back(renew);
    return crypto::Secret::CopyOf(renew ? "token" : "stale");
  });
  f.client.Close();
  auto client = LabyrinthClient::Open(f.client.profile(), options);
  REQUIRE(client.ok());
  CHECK((*client)->mailbox().Info().ok());
  CHECK(asked == std::vector<bool>{false, true});
}

TEST_CASE("A token that no header may carry isn't sent") {
  Fixture f;
  for (const std::string& bad : {std::string(), std::string("a\r\nb"), std::string(9000, 'a'), std::string("a b")}) {
    ClientOptions options = f.client.Options();
    options.tokens =
        TokenFromCallback([&](bool) -> absl::StatusOr<crypto::Secret> { return crypto::Secret::CopyOf(bad); });
    f.client.Close();
    auto client = LabyrinthClient::Open(f.client.profile(), options);
    REQUIRE(client.ok());
    f.server.calls.clear();
    CHECK(absl::IsFailedPrecondition((*client)->mailbox().Info().status()));
    CHECK(f.server.calls.empty());
  }
}

TEST_CASE("A revoked device stops asking, and keeps its keys") {
  Fixture f;
  f.server.store.devices.begin()->second.row.set_state(v1::DEVICE_STATE_REVOKED);
  CHECK(ReasonOf(f.client->mailbox().Info().status()) == Reason::kDeviceRevoked);
  f.server.calls.clear();
  CHECK(ReasonOf(f.client->history().Save({testing::Text("t", "m", 1, "x")}).status()) == Reason::kDeviceRevoked);
  CHECK(f.server.calls.empty());
  CHECK(f.client->HasDevice());
  // If the server was mistaken, or lied, nothing is lost.
  f.server.store.devices.begin()->second.row.set_state(v1::DEVICE_STATE_ACTIVE);
  f.client.Open();
  CHECK(f.client->mailbox().Info().ok());
}

TEST_CASE("Another server's name in the options can't sign in") {
  Fixture f;
  f.client.Close();
  ClientOptions options = f.client.Options();
  options.server_name = "other.test";
  CHECK(absl::IsFailedPrecondition(LabyrinthClient::Open(f.client.profile(), options).status()));
}

TEST_CASE("Malformed sign-in replies are named") {
  Fixture f;
  f.server.on_session = [](v1::CreateSessionResponse& response) { response.set_session_token(std::string(4096, 's')); };
  f.client.Open();
  CHECK(absl::IsDataLoss(f.client->mailbox().Info().status()));
  f.server.on_session = [](v1::CreateSessionResponse& response) { response.clear_session_token(); };
  f.client.Open();
  CHECK(absl::IsDataLoss(f.client->mailbox().Info().status()));
}

}  // namespace
}  // namespace labyrinth::client
