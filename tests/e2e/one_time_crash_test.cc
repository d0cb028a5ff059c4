// One-time codes while either side's process dies, at every message that it sends or receives, in turn; and while the
// line of its watch breaks, at every event.
#include <atomic>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "common/errors.h"
#include "tests/e2e/one_time_fixture.h"

namespace labyrinth::e2e {
namespace {

using google::protobuf::Message;

// More than either side has: a walk that doesn't end is a failure.
constexpr int kMaxPoints = 200;
// An honest pair needs one or two more tries after a crash.
constexpr int kMaxTries = 4;

// Kills the device at its message number `at`, counted from now on.
void KillAt(TappedDevice& device, int at, std::atomic<int>& passed) {
  passed = 0;
  const auto count = [&device, &passed, at](const std::string&, Message&) {
    if (++passed == at) device.Kill();
  };
  device.tap().on_send = count;
  device.tap().on_receive = count;
}

void CheckOneOfTheMailbox(OneTimePair& pair) {
  const auto devices = pair.phone->devices().List();
  REQUIRE(devices.ok());
  CHECK(devices->size() == 2);
  const auto saved =
      pair.phone->history().Save({{.thread_id = "t", .message_id = "m", .timestamp_ms = 1, .content = "hello"}});
  CHECK(saved.ok());
  for (TappedDevice* device : {&pair.laptop, &pair.phone}) {
    const auto report = (*device)->Verify();
    REQUIRE(report.ok());
    CHECK(report->findings.empty());
    CHECK_FALSE(device->Kept().pending.has_value());
  }
}

// The other side, for as long as it takes: people who try again.
class Approver {
 public:
  explicit Approver(OneTimePair& pair) : pair_(pair) {
    thread_ = std::thread([this] {
      while (!over_.HasBeenNotified()) {
        const auto approved = pair_.laptop->one_time_codes().Approve(pair_.member);
        if (pair_.laptop.tap().cut()) pair_.laptop.Restart();
        if (ReasonOf(approved.status()) == Reason::kRateLimited) return;
      }
    });
  }
  ~Approver() {
    over_.Notify();
    pair_.member.stop = true;
    thread_.join();
    if (pair_.laptop.tap().cut()) pair_.laptop.Restart();
  }

