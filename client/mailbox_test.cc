#include "client/mailbox.h"

#include <catch2/catch.hpp>

#include "client/testing/test_client.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

using testing::FakeServer;
using testing::TestClient;

absl::Status FailOnce(bool& armed, const std::string& method, const std::string& at, const absl::Status& error) {
  if (!armed || method != at) return absl::OkStatus();
  armed = false;
  return error;
}

TEST_CASE("A mailbox is created, and the profile is its first device") {
  FakeServer server(testing::kAccount);
  TestClient client(server, 1);
  REQUIRE_FALSE(client->HasDevice());
  REQUIRE(client->mailbox().Create().ok());
  CHECK(client->HasDevice());
  CHECK(server.calls["CreateMailbox"] == 1);

  const auto info = client->mailbox().Info();
  REQUIRE(info.ok());
  CHECK(info->epoch_sequence == 0);
  CHECK(info->log_index == 0);
  CHECK(info->active_devices == 1);
  CHECK_FALSE(info->rotation_required);

  CHECK(absl::IsFailedPrecondition(client->mailbox().Create()));
  client.Open();
  CHECK(client->HasDevice());
  CHECK(client->mailbox().Info().ok());
}

TEST_CASE("Nothing works before there is a device") {
  FakeServer server(testing::kAccount);
  TestClient client(server, 1);
  CHECK(absl::IsFailedPrecondition(client->mailbox().Info().status()));
  CHECK(absl::IsFailedPrecondition(client->history().Save({testing::Text("t", "m", 1, "x")}).status()));
  CHECK(absl::IsFailedPrecondition(client->devices().List().status()));
  CHECK(absl::IsFailedPrecondition(client->recovery().CreateCode().status()));
  CHECK(server.calls.empty());
}

TEST_CASE("A lost reply to Create is repeated byte for byte, also after a crash") {
  FakeServer server(testing::kAccount);
  TestClient client(server, 1);
  bool down = true;
  server.before = [&](const std::string& method) -> absl::Status {
    return down && method == "after:CreateMailbox" ? errors::OutcomeUnknown() : absl::OkStatus();
  };
  CHECK(ReasonOf(client->mailbox().Create()) == Reason::kOutcomeUnknown);
  CHECK(server.store.exists);
  CHECK_FALSE(client->HasDevice());

  client.Open();
  CHECK_FALSE(client->HasDevice());
  down = false;
  REQUIRE(client->mailbox().Create().ok());
  CHECK(client->HasDevice());
  CHECK(server.store.devices.size() == 1);
  CHECK(client->mailbox().Info().ok());
}

TEST_CASE("Any call finishes an interrupted Create") {
  FakeServer server(testing::kAccount);
  TestClient client(server, 1);
  bool armed = true;
  server.before = [&](const std::string& method) {
    return FailOnce(armed, method, "after:CreateMailbox", absl::InternalError("crash"));
  };
  CHECK_FALSE(client->mailbox().Create().ok());
  client.Open();
  CHECK(client->history().Save({testing::Text("t", "m", 1, "x")}).ok());
}

TEST_CASE("A refused Create leaves nothing pending") {
  FakeServer server(testing::kAccount);
  TestClient first(server, 1);
  REQUIRE(first->mailbox().Create().ok());
  TestClient second(server, 2);
  CHECK(ReasonOf(second->mailbox().Create()) == Reason::kMailboxExists);
  CHECK_FALSE(second->HasDevice());
  server.calls.clear();
  CHECK(absl::IsFailedPrecondition(second->mailbox().Info().status()));
  CHECK(server.calls.empty());
}

TEST_CASE("An answer for another mailbox is refused") {
  FakeServer server(testing::kAccount);
  TestClient client(server, 1);
  REQUIRE(client->mailbox().Create().ok());
  server.on_mailbox = [](v1::GetMailboxResponse& response) { response.set_mailbox_id(std::string(16, 'x')); };
  CHECK(absl::IsDataLoss(client->mailbox().Info().status()));
}

TEST_CASE("Deleting closes the log and forgets the keys") {
  FakeServer server(testing::kAccount);
  TestClient client(server, 1);
  REQUIRE(client->mailbox().Create().ok());
  REQUIRE(client->history().Save({testing::Text("t", "m", 1, "x")}).ok());
  REQUIRE(client->mailbox().Delete().ok());
  CHECK_FALSE(client->HasDevice());
  CHECK_FALSE(server.store.exists);
  // The profile may start again.
  REQUIRE(client->mailbox().Create().ok());
  CHECK(client->history().Save({testing::Text("t", "m", 1, "x")}).ok());
}

TEST_CASE("A failed Delete keeps the keys") {
  FakeServer server(testing::kAccount);
  TestClient client(server, 1);
  REQUIRE(client->mailbox().Create().ok());
  server.before = [](const std::string& method) -> absl::Status {
    return method == "DeleteMailbox" ? errors::DeviceRevoked() : absl::OkStatus();
  };
  CHECK(ReasonOf(client->mailbox().Delete()) == Reason::kDeviceRevoked);
  CHECK(client->HasDevice());
}

}  // namespace
}  // namespace labyrinth::client
