// What the client's tests are built from: a throw-away profile, seeded randomness, a clock that only sleeping moves.
#ifndef LABYRINTH_CLIENT_TESTING_TEST_CLIENT_H_
#define LABYRINTH_CLIENT_TESTING_TEST_CLIENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "client/client.h"
#include "client/sleeper.h"
#include "client/testing/fake_server.h"
#include "client/testing/temp_dir.h"
#include "common/clock.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::client::testing {

inline constexpr char kAccount[] = "alice";

// Takes no time: moves the clock and remembers.
class ManualSleeper final : public Sleeper {
 public:
  explicit ManualSleeper(ManualClock& clock) : clock_(clock) {}
  void SleepMs(int64_t duration_ms) override {
    clock_.Advance(duration_ms);
    slept_ms.push_back(duration_ms);
  }
  std::vector<int64_t> slept_ms;

 private:
  ManualClock& clock_;
};

// One profile of one account against one fake server. The client can be closed (a crash) and opened again on the same
// profile; randomness goes on where it was.
class TestClient {
 public:
  // `copy_of` names a profile, or a copy of one, to start from.
  TestClient(FakeServer& server, uint64_t seed, const std::string& copy_of = "", const std::string& account = kAccount);

  LabyrinthClient& operator*() { return *client_; }
  LabyrinthClient* operator->() { return client_.get(); }

  ClientOptions Options();
  void Close() { client_.reset(); }
  void Open();
  void CopyProfile(const std::string& to) const;

  std::string profile() const { return dir_.path("profile"); }
  ManualClock clock{1};
  RotationPolicy rotation;
  ManualSleeper sleeper{clock};

 private:
  FakeServer& server_;
  const std::string account_;
  TempDir dir_;
  crypto::SeededRandom random_;
  std::unique_ptr<LabyrinthClient> client_;
};

NewMessage Text(const std::string& thread, const std::string& id, int64_t timestamp_ms, const std::string& content);

}  // namespace labyrinth::client::testing

#endif  // LABYRINTH_CLIENT_TESTING_TEST_CLIENT_H_