 private:
  OneTimePair& pair_;
  absl::Notification over_;
  std::thread thread_;
};

TEST_CASE("A new device that dies anywhere joins after its restart") {
  TestServer server;
  int points = 0;
  for (int at = 1;; ++at) {
    REQUIRE(at < kMaxPoints);
    OneTimePair pair(server, 1000 + 10 * static_cast<uint64_t>(at), "n" + std::to_string(at));
    std::atomic<int> passed = 0;
    pair.board.patience = absl::Seconds(1);  // a code that died with its process is never shown
    pair.member.compares = true;             // the request of a process that died isn't on any screen
    pair.joiner.dead = [&pair] { return pair.phone.tap().cut(); };
    KillAt(pair.phone, at, passed);
    {
      const Approver approver(pair);
      absl::Status status = pair.phone->one_time_codes().Join(pair.joiner).status();
      const bool died = pair.phone.tap().cut();
      points = at;
      for (int i = 0; (died || !status.ok()) && i < kMaxTries; ++i) {
        pair.phone.Restart();
        if (pair.phone->HasDevice()) {
          status = pair.phone->mailbox().Info().status();
          break;
        }
        status = pair.phone->one_time_codes().Join(pair.joiner).status();
        if (status.ok()) break;
        INFO("after message " << at << ": " << std::string(status.message()));
        CHECK(ReasonOf(status) == Reason::kEnrollmentClosed);
      }
      INFO("after message " << at << ": " << std::string(status.message()));
      REQUIRE(status.ok());
      if (!died) break;
    }
    CheckOneOfTheMailbox(pair);
  }
  CHECK(points > 15);
}

TEST_CASE("A member that dies anywhere sees the next one through after its restart") {
  TestServer server;
  for (int at = 1;; ++at) {
    REQUIRE(at < kMaxPoints);
    OneTimePair pair(server, 5000 + 10 * static_cast<uint64_t>(at), "o" + std::to_string(at));
    // A process that knows its log already: what is counted is the code's own.
    REQUIRE(pair.laptop->mailbox().Info().ok());
    std::atomic<int> passed = 0;
    pair.board.patience = absl::Seconds(1);  // a code that died with its process is never shown
    pair.member.compares = true;             // the request of a process that died isn't on any screen
    pair.joiner.dead = [&pair] { return pair.phone.tap().cut(); };
    KillAt(pair.laptop, at, passed);
    bool died = false;
    absl::Status status;
    {
      const Approver approver(pair);
      for (int i = 0; i < kMaxTries; ++i) {
        status = pair.phone->one_time_codes().Join(pair.joiner).status();
        if (status.ok()) break;
        INFO("after message " << at << ": " << std::string(status.message()));
        CHECK(ReasonOf(status) == Reason::kEnrollmentClosed);
      }
    }
    died = passed >= at;
    pair.laptop.tap().on_send = pair.laptop.tap().on_receive = nullptr;  // what follows is no part of the code
    INFO("after message " << at << ": " << std::string(status.message()));
    REQUIRE(status.ok());
    CheckOneOfTheMailbox(pair);
    // What the dead process had consented to is taken back by the next call, if it wasn't by then.
    CHECK(absl::IsCancelled(pair.laptop->one_time_codes().Approve(pair.member).status()));
    CHECK_FALSE(pair.laptop.Kept().one_time.enrollment_id.has_value());
    if (!died) {
      CHECK(at > 10);
      break;
    }
  }
}

// Breaks one of the device's streams of events behind its message number `after`; 0: as it begins.
struct BreakOnce {
  void operator()(TappedDevice& device, int after) {
    device.tap().breaks = [this, after](const std::string& method, int received) {
      if (method != "WatchEnrollments" || received != after || broken) return false;
      broken = true;
      return true;
    };
  }
  std::atomic<bool> broken = false;
};

TEST_CASE("A watch whose line breaks goes on, and nobody notices") {
  TestServer server;
  const bool at_member = GENERATE(false, true);
  for (int after = 0;; ++after) {
    REQUIRE(after < kMaxPoints);
    OneTimePair pair(server, 9000 + 10 * static_cast<uint64_t>(after), (at_member ? "p" : "q") + std::to_string(after));
    BreakOnce line;
    line(at_member ? pair.laptop : pair.phone, after);
    const auto ends = pair.Meet();
    INFO((at_member ? "member's" : "new device's") << " watch broken behind event " << after);
    INFO(std::string(ends.joined.status().message()) << "; " << std::string(ends.approved.status().message()));
    REQUIRE(ends.joined.ok());
    REQUIRE(ends.approved.ok());
    CHECK(pair.member.fingerprints.size() == 1);
    CHECK(pair.member.shown == 1);
    CHECK(pair.joiner.asked.size() == 1);
    if (!line.broken) {
      CHECK(after > 2);
      break;
    }
  }
}

TEST_CASE("A watch whose line breaks again and again is given up, clearly") {
  TestServer server;
  OneTimePair pair(server, 9900);
  std::atomic<int> begun = 0;
  int behind = 0;
  SECTION("as it begins") {}
  // What the server repeats to a new stream is nothing new.
  SECTION("behind its first event") { behind = 1; }
  pair.laptop.tap().breaks = [&](const std::string& method, int received) {
    if (method != "WatchEnrollments") return false;
    begun += received == 0;
    return received == behind;
  };
  const auto ends = pair.Meet();
  CHECK(absl::IsUnavailable(ends.approved.status()));
  CHECK(begun >= 6);
  CHECK(begun <= 12);
  CHECK_FALSE(ends.joined.ok());
}

}  // namespace
}  // namespace labyrinth::e2e
