// Two devices on the way to a one-time code, on the real server, and the people beside them.
#ifndef LABYRINTH_TESTS_E2E_ONE_TIME_FIXTURE_H_
#define LABYRINTH_TESTS_E2E_ONE_TIME_FIXTURE_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/client.h"
#include "client/keychain_state.h"
#include "client/sleeper.h"
#include "client/testing/temp_dir.h"
#include "crypto/primitives/seeded_random.h"
#include "tests/e2e/tapped_channel.h"
#include "tests/e2e/test_server.h"

namespace labyrinth::e2e {

inline constexpr int64_t kMinuteMs = 60'000;

// A device whose line is tapped, and which can be killed at any message: what it wrote afterwards is lost. Ends the
// test's process if the profile can't be opened. Thread-compatible.
class TappedDevice {
 public:
  TappedDevice(TestServer& server, uint64_t seed, const std::string& account = "alice");

  client::LabyrinthClient* operator->() { return client_.get(); }
  Tap& tap() { return *tap_; }

  // On a thread that is calling: the process dies here. Nothing that it does from now on reaches anybody.
  void Kill();
  // A new process, on what the last one had written when it was killed, or was left with.
  void Restart();

  // As it stands on the disk now.
  client::KeychainState Kept() const;

 private:
  // Real time passes no faster for the server's clock.
  class ShortSleeper final : public client::Sleeper {
   public:
    void SleepMs(int64_t) override { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }
  };

  std::string profile() const { return dir_.path("profile" + std::to_string(lives_)); }
  void Open();

  TestServer& server_;
  const std::string account_;
  client::testing::TempDir dir_;
  crypto::SeededRandom random_;
  ShortSleeper sleeper_;
  int lives_ = 0;
  bool killed_ = false;
  std::unique_ptr<Tap> tap_;
  std::unique_ptr<client::LabyrinthClient> client_;
};

// What both screens show, for whoever stands before them. Thread-safe.
class Board {
 public:
  void Show(std::string code);
  // Waits for it; what nobody showed in time is guessed at.
  std::string Code();

  // The new device's screen.
  void ShowKey(std::string key);
  // Waits for it to be this one.
  bool ShowsKey(const std::string& key);

  absl::Duration patience = absl::Seconds(30);

 private:
  absl::Mutex mutex_;
  std::string code_ ABSL_GUARDED_BY(mutex_);
  std::string key_ ABSL_GUARDED_BY(mutex_);
};

// The person at the member.
struct MemberScreen final : client::ApprovePrompts {
  explicit MemberScreen(Board& board) : board(board) {}

  bool Consent(const client::JoinRequest& request, int codes_left) override;
  void ShowCode(const client::JoinRequest& request, const crypto::Secret& code, int64_t expire_ms) override;
  void WrongCode(int guesses_left) override { wrong.push_back(guesses_left); }
  void CodeOver() override { ++over; }
  bool GoOn() override { return !stop; }

  Board& board;
  bool consents = true;
  bool compares = false;  // refuses a device whose key isn't on the other screen
  std::atomic<bool> stop = false;
  std::function<void()> on_shown;
  std::vector<std::string> fingerprints;
  std::vector<int> codes_left;
  std::vector<int> wrong;
  int shown = 0, over = 0;
};

// The person at the new device: types what the script says, "right" being what the board shows, and then that.
struct JoinScreen final : client::JoinPrompts {
  explicit JoinScreen(Board& board) : board(board) {}

  void Waiting(const client::JoinRequest& request) override;
  absl::StatusOr<crypto::Secret> TypeCode(const client::CodeQuestion& question) override;
  bool GoOn() override { return !stop; }

  Board& board;
  std::vector<std::string> script;  // "right", "wrong", or other text as it is
  std::atomic<bool> stop = false;
  std::function<void()> on_waiting, on_asked;
  std::function<bool()> dead;  // a dead process's screen shows nothing
  std::string fingerprint;
  std::vector<client::CodeQuestion> asked;
};

// An account's mailbox, made by the laptop, and a phone that is no device yet.
struct OneTimePair {
  OneTimePair(TestServer& server, uint64_t seed, const std::string& account = "alice");

  struct Ends {
    absl::StatusOr<client::OneTimeJoinReport> joined = absl::UnknownError("not called");
    absl::StatusOr<client::ApproveReport> approved = absl::UnknownError("not called");
  };
  // Both at once; returns when both have ended. One that hears nothing of the other's error is told to stop.
  Ends Meet();

  TestServer& server;
  TappedDevice laptop, phone;
  Board board;
  MemberScreen member{board};
  JoinScreen joiner{board};
};

inline bool Mentions(const absl::Status& status, const std::string& text) {
  return std::string(status.message()).find(text) != std::string::npos;
}

}  // namespace labyrinth::e2e

#endif  // LABYRINTH_TESTS_E2E_ONE_TIME_FIXTURE_H_
