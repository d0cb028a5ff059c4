// Downloads over the wire, while the mailbox changes and streams break.
#include <fmt/format.h>
#include <grpcpp/generic/generic_stub.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/errors.h"
#include "common/limits.h"
#include "service/auth/server_keys.h"
#include "service/server/testing/api_history.h"
#include "service/server/testing/enrollment_fixture.h"
#include "storage/rocksdb/rocksdb_engine.h"
#include "storage/schema.h"

namespace labyrinth::service::testing {
namespace {

constexpr std::size_t kSize = 200 * 1024;  // five of them fit into a response

struct Fixture : EnrollmentFixture {
  explicit Fixture(const std::string& name) : EnrollmentFixture("download_" + name) {}

  HistoryCaller Mine() { return {server.Channel(), session, old->epoch_id}; }
  // By a client through which hardly anything gets that it doesn't read: the server stays a response ahead at most.
  HistoryCaller Narrow(const std::string& with_session) {
    grpc::ChannelArguments narrow;
    narrow.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1024);
    narrow.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    return {grpc::CreateCustomChannel(server.endpoint(), grpc::InsecureChannelCredentials(), narrow), with_session,
            old->epoch_id};
  }
  static std::string IdOf(int n) { return "m" + std::to_string(n); }
  static std::string ThreadOf(int n) { return n % 2 == 0 ? "even" : "odd"; }
  uint64_t Save(int n, char fill = 'c', std::size_t size_bytes = kSize) {
    return Mine().Save(IdOf(n), ThreadOf(n), 1000 - n, size_bytes, fill);
  }
  uint64_t SaveMany(int count) {
    uint64_t revision = 0;
    for (int n = 0; n < count; ++n) revision = Save(n);
    return revision;
  }
};

// What a client has after some streams of one download.
struct Received {
  std::map<std::string, char> messages;
  v1::DownloadHistoryResponse last;

