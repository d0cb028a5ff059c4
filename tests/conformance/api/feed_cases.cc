// What happened: pages of the change feed, and streams that follow it.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <limits>

#include "absl/time/clock.h"
#include "common/limits.h"
#include "tests/conformance/api/scene.h"

namespace labyrinth::conformance {
namespace {

using service::testing::WatchReader;
using Kinds = std::vector<v1::ChangeKind>;

Kinds KindsIn(const v1::Change& change) {
  Kinds kinds;
  for (const v1::ChangeEntry& entry : change.entries()) kinds.push_back(entry.kind());
  return kinds;
}

v1::Cursor Beginning(const Scene& f) {
  v1::Cursor cursor = f.Head();
  cursor.set_revision(0);
  return cursor;
}

// Ends in the head that says that all was told.
std::unique_ptr<WatchReader> WatchFromHead(const HistoryCaller& caller, const v1::Cursor& head,
                                           bool include_messages = false) {
  auto watch = caller.Watch(head, include_messages);
  const v1::WatchResponse first = watch->MustNext();
  CHECK(first.changes().empty());
  CHECK(first.next().revision() >= head.revision());
  CHECK(first.next().revision() == first.head().revision());
  return watch;
}

TEST_CASE("the feed tells every commit in the order of commits, whole, whatever the page") {
  Scene f;
  const v1::Cursor start = f.Head();
  std::vector<v1::Message> batch;
  for (int n = 0; n < 60; ++n) batch.push_back(MakeMessage(fmt::format("a{}", n), "t", 1000 - n));
  const uint64_t first = f.MustSave(batch);
  const uint64_t second = f.MustSave({MakeMessage("old", "t", 1)});
  CHECK(second == first + 1);
  for (const int32_t size : {1, 2, 500}) {
    const auto changes = f.ChangesSince(start, size);
    REQUIRE(changes.size() == 2);
    CHECK(changes[0].revision() == first);
    CHECK(changes[0].entries_size() == 60);  // never split
    CHECK(changes[1].revision() == second);
    CHECK(changes[1].entries(0).message_id() == "old");
    CHECK(changes[1].entries(0).thread_id() == "t");
    CHECK(changes[1].entries(0).timestamp_ms() == 1);
    CHECK_FALSE(changes[1].entries(0).has_message());
  }
  v1::Cursor since = start;
  since.set_revision(first);  // exclusive
  CHECK(f.ChangesSince(since).size() == 1);
  CHECK(f.ChangesSince(f.Head()).empty());

  v1::ListChangesRequest request;
  *request.mutable_since() = start;
  request.set_max_changes(1);
  const auto page = f.Me().Must(&History::ListChanges, request);
  CHECK(page.next().revision() == first);
  CHECK(page.next().generation() == start.generation());
  CHECK(page.head().revision() == second);
}

TEST_CASE("the feed tells the latest of each message, and of what is gone only that") {
  Scene f;
  const v1::Cursor start = f.Head();
  f.MustSave({MakeMessage("replaced"), MakeMessage("deleted"), MakeMessage("stays")});
  REQUIRE(f.Save({MakeMessage("replaced", "t", 1, std::string(70, 'x'))}, v1::ON_CONFLICT_REPLACE).ok());
  f.MustDelete({"deleted"});
  const auto changes = f.ChangesSince(start, 500, /*include_messages=*/true);
  REQUIRE(changes.size() == 3);
  CHECK(KindsIn(changes[0]) == Kinds{v1::CHANGE_KIND_SAVED});
  CHECK(changes[0].entries(0).message().message_id() == "stays");
  CHECK(KindsIn(changes[1]) == Kinds{v1::CHANGE_KIND_REPLACED});
  CHECK(changes[1].entries(0).message().ciphertext() == std::string(70, 'x'));
  CHECK(changes[1].entries(0).message().revision() == changes[1].revision());
  CHECK(KindsIn(changes[2]) == Kinds{v1::CHANGE_KIND_DELETED});
  CHECK(changes[2].entries(0).message_id() == "deleted");
  CHECK(changes[2].entries(0).by_device_id() == f.old->device_id.value());
  CHECK_FALSE(changes[2].entries(0).has_message());
}

TEST_CASE("the feed tells who joined, who left, and which epoch came") {
  Scene f;
  const auto member = f.AddMember();
  f.CutOff(*member);
  f.MustRotate({f.old.get()}, {}, {member.get()});
  Kinds kinds;
  std::vector<v1::ChangeEntry> entries;
  for (const v1::Change& change : f.ChangesSince(Beginning(f))) {
    for (const v1::ChangeEntry& entry : change.entries()) {
      kinds.push_back(entry.kind());
      entries.push_back(entry);
    }
  }
  REQUIRE(kinds == Kinds{v1::CHANGE_KIND_DEVICE_ADDED, v1::CHANGE_KIND_EPOCH_OPENED, v1::CHANGE_KIND_DEVICE_ADDED,
                         v1::CHANGE_KIND_DEVICE_REVOKED, v1::CHANGE_KIND_EPOCH_OPENED});
  const uint64_t mine = f.old->device_id.value(), theirs = member->device_id.value();
  CHECK(entries[0].device_id() == mine);
  CHECK(entries[2].device_id() == theirs);
  CHECK(entries[2].by_device_id() == mine);
  CHECK(entries[3].device_id() == theirs);
  CHECK(entries[3].by_device_id() == 0);  // nobody's device: the account's holder
  CHECK(entries[4].epoch_id() == f.old->epoch_id.value());
  CHECK(entries[4].by_device_id() == mine);
}

TEST_CASE("a page carries at most a MiB of messages, and leaves out what it has no room for") {
  Scene f;
  const v1::Cursor start = f.Head();
  std::vector<v1::Message> batch;
  for (int n = 0; n < 8; ++n) batch.push_back(MakeMessage(std::to_string(n), "t", n, std::string(200 * 1024, 'x')));
  f.MustSave(batch);
  const auto changes = f.ChangesSince(start, 500, /*include_messages=*/true);
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].entries_size() == 8);
  std::size_t bytes = 0, left_out = 0;
  for (const v1::ChangeEntry& entry : changes[0].entries()) {
    bytes += entry.message().ciphertext().size();
    left_out += !entry.has_message();
  }
  CHECK(bytes <= limits::kChangeMessageBytes);
  CHECK(bytes > 0);
  CHECK(left_out > 0);
}

