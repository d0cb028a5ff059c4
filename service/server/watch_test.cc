// The change feed over the wire: pages of it, and streams that follow it.
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/limits.h"
#include "proto/storage/v1/records.pb.h"
#include "service/auth/server_keys.h"
#include "service/handlers/stream.h"
#include "service/server/testing/api_history.h"
#include "service/server/testing/enrollment_fixture.h"
#include "storage/rocksdb/rocksdb_engine.h"
#include "storage/schema.h"

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

TEST_CASE("a watch gets what another device saves, at once and once") {
  Fixture f("save");
  const auto watch = f.WatchFromHead(f.Others(), /*include_messages=*/true);
  for (int i = 0; i < 20; ++i) {
    const std::string id = "m" + std::to_string(i);
    const uint64_t revision = f.Mine().Save(id, "t", 1000 - i, 100);
    const v1::WatchResponse response = watch->MustNext();
    REQUIRE(response.changes_size() == 1);
    CHECK(response.changes(0).revision() == revision);
    CHECK(response.next().revision() == revision);
    CHECK(response.next().generation() == f.start.generation());
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
  Fixture f("past");
  Ids saved;
  for (int i = 0; i < 30; ++i) f.Mine().Save(saved.emplace_back("m" + std::to_string(i)), "t", i);
  v1::Cursor beginning = f.start;
  beginning.set_revision(0);
  const auto watch = f.Others().Watch(beginning);
  v1::WatchResponse response = watch->MustNext();
  CHECK(response.changes(0).entries(0).kind() == v1::CHANGE_KIND_DEVICE_ADDED);
  CHECK(response.changes(0).entries(0).device_id() == f.old->device_id.value());
  CHECK(response.changes(0).entries(1).kind() == v1::CHANGE_KIND_EPOCH_OPENED);
  CHECK(response.changes(0).entries(1).epoch_id() == f.old->epoch_id.value());
  Ids told = IdsIn(response);
  while (response.next().revision() != response.head().revision()) {
    response = watch->MustNext();
    for (std::string& id : IdsIn(response)) told.push_back(std::move(id));
  }
  CHECK(told == saved);
  CHECK(watch->MustNext().changes().empty());
  f.Mine().Save("next", "t", 1);
  CHECK(IdsIn(watch->MustNext()) == Ids{"next"});
}

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

TEST_CASE("a revocation ends the device's own watch at once, and shows in the others'") {
  Fixture f("revoke");
  const auto mine = f.WatchFromHead(f.Mine()), others = f.WatchFromHead(f.Others());
  f.CutOff(*f.other);
  CHECK(ReasonOfCall(others->End()) == Reason::kDeviceRevoked);
  const v1::WatchResponse response = mine->MustNext();
  CHECK(response.changes(0).entries(0).kind() == v1::CHANGE_KIND_DEVICE_REVOKED);
  CHECK(response.changes(0).entries(0).device_id() == f.other->device_id.value());
  CHECK(ReasonOfCall(f.Others().Watch(f.start)->End()) == Reason::kDeviceRevoked);
  v1::ListChangesRequest request;
  *request.mutable_since() = f.start;
  v1::ListChangesResponse page;
  CHECK(ReasonOfCall(f.Others().ListChanges(request, page)) == Reason::kDeviceRevoked);
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

TEST_CASE("a cursor that can't go on is refused by name, in a page as in a stream") {
  Fixture f("cursor");
  f.Mine().Save("m", "t", 1);
  const auto both = [&](const v1::Cursor* since) {
    v1::ListChangesRequest request;
    v1::WatchRequest watch;
    if (since != nullptr) *request.mutable_since() = *since;
    if (since != nullptr) *watch.mutable_since() = *since;
    v1::ListChangesResponse response;
    const grpc::Status status = f.Mine().ListChanges(request, response);
    CHECK(ReasonOfCall(f.Mine().Watch(watch)->End()) == ReasonOfCall(status));
    return status;
  };
  CHECK(FieldOf(both(nullptr)) == "since");
  v1::Cursor cursor = f.HeadNow();
  cursor.set_revision(cursor.revision() + 1);
  CHECK(FieldOf(both(&cursor)) == "since.revision");
  cursor = f.start;
  cursor.set_generation(f.start.generation() + 1);
  const grpc::Status restored = both(&cursor);
  CHECK(ReasonOfCall(restored) == Reason::kStoreRestored);
  CHECK(DetailsOf(FromGrpc(restored))["generation"] == std::to_string(f.start.generation()));

  v1::ListChangesRequest request;
  *request.mutable_since() = f.start;
  request.set_max_changes(-1);
  v1::ListChangesResponse response;
  CHECK(FieldOf(f.Mine().ListChanges(request, response)) == "max_changes");
  request.set_max_changes(1'000'000);
  REQUIRE(f.Mine().ListChanges(request, response).ok());
  CHECK(response.changes_size() == 1);
  CHECK(response.next().revision() == response.head().revision());
  const HistoryCaller nobody(f.server.Channel(), "", f.old->epoch_id);
  CHECK(ReasonOfCall(nobody.ListChanges(request, response)) == Reason::kTokenInvalid);
  CHECK(ReasonOfCall(nobody.Watch(f.start)->End()) == Reason::kTokenInvalid);
}

// Makes the feed forget what came before `tail`. Only while the server is stopped.
void ForgetBefore(LiveServer& server, uint64_t tail) {
  auto engine = storage::RocksdbEngine::Open(StorePath(server.config().data_dir), {});
  REQUIRE(engine.ok());
  const auto keys = ServerKeys::LoadOrCreate(**engine, server.random(), {std::string(kDevServerName), true});
  REQUIRE(keys.ok());
  storage::CommitRequest commit;
  commit.partition = keys->AccountPartition("alice");
  storage_v1::MailboxHead head;
  (*engine)->Read({commit.partition, {storage::keys::Head()}, {}}, [&](absl::StatusOr<storage::ReadResult> read) {
    REQUIRE(head.ParseFromString(read->values[0].value()));
    commit.expect = read->position;
  });
  head.set_feed_tail_revision(tail);
  commit.writes = {{storage::keys::Head(), head.SerializeAsString()}};
  absl::Notification done;
  (*engine)->Commit(std::move(commit), [&](storage::CommitResult result) {
    CHECK(result.outcome == storage::CommitResult::Outcome::kCommitted);
    done.Notify();
  });
  done.WaitForNotification();
}

TEST_CASE("a cursor older than what the feed still tells is sent to download") {
  Fixture f("resync");
  const uint64_t revision = f.Mine().Save("m", "t", 1);
  f.server.Stop();
  ForgetBefore(f.server, revision);
  f.server.Start();
  const grpc::Status refused = f.EndOfWatch(f.start);
  CHECK(ReasonOfCall(refused) == Reason::kResyncRequired);
  CHECK(DetailsOf(FromGrpc(refused))["tail_revision"] == std::to_string(revision));
  f.WatchFromHead(f.Mine());
}

}  // namespace
}  // namespace labyrinth::service::testing