  void Take(const v1::DownloadHistoryResponse& response) {
    if (last.has_as_of()) {
      CHECK(response.total_count() == last.total_count());
      CHECK(response.total_bytes() == last.total_bytes());
      CHECK(response.as_of().revision() == last.as_of().revision());
      CHECK(response.as_of().generation() == last.as_of().generation());
    }
    uint64_t bytes = 0;
    for (const v1::Message& message : response.messages()) {
      CHECK(messages.emplace(message.message_id(), message.ciphertext()[0]).second);
      CHECK(message.thread_id() == Fixture::ThreadOf(std::stoi(message.message_id().substr(1))));
      bytes += message.ciphertext().size();
    }
    CHECK(bytes <= limits::kDownloadBytes);
    CHECK(response.done_count() == messages.size());
    CHECK(response.done_bytes() == last.done_bytes() + bytes);
    if (!response.resume_token().empty()) CHECK(response.vanished_count() + response.vanished_bytes() == 0);
    last = response;
  }
  void TakeRest(DownloadReader& stream) {
    while (const auto response = stream.Next()) Take(*response);
  }
  void CheckComplete() const {
    CHECK(last.resume_token().empty());
    CHECK(last.done_count() + last.vanished_count() == last.total_count());
    CHECK(last.done_bytes() + last.vanished_bytes() == last.total_bytes());
  }
};

TEST_CASE("what is saved and replaced meanwhile isn't in it, and the feed after it tells") {
  Fixture f("meanwhile");
  f.SaveMany(60);
  Received received;
  const auto stream = f.Narrow(f.session).Download("");
  received.Take(stream->MustNext());
  std::set<std::string> replaced;
  for (int n = 0; n < 60; n += 3) {
    f.Save(n, 'x');
    replaced.insert(Fixture::IdOf(n));
  }
  for (int n = 60; n < 70; ++n) f.Save(n, 'x');
  received.TakeRest(*stream);
  CHECK(stream->End().ok());
  received.CheckComplete();
  CHECK(received.last.total_count() == 60);
  CHECK(received.last.total_bytes() == 60 * kSize);
  CHECK(received.last.vanished_count() > 0);
  std::map<std::string, char> now = received.messages;
  for (const auto& [id, fill] : received.messages) CHECK(fill == 'c');
  for (int n = 0; n < 60; ++n) CHECK((replaced.contains(Fixture::IdOf(n)) || now.contains(Fixture::IdOf(n))));

  // Applied after the download, the feed leads to what the mailbox has.
  const auto watch = f.Mine().Watch(received.last.as_of(), /*include_messages=*/true);
  for (bool more = true; more;) {
    const v1::WatchResponse response = watch->MustNext();
    for (const v1::Change& change : response.changes()) {
      for (const v1::ChangeEntry& entry : change.entries()) now[entry.message_id()] = entry.message().ciphertext()[0];
    }
    more = response.next().revision() != response.head().revision();
  }
  CHECK(now.size() == 70);
  for (int n = 0; n < 70; ++n) {
    CHECK(now[Fixture::IdOf(n)] == (n >= 60 || replaced.contains(Fixture::IdOf(n)) ? 'x' : 'c'));
  }
}

TEST_CASE("a download also goes on after a restart of the server") {
  Fixture f("restart");
  f.SaveMany(12);
  Received received;
  received.Take(f.Mine().Download("")->MustNext());
  f.server.Stop();
  f.server.Start();
  received.TakeRest(*f.Mine().Download("", received.last.resume_token()));
  received.CheckComplete();
  CHECK(received.messages.size() == 12);
}

TEST_CASE("a revoked device gets no further part, nor does one whose session is over") {
  Fixture f("standing");
  const auto other = f.AddMember();
  const std::string other_session = other->SignIn();
  f.SaveMany(60);
  const auto stream = f.Narrow(other_session).Download("");
  const auto expiring = f.Narrow(f.session).Download("");
  CHECK(stream->MustNext().messages_size() == 5);
  CHECK(expiring->MustNext().messages_size() == 5);
  f.CutOff(*other);
  const auto count_until = [](DownloadReader& reader, Reason reason) {
    int responses = 0;
    while (reader.Next().has_value()) ++responses;
    CHECK(ReasonOfCall(reader.End()) == reason);
    return responses;
  };
  // What was on its way: one response in gRPC's hands, and what its buffers take.
  CHECK(count_until(*stream, Reason::kDeviceRevoked) <= 3);
  CHECK(ReasonOfCall(f.Narrow(other_session).Download("")->End()) == Reason::kDeviceRevoked);
  f.clock.Advance(limits::kSessionTtlMs);
  CHECK(count_until(*expiring, Reason::kTokenInvalid) <= 3);
}

TEST_CASE("a fourth download ends the oldest, and watches don't count") {
  Fixture f("streams");
  f.SaveMany(60);
  const v1::Cursor head = f.Mine().ListAll().as_of();
  std::vector<std::unique_ptr<WatchReader>> watches;
  for (uint32_t i = 0; i < limits::kStreamsPerCaller; ++i) watches.push_back(f.Mine().Watch(head));
  std::vector<std::unique_ptr<DownloadReader>> downloads;
  for (uint32_t i = 0; i <= limits::kStreamsPerCaller; ++i) {
    downloads.push_back(f.Narrow(f.session).Download(""));
    CHECK(downloads.back()->MustNext().messages_size() == 5);
  }
  while (downloads[0]->Next().has_value()) {
  }
  CHECK(ReasonOfCall(downloads[0]->End()) == Reason::kRateLimited);
  for (std::size_t i = 1; i < downloads.size(); ++i) {
    while (downloads[i]->Next().has_value()) {
    }
    CHECK(downloads[i]->End().ok());
  }
  for (const auto& watch : watches) CHECK(watch->MustNext().changes().empty());
}

// The handlers that write their responses' bytes read their requests' bytes as well.
TEST_CASE("A request that is no message is refused by name") {
  Fixture f("malformed");
  grpc::GenericStub stub(f.server.Channel());
  const grpc::Slice cut_short(std::string("\x0a\xff"));
  for (const std::string method : {"ListMessages", "ListThreads", "BatchGetMessages", "DownloadHistory"}) {
    INFO(method);
    grpc::ClientContext context;
    Authorize(context, "", f.session);
    const grpc::ByteBuffer request(&cut_short, 1);
    grpc::ByteBuffer response;
    grpc::Status status;
    absl::Notification done;
    stub.UnaryCall(&context, "/labyrinth.v1.HistoryService/" + method, {}, &request, &response,
                   [&](grpc::Status ended) {
                     status = std::move(ended);
                     done.Notify();
                   });
    done.WaitForNotification();
    CHECK(ReasonOfCall(status) == Reason::kInvalidField);
    CHECK(FieldOf(status) == "request");
  }
}

// Beside a scan of the same rows out of the same store, as bytes of ciphertext a second.
TEST_CASE("a download is as fast as this", "[.speed]") {
  Fixture f("speed");
  f.clock.Advance(limits::kSessionTtlMs / 2);  // engines judge deadlines by the machine's clock, which goes on
  constexpr int kBatches = 2000;
  uint64_t total = 0;
  for (int i = 0; i < kBatches; ++i) {
    std::vector<v1::Message> batch(100);
    for (int j = 0; j < 100; ++j) {
      batch[j].set_message_id(fmt::format("{:016}", 100 * i + j));
      batch[j].set_thread_id(fmt::format("thread {}", j));
      batch[j].set_timestamp_ms(1'000'000 + i);
      batch[j].set_ciphertext(f.server.random().Bytes(1024));
      total += 1024;
    }
    f.Mine().Save(batch);
  }
  // The best of ten, after two that warm everything up while the store puts its files in order.
  const auto rate = [&](const std::function<void()>& work) {
    double best = 0;
    for (int i = -2; i < 10; ++i) {
      const auto start = std::chrono::steady_clock::now();
      work();
      const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      if (i >= 0) best = std::max(best, static_cast<double>(total) / 1e6 / seconds);
    }
    return best;
  };
  const auto download = [&] {
    uint64_t bytes = 0;
    const auto stream = f.Mine().Download("");
    while (const auto part = stream->Next()) bytes = part->done_bytes();
    REQUIRE(stream->End().ok());
    REQUIRE(bytes == total);
  };
  f.server.Stop();
  f.server.Start();
  const double streamed = rate(download);
  f.server.Stop();
  storage::RocksdbOptions options;
  options.block_cache_bytes = std::size_t{f.server.config().block_cache_mib} << 20;
  auto engine = storage::RocksdbEngine::Open(StorePath(f.server.config().data_dir), options);
  REQUIRE(engine.ok());
  const auto keys = ServerKeys::LoadOrCreate(**engine, f.server.random(), {std::string(kDevServerName), true});
  const auto scan = [&] {
    storage::ReadRequest read;
    read.partition = keys->AccountPartition("alice");
    storage::Scan messages{storage::keys::Messages().begin, storage::keys::Messages().end};
    messages.max_items = messages.max_bytes = SIZE_MAX;
    read.scans = {std::move(messages)};
    (*engine)->Read(std::move(read), [](absl::StatusOr<storage::ReadResult> rows) {
      REQUIRE(rows->pages[0].items.size() == 100 * kBatches);
    });
  };
  WARN(fmt::format("MB/s: download {:.0f}, the engine's scan {:.0f}", streamed, rate(scan)));
}

}  // namespace
}  // namespace labyrinth::service::testing