TEST_CASE("a cursor that can't go on is refused by name, in a page as in a stream") {
  Scene f;
  const v1::Cursor start = f.Head();
  f.MustSave({MakeMessage("m")});
  const auto both = [&](const v1::Cursor* since) {
    v1::ListChangesRequest request;
    v1::WatchRequest watch;
    if (since != nullptr) *request.mutable_since() = *since;
    if (since != nullptr) *watch.mutable_since() = *since;
    const auto answer = f.Me().Ask(&History::ListChanges, request);
    CHECK(ReasonOfCall(f.Me().EndOf(&History::Watch, watch)) == answer.reason());
    return answer;
  };
  CHECK(both(nullptr).field() == "since");
  v1::Cursor cursor = f.Head();
  for (const uint64_t beyond : {cursor.revision() + 1, uint64_t{1} << 63, ~uint64_t{0}}) {
    cursor.set_revision(beyond);
    CHECK(both(&cursor).field() == "since.revision");
  }
  for (const uint64_t generation : {start.generation() + 1, ~uint64_t{0}}) {
    cursor = start;
    cursor.set_generation(generation);
    const auto restored = both(&cursor);
    CHECK(restored.reason() == Reason::kStoreRestored);
    CHECK(restored.detail("generation") == std::to_string(start.generation()));
  }
  v1::ListChangesRequest request;
  *request.mutable_since() = start;
  for (const int32_t less : {-1, std::numeric_limits<int32_t>::min()}) {
    request.set_max_changes(less);
    CHECK(f.Me().Ask(&History::ListChanges, request).field() == "max_changes");
  }
  request.set_max_changes(std::numeric_limits<int32_t>::max());
  const auto page = f.Me().Must(&History::ListChanges, request);
  CHECK(page.changes_size() == 1);
  CHECK(page.next().revision() == page.head().revision());
}

TEST_CASE("a watch gets what another device saves, at once and once") {
  Scene f;
  const auto member = f.AddMember();
  const HistoryCaller theirs(f.api.Channel(), member->SignIn(), f.old->epoch_id);
  const v1::Cursor start = f.Head();
  const auto watch = WatchFromHead(theirs, start, /*include_messages=*/true);
  for (int i = 0; i < 20; ++i) {
    const std::string id = fmt::format("m{}", i);
    const uint64_t revision = f.MustSave({MakeMessage(id, "t", 1000 - i, std::string(100, 'c'))});
    const v1::WatchResponse response = watch->MustNext();
    REQUIRE(response.changes_size() == 1);
    CHECK(response.changes(0).revision() == revision);
    CHECK(response.next().revision() == revision);
    CHECK(response.next().generation() == start.generation());
    REQUIRE(response.changes(0).entries_size() == 1);
    const v1::ChangeEntry& entry = response.changes(0).entries(0);
    CHECK(entry.kind() == v1::CHANGE_KIND_SAVED);
    CHECK(entry.thread_id() == "t");
    CHECK(entry.message_id() == id);
    CHECK(entry.timestamp_ms() == 1000 - i);
    CHECK(entry.message().ciphertext() == std::string(100, 'c'));
    CHECK(entry.message().revision() == revision);
    CHECK(entry.message().epoch_id() == f.old->epoch_id.value());
  }
}

