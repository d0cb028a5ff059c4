// A server in the test's own process, and Alice's mailbox on it, with new devices beside it. testonly.
#ifndef LABYRINTH_SERVICE_SERVER_TESTING_ENROLLMENT_FIXTURE_H_
#define LABYRINTH_SERVICE_SERVER_TESTING_ENROLLMENT_FIXTURE_H_

#include <catch2/catch.hpp>
#include <string>

#include "common/clock.h"
#include "common/errors.h"
#include "crypto/primitives/ristretto.h"
#include "service/server/testing/api_scene.h"
#include "service/server/testing/live_server.h"

namespace labyrinth::service::testing {

// A server whose time stands still unless a test moves it.
struct StillServer {
  explicit StillServer(const std::string& name)
      : clock(SystemClock().NowMs()), server(DevConfig(FreshDir(name)), &clock) {
    server.Start();
  }
  ManualClock clock;
  LiveServer server;
};

// Alice's mailbox with its first device.
struct EnrollmentFixture : StillServer, ApiScene {
  explicit EnrollmentFixture(const std::string& name) : StillServer("enrollment_" + name), ApiScene(server, "alice") {}
};

}  // namespace labyrinth::service::testing

#endif  // LABYRINTH_SERVICE_SERVER_TESTING_ENROLLMENT_FIXTURE_H_
