// A mailbox with a laptop, and whatever else a test needs.
#ifndef LABYRINTH_CLIENT_TESTING_MAILBOX_FIXTURE_H_
#define LABYRINTH_CLIENT_TESTING_MAILBOX_FIXTURE_H_

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "client/testing/test_client.h"
#include "common/errors.h"

namespace labyrinth::client::testing {

// The fake server with the account's mailbox, made by `laptop`. For use inside test cases.
struct MailboxFixture {
  MailboxFixture() { REQUIRE(laptop->mailbox().Create().ok()); }

  crypto::Secret MakeCode() {
    auto code = laptop->recovery().CreateCode();
    REQUIRE(code.ok());
    return std::move(code->code);
  }

  // A further device, joined with a code of the laptop's.
  std::unique_ptr<TestClient> Join(uint64_t seed) {
    auto client = std::make_unique<TestClient>(server, seed);
    REQUIRE((*client)->recovery().Join(MakeCode()).ok());
    return client;
  }

  DeviceId IdOf(TestClient& client) {
    const auto devices = client->devices().List();
    REQUIRE(devices.ok());
    for (const DeviceView& device : *devices) {
      if (device.this_device) return device.device_id;
    }
    return {};
  }

  FakeServer server{kAccount};
  TestClient laptop{server, 1};
};

inline bool Mentions(const absl::Status& status, const std::string& text) {
  return std::string(status.message()).find(text) != std::string::npos;
}

}  // namespace labyrinth::client::testing

#endif  // LABYRINTH_CLIENT_TESTING_MAILBOX_FIXTURE_H_