TEST_CASE("a watch that begins in the past catches up, says so, and goes on") {
  Scene f;
  Ids saved;
  for (int i = 0; i < 30; ++i) f.MustSave({MakeMessage(saved.emplace_back(fmt::format("m{}", i)), "t", i)});
  const auto watch = f.MyHistory().Watch(Beginning(f));
  v1::WatchResponse response = watch->MustNext();
  CHECK(KindsIn(response.changes(0)) == Kinds{v1::CHANGE_KIND_DEVICE_ADDED, v1::CHANGE_KIND_EPOCH_OPENED});
  CHECK(response.changes(0).entries(0).device_id() == f.old->device_id.value());
  CHECK(response.changes(0).entries(1).epoch_id() == f.old->epoch_id.value());
  Ids told = IdsIn(response);
  while (response.next().revision() != response.head().revision()) {
    response = watch->MustNext();
    for (std::string& id : IdsIn(response)) told.push_back(std::move(id));
  }
  CHECK(told == saved);
  CHECK(watch->MustNext().changes().empty());
  f.MustSave({MakeMessage("next")});
  CHECK(IdsIn(watch->MustNext()) == Ids{"next"});
}

TEST_CASE("a revocation ends the device's own watch at once, and shows in the others'") {
  Scene f;
  const auto member = f.AddMember();
  const HistoryCaller theirs(f.api.Channel(), member->SignIn(), f.old->epoch_id);
  const v1::Cursor start = f.Head();
  const auto mine = WatchFromHead(f.MyHistory(), start), others = WatchFromHead(theirs, start);
  f.CutOff(*member);
  CHECK(ReasonOfCall(others->End()) == Reason::kDeviceRevoked);
  const v1::WatchResponse response = mine->MustNext();
  CHECK(KindsIn(response.changes(0)) == Kinds{v1::CHANGE_KIND_DEVICE_REVOKED});
  CHECK(response.changes(0).entries(0).device_id() == member->device_id.value());
  CHECK(ReasonOfCall(theirs.Watch(start)->End()) == Reason::kDeviceRevoked);
}

TEST_CASE("a server that stops says so to whoever watches, and another goes on from the last cursor") {
  Scene f;
  Hands* hands = HandsFor("a server that stops and starts");
  if (hands == nullptr) return;
  f.MustSave({MakeMessage("before")});
  const auto watch = f.MyHistory().Watch(Beginning(f));
  v1::Cursor next;
  v1::WatchResponse response;
  do {
    response = watch->MustNext();
    next = response.next();
  } while (!response.changes().empty());
  hands->Stop();
  CHECK(ReasonOfCall(watch->End()) == Reason::kDraining);
  hands->Start();
  f.MustSave({MakeMessage("after")});
  CHECK(IdsIn(f.MyHistory().Watch(next)->MustNext()) == Ids{"after"});
}

TEST_CASE("a cursor older than what the feed still tells is sent to download") {
  Scene f;
  Hands* hands = HandsFor("a feed that has forgotten");
  if (hands == nullptr) return;
  const v1::Cursor start = f.Head();
  f.MustSave({MakeMessage("m"), MakeMessage("deleted")});
  f.MustDelete({"deleted"});
  const v1::Cursor deleted = f.Head();
  f.Advance(*hands, limits::kTombstoneMs + limits::kUpkeepSlackMs + 3'600'000);
  v1::ListChangesRequest request;
  *request.mutable_since() = start;
  Answer<v1::ListChangesResponse> answer;
  for (int tries = 0; (answer = f.Me().Ask(&History::ListChanges, request)).ok(); ++tries) {
    REQUIRE(tries < 300);  // the server's upkeep comes by
    absl::SleepFor(absl::Milliseconds(100));
  }
  CHECK(answer.reason() == Reason::kResyncRequired);
  const uint64_t tail = std::stoull(answer.detail("tail_revision"));
  CHECK(tail >= deleted.revision());
  CHECK(tail <= f.Head().revision());
  v1::WatchRequest watch;
  *watch.mutable_since() = start;
  CHECK(ReasonOfCall(f.Me().EndOf(&History::Watch, watch)) == Reason::kResyncRequired);
  // What it is told to do, works: to download, and to follow from there.
  std::vector<v1::DownloadHistoryResponse> parts;
  CHECK(f.Me().EndOf(&History::DownloadHistory, {}, &parts).ok());
  CHECK(IdsIn(parts.back()) == Ids{"m"});
  CHECK(f.ChangesSince(parts.back().as_of()).empty());
}

}  // namespace
}  // namespace labyrinth::conformance
