// Streams that follow the change feed, through time, crowds and slow clients. What they tell is asked in
// tests/conformance/api.
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "common/limits.h"
#include "service/handlers/stream.h"
#include "service/server/testing/api_history.h"
#include "service/server/testing/enrollment_fixture.h"

namespace labyrinth::service::testing {
namespace {

using Ids = std::vector<std::string>;

// A mailbox of two devices, and a cursor at its head.
struct Fixture : EnrollmentFixture {
  explicit Fixture(const std::string& name) : EnrollmentFixture("watch_" + name), other(AddMember()) {
    other_session = other->SignIn();
    start = HeadNow();
  }

  HistoryCaller Mine() { return {server.Channel(), session, old->epoch_id}; }
  HistoryCaller Others() { return {server.Channel(), other_session, old->epoch_id}; }
  // By a client through which hardly anything gets that it doesn't read.
  HistoryCaller Narrow() {
    grpc::ChannelArguments narrow;
    narrow.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1024);
    narrow.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    return {grpc::CreateCustomChannel(server.endpoint(), grpc::InsecureChannelCredentials(), narrow), other_session,
            old->epoch_id};
  }
  v1::Cursor HeadNow() { return Mine().ListAll().as_of(); }
  // Ends in the head that says that all was told.
  std::unique_ptr<WatchReader> WatchFromHead(const HistoryCaller& caller, bool include_messages = false) {
    const v1::Cursor head = HeadNow();
    auto watch = caller.Watch(head, include_messages);
    const v1::WatchResponse first = watch->MustNext();
    CHECK(first.changes().empty());
    // Commits with nothing to tell, such as upkeep's, may come between.
    CHECK(first.next().revision() >= head.revision());
    CHECK(first.next().revision() == first.head().revision());
    return watch;
  }
  grpc::Status EndOfWatch(const v1::Cursor& since) { return Mine().Watch(since)->End(); }

  std::unique_ptr<ApiDevice> other;
  std::string other_session;
  v1::Cursor start;
};

TEST_CASE("a watch tells its head every 30 seconds, and what happened without a word") {
  Fixture f("head");
  const auto watch = f.WatchFromHead(f.Others());
  f.clock.Advance(limits::kWatchHeadMs - 1);
  f.Mine().Save("m", "t", 1);
  CHECK(IdsIn(watch->MustNext()) == Ids{"m"});  // and no head before it
  const std::string unseen = f.old->SignIn();   // a commit, with nothing to tell
  f.clock.Advance(1);
  for (int i = 0; i < 3; ++i) {
    const v1::WatchResponse head = watch->MustNext();
    CHECK(head.changes().empty());
    CHECK(head.next().revision() == f.HeadNow().revision());
    CHECK(head.head().revision() == f.HeadNow().revision());
    f.clock.Advance(limits::kWatchHeadMs);
  }
}

// A clock that stands still falls behind on a busy machine, one that steps back does so at once.
TEST_CASE("a watch reads also while the server's clock lags behind the machine's") {
  Fixture f("lag");
  f.clock.Advance(-20'000);  // by more than one read may take, and less than a call
  const auto watch = f.WatchFromHead(f.Others());
  f.Mine().Save("m", "t", 1);
  CHECK(IdsIn(watch->MustNext()) == Ids{"m"});
  f.clock.Advance(limits::kWatchHeadMs);
  CHECK(watch->MustNext().changes().empty());
}

TEST_CASE("a watch ends with its session, and the client goes on with the next") {
  Fixture f("session");
  const auto watch = f.WatchFromHead(f.Mine());
  f.clock.Advance(limits::kSessionTtlMs - 1);
  CHECK(watch->MustNext().changes().empty());
  f.clock.Advance(1);
  CHECK(ReasonOfCall(watch->End()) == Reason::kTokenInvalid);
  CHECK(ReasonOfCall(f.EndOfWatch(f.start)) == Reason::kTokenInvalid);
}

TEST_CASE("a fourth watch ends the oldest, and a server that stops says so") {
  Fixture f("streams");
  std::vector<std::unique_ptr<WatchReader>> watches;
  for (uint32_t i = 0; i <= limits::kStreamsPerCaller; ++i) watches.push_back(f.WatchFromHead(f.Mine()));
  CHECK(ReasonOfCall(watches[0]->End()) == Reason::kRateLimited);
  watches.erase(watches.begin());
  const auto others = f.WatchFromHead(f.Others());
  std::thread stop([&] { f.server.Stop(); });
  for (const auto& watch : watches) CHECK(ReasonOfCall(watch->End()) == Reason::kDraining);
  CHECK(ReasonOfCall(others->End()) == Reason::kDraining);
  stop.join();
}

TEST_CASE("a slow client costs one response at a time and misses nothing") {
  Fixture f("slow");
  const auto slow = f.Narrow().Watch(f.start, /*include_messages=*/true);
  const auto fast = f.WatchFromHead(f.Mine());
  constexpr std::size_t kSaves = 60, kSize = 100 * 1024;
  Ids saved;
  for (std::size_t i = 0; i < kSaves; ++i) {
    f.Mine().Save(saved.emplace_back("m" + std::to_string(i)), "t", static_cast<int64_t>(i), kSize);
    CHECK(IdsIn(fast->MustNext()) == Ids{saved.back()});
  }
  Ids told;
  std::size_t responses = 0;
  while (told.size() < kSaves) {
    const v1::WatchResponse response = slow->MustNext();
    std::size_t bytes = 0;
    for (const v1::Change& change : response.changes()) {
      for (const v1::ChangeEntry& entry : change.entries()) bytes += entry.message().ciphertext().size();
    }
    CHECK(bytes <= limits::kChangeMessageBytes);
    if (!response.changes().empty()) ++responses;
    for (std::string& id : IdsIn(response)) told.push_back(std::move(id));
  }
  CHECK(told == saved);
  CHECK(responses < kSaves / 2);  // read from the feed when there was room, not kept for it one by one
}

TEST_CASE("who watches and takes nothing is let go after a minute") {
  Fixture f("stuck");
  const auto stuck = f.Narrow().Watch(f.start, /*include_messages=*/true);
  const auto fast = f.WatchFromHead(f.Mine());
  for (int i = 0; i < 4; ++i) {
    f.Mine().Save("m" + std::to_string(i), "t", i, 200 * 1024);
    CHECK(IdsIn(fast->MustNext()).size() == 1);
  }
  // By the server's ticks, which look at its clock.
  for (int steps = 0; !f.server.AwaitLog("code=CANCELLED", absl::Seconds(2)); ++steps) {
    REQUIRE(steps < 10);
    f.clock.Advance(Stream<v1::WatchResponse>::kWriteMs);
  }
  while (stuck->Next().has_value()) {
  }
  CHECK(stuck->End().error_code() == grpc::StatusCode::CANCELLED);
}

}  // namespace
}  // namespace labyrinth::service::testing
