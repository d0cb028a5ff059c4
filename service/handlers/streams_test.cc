// Who may hold how many streams, and who wakes and ends them.
#include "service/handlers/streams.h"

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::service {
namespace {

struct FakeStream final : LiveStream {
  void Kick(bool recheck) override { ++(recheck ? rechecked : kicked); }
  void Tick() override { ++ticked; }
  void Stop(const absl::Status& why) override { stopped = why; }

  int kicked = 0;
  int rechecked = 0;
  int ticked = 0;
  std::optional<absl::Status> stopped;
};

std::shared_ptr<FakeStream> MustAdd(Streams& streams, const std::string& caller, const std::string& topic) {
  auto stream = std::make_shared<FakeStream>();
  REQUIRE(streams.Add(stream, caller, topic).ok());
  return stream;
}

TEST_CASE("a topic wakes its own streams, and a tick wakes all") {
  Streams streams("watches", 100);
  const auto a = MustAdd(streams, "a", "one"), b = MustAdd(streams, "b", "one"), c = MustAdd(streams, "c", "two");
  streams.Wake("one", /*recheck=*/true);
  streams.Wake("one", /*recheck=*/false);
  streams.Wake("three", /*recheck=*/true);
  CHECK(a->rechecked == 1);
  CHECK(b->kicked == 1);
  CHECK(c->kicked + c->rechecked == 0);
  streams.Tick();
  CHECK(a->ticked == 1);
  CHECK(c->ticked == 1);
  streams.Remove(a.get());
  streams.Remove(a.get());
  streams.Wake("one", /*recheck=*/true);
  CHECK(a->rechecked == 1);
  CHECK(b->rechecked == 2);
  CHECK(streams.size() == 2);
}

TEST_CASE("a topic is there as long as somebody waits for it") {
  Streams streams("watches", 100);
  CHECK_FALSE(streams.HasTopic("one"));
  const auto a = MustAdd(streams, "a", "one"), b = MustAdd(streams, "b", "one");
  CHECK(streams.HasTopic("one"));
  CHECK_FALSE(streams.HasTopic("two"));
  streams.Remove(a.get());
  CHECK(streams.HasTopic("one"));
  streams.Remove(b.get());
  CHECK_FALSE(streams.HasTopic("one"));
}

TEST_CASE("a stream without a caller is bounded by whoever counts it, one without a topic is woken by nothing") {
  Streams streams("streams", 100);
  std::vector<std::shared_ptr<FakeStream>> all;
  for (uint32_t i = 0; i < 3 * limits::kStreamsPerCaller; ++i) all.push_back(MustAdd(streams, "", ""));
  streams.Wake("", /*recheck=*/true);
  for (const auto& stream : all) CHECK(stream->kicked + stream->rechecked == 0);
  streams.Drain();
  for (const auto& stream : all) CHECK(ReasonOf(stream->stopped.value()) == Reason::kDraining);
  for (const auto& stream : all) streams.Remove(stream.get());
  CHECK(streams.size() == 0);
}

TEST_CASE("one stream too many ends the caller's oldest that still runs, whichever have gone") {
  Streams streams("watches", 100);
  std::vector<std::shared_ptr<FakeStream>> mine;
  for (uint32_t i = 0; i < limits::kStreamsPerCaller; ++i) mine.push_back(MustAdd(streams, "a", "topic"));
  const auto other = MustAdd(streams, "b", "topic");
  CHECK_FALSE(mine[0]->stopped.has_value());
  mine.push_back(MustAdd(streams, "a", "topic"));
  CHECK(ReasonOf(mine[0]->stopped.value()) == Reason::kRateLimited);
  CHECK_FALSE(mine[1]->stopped.has_value());
  streams.Remove(mine[2].get());
  mine.push_back(MustAdd(streams, "a", "topic"));
  CHECK_FALSE(mine[1]->stopped.has_value());
  mine.push_back(MustAdd(streams, "a", "topic"));
  CHECK(mine[1]->stopped.has_value());
  CHECK_FALSE(mine[3]->stopped.has_value());
  CHECK_FALSE(other->stopped.has_value());
}

TEST_CASE("who reads nothing can't pile streams up") {
  Streams streams("watches", 100);
  std::vector<std::shared_ptr<FakeStream>> stuck;
  for (uint32_t i = 0; i < 2 * limits::kStreamsPerCaller; ++i) stuck.push_back(MustAdd(streams, "a", "topic"));
  const absl::Status refused = streams.Add(std::make_shared<FakeStream>(), "a", "topic");
  CHECK(ReasonOf(refused) == Reason::kRateLimited);
  CHECK(DetailsOf(refused)["limit"] == "streams_per_caller");
  MustAdd(streams, "b", "topic");
  streams.Remove(stuck[0].get());
  MustAdd(streams, "a", "topic");
}

TEST_CASE("one node holds so many") {
  Streams streams("watches", 100);
  for (uint32_t i = 0; i < 100; ++i) MustAdd(streams, std::to_string(i), "topic");
  const auto more = std::make_shared<FakeStream>();
  CHECK(DetailsOf(streams.Add(more, "more", "topic"))["limit"] == "watches");
  CHECK(more.use_count() == 1);
}

TEST_CASE("draining ends all, and takes no more") {
  Streams streams("watches", 100);
  const auto a = MustAdd(streams, "a", "one"), b = MustAdd(streams, "b", "two");
  streams.Drain();
  CHECK(ReasonOf(a->stopped.value()) == Reason::kDraining);
  CHECK(ReasonOf(b->stopped.value()) == Reason::kDraining);
  CHECK(ReasonOf(streams.Add(std::make_shared<FakeStream>(), "c", "one")) == Reason::kDraining);
  streams.Remove(a.get());
  streams.Remove(b.get());
  CHECK(streams.size() == 0);
  streams.Undrain();
  MustAdd(streams, "c", "one");
}

}  // namespace
}  // namespace labyrinth::service
