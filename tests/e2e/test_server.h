// The real server inside the test's process, and clients of it.
#ifndef LABYRINTH_TESTS_E2E_TEST_SERVER_H_
#define LABYRINTH_TESTS_E2E_TEST_SERVER_H_

#include <memory>
#include <string>

#include "client/client.h"
#include "client/testing/temp_dir.h"
#include "common/clock.h"
#include "crypto/primitives/seeded_random.h"
#include "service/server/environment.h"

namespace labyrinth::e2e {

inline constexpr int64_t kStartMs = 1'800'000'000'000;

// A development server on a free loopback port, over a store on disk that outlives restarts.
class TestServer {
 public:
  // Servers of one seed make the same keys for their stores.
  explicit TestServer(uint64_t seed = 4711);

  void Start();
  void Stop() { environment_.reset(); }
  void Restart();
  std::string endpoint() const;
  std::string data_dir() const { return dir_.path("server"); }
  // Apart from the data, as docs/OPERATIONS.md asks.
  std::string journal() const { return dir_.path("revocations.journal"); }
  std::string path(const std::string& name) const { return dir_.path(name); }
  service::Environment& environment() { return *environment_; }

  ManualClock clock{kStartMs};

 private:
  client::testing::TempDir dir_;
  crypto::SeededRandom random_;
  std::unique_ptr<service::Environment> environment_;
};

// A device of an account, with a profile of its own. Ends the test's process if the profile can't be opened.
class TestDevice {
 public:
  TestDevice(TestServer& server, uint64_t seed, const std::string& account = "alice");

  client::LabyrinthClient* operator->() { return client_.get(); }
  client::ClientOptions Options() const;
  void Close() { client_.reset(); }
  // Also after a restart of the server, which changes its port.
  void Open();
  std::string profile() const { return dir_.path("profile"); }

 private:
  TestServer& server_;
  const std::string account_;
  client::testing::TempDir dir_;
  std::unique_ptr<crypto::SeededRandom> random_;
  std::unique_ptr<client::LabyrinthClient> client_;
};

}  // namespace labyrinth::e2e

#endif  // LABYRINTH_TESTS_E2E_TEST_SERVER_H_
