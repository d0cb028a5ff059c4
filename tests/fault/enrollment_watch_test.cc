// The client library's watch of a one-time code, when its connection breaks.
#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "client/connection.h"
#include "client/enrollment/event_watch.h"
#include "client/token_source.h"
#include "common/clock.h"
#include "tests/fault/relayed_scene.h"

namespace labyrinth::fault {
namespace {

using client::EventWatch;
using namespace service::testing;  // the steps
using Loss = LyingRelay::Loss;

class CountingSleeper final : public client::Sleeper {
 public:
  void SleepMs(int64_t) override { ++pauses; }
  int pauses = 0;
};

// A new device's connection, through the relay.
struct NewDevice {
  explicit NewDevice(RelayedScene& f)
      : connection(f.Channel(), client::TokenFromDevIssuer(f.live.Channel(), f.account), {}, clock, f.random(),
                   sleeper) {}

  // "CONSENT:nO"; the reason, or the code, if it is over.
  std::string Next(EventWatch& watch) {
    int looks = 300;  // ten a second
    const auto event = watch.Next(clock.NowMs() + 1, [&] { return --looks > 0; });
    if (!event.ok()) {
      const auto reason = ReasonOf(event.status());
      return reason ? std::string(ReasonName(*reason)) : absl::StatusCodeToString(event.status().code());
    }
    if (!event->has_value()) return "nothing";
    return v1::EnrollmentStep_Name((*event)->step()).substr(std::string("ENROLLMENT_STEP_").size()) + ":" +
           (*event)->payload();
  }

  ManualClock clock{SystemClock().NowMs()};
  CountingSleeper sleeper;
  client::Connection connection;
};

TEST_CASE("a watch of a one-time code goes on over broken connections, and tells each event once") {
  RunningServer server("enrollment_watch");
  RelayedScene f(server.live, "alice");
  const auto added = f.NewDevice();
  const std::string id = f.N().MustOpen(added->keys());
  NewDevice mine(f);
  EventWatch watch = EventWatch::OfNewDevice(mine.connection, id);

  // Its first stream tells one event and breaks at the next; then one never gets through, and one breaks at once.
  f.relay.BreakNext("WatchEnrollments", 1);
  REQUIRE(f.O().Send(id, kConsent, 0, "nO").ok());
  CHECK(mine.Next(watch) == "CONSENT:nO");
  CHECK(mine.sleeper.pauses == 0);
  f.relay.LoseNext("WatchEnrollments", Loss::kRequest);
  REQUIRE(f.N().Send(id, kStart, 1, "Ya").ok());
  REQUIRE(f.O().Send(id, kAnswer, 1, "Yb").ok());
  CHECK(mine.Next(watch) == "ANSWER:Yb");
  CHECK(mine.sleeper.pauses == 2);
  // The stream that came through holds everything from the beginning; what was told is not told again.
  REQUIRE(f.N().Send(id, kConfirm, 1, "mac").ok());
  REQUIRE(f.O().Send(id, kGrant, 1, "bundle", f.RandomScalar()).ok());
  CHECK(mine.Next(watch) == "GRANT:bundle");
  REQUIRE(f.O().Send(id, kCancel, 0, "").ok());
  CHECK(mine.Next(watch) == "ENROLLMENT_CLOSED");
}

TEST_CASE("a watch of a one-time code gives up when no connection comes to anything") {
  RunningServer server("enrollment_watch_dead");
  RelayedScene f(server.live, "alice");
  const auto added = f.NewDevice();
  const std::string id = f.N().MustOpen(added->keys());
  NewDevice mine(f);
  f.relay.MoveTo("127.0.0.1:1");  // where nobody listens
  EventWatch watch = EventWatch::OfNewDevice(mine.connection, id);
  CHECK(mine.Next(watch) == "UNAVAILABLE");
  CHECK(mine.sleeper.pauses == client::RetryPolicy().max_attempts - 1);
  // And begins with fresh patience where there is a server again.
  f.relay.Follow(server.live.endpoint());
  REQUIRE(f.O().Send(id, kConsent, 0, "nO").ok());
  EventWatch again = EventWatch::OfNewDevice(mine.connection, id);
  CHECK(mine.Next(again) == "CONSENT:nO");
}

}  // namespace
}  // namespace labyrinth::fault
