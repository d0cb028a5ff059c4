// Streams whose connection breaks, and go on where they were.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "common/limits.h"
#include "crypto/primitives/ristretto.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "service/server/testing/api_attachments.h"
#include "service/server/testing/api_history.h"
#include "tests/fault/relayed_scene.h"

namespace labyrinth::fault {
namespace {

using service::testing::AttachmentCaller;
using service::testing::ChunkOf;
using service::testing::HistoryCaller;
using service::testing::IdsIn;
using Loss = LyingRelay::Loss;

constexpr uint64_t kChunk = limits::kAttachmentChunkBytes;

TEST_CASE("an upload whose acknowledgement is lost was made, and one whose connection breaks goes on") {
  RunningServer server("upload");
  RelayedScene f(server.live, "alice");
  HistoryCaller(f.Channel(), f.session, f.old->epoch_id).Save("m", "t", 1);
  const AttachmentCaller files(f.Channel(), f.session);
  const std::string content = f.random().Bytes(3 * kChunk + 5);
  const std::string ticket = files.MustPrepare(content.size());
  const auto send = [&](uint64_t offset) {
    const auto upload = files.Upload();
    for (uint64_t at = offset; at < content.size(); at += kChunk) {
      upload->Send(ChunkOf(at == offset ? ticket : "", at, content.substr(at, kChunk)));
      if (offset < 2 * kChunk) break;
    }
    return upload->End();
  };
  for (const uint64_t offset : {uint64_t{0}, kChunk}) {
    f.relay.LoseNext("Upload", Loss::kReply);
    CHECK(send(offset).error_code() == grpc::StatusCode::UNAVAILABLE);
    CHECK(files.MustResume(ticket) == offset + kChunk);
  }
  f.relay.LoseNext("Upload", Loss::kConnection);
  CHECK(send(2 * kChunk).error_code() == grpc::StatusCode::UNAVAILABLE);
  // What came of that takes a moment to show: whoever comes too early is sent away, and asks again.
  for (int tries = 0; files.MustResume(ticket) < content.size(); ++tries) {
    REQUIRE(tries < 1000);
    send(files.MustResume(ticket));
  }
  v1::AttachmentPoint point;
  point.set_point(crypto::HashToCurve("reference").str());
  point.set_mac_point(crypto::HashToCurve("owner").str());
  point.set_thread_id("t");
  point.set_message_id("m");
  REQUIRE(files.CreateReference(point, ticket).ok());
  // And down again, a chunk a connection.
  std::string got;
  while (got.size() < content.size()) {
    const std::string download = files.MustFind(point);
    f.relay.BreakNext("Download", 1);
    const auto [bytes, status] = files.Download(download, got.size())->Rest();
    REQUIRE(bytes.size() <= kChunk);
    REQUIRE(!bytes.empty());
    got += bytes;
  }
  CHECK(got == content);
}

TEST_CASE("a download of the history that breaks after each part comes to the same sums") {
  RunningServer server("download");
  RelayedScene f(server.live, "alice");
  const HistoryCaller history(f.Channel(), f.session, f.old->epoch_id);
  for (int n = 0; n < 12; ++n) history.Save(fmt::format("m{}", n), "t", n, 200 * 1024);
  std::multiset<std::string> ids;
  v1::DownloadHistoryResponse last;
  int streams = 0;
  do {
    f.relay.BreakNext("DownloadHistory", 1);
    const auto stream = history.Download("", last.resume_token());
    last = stream->MustNext();
    for (std::string& id : IdsIn(last)) ids.insert(std::move(id));
    CHECK(stream->End().error_code() == grpc::StatusCode::UNAVAILABLE);
    REQUIRE(++streams < 20);
  } while (!last.resume_token().empty());
  CHECK(streams > 2);
  CHECK(last.total_count() == 12);
  CHECK(last.done_count() == 12);
  CHECK(last.done_bytes() == 12 * 200 * 1024);
  CHECK(last.vanished_count() == 0);
  CHECK(ids.size() == 12);
  CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == 12);
}

TEST_CASE("a watch that breaks after each response tells everything once, begun again from its last cursor") {
  RunningServer server("watch");
  RelayedScene f(server.live, "alice");
  const HistoryCaller history(f.Channel(), f.session, f.old->epoch_id);
  v1::Cursor next = history.ListAll().as_of();
  std::vector<std::string> saved, told;
  for (int n = 0; n < 20; ++n) {
    history.Save(saved.emplace_back(fmt::format("m{}", n)), "t", 100 - n);
    if (n % 3 != 0) continue;  // some come together
    f.relay.BreakNext("Watch", 1);
    const auto watch = history.Watch(next);
    const v1::WatchResponse response = watch->MustNext();
    for (std::string& id : IdsIn(response)) told.push_back(std::move(id));
    next = response.next();
    history.Save(saved.emplace_back(fmt::format("while {}", n)), "t", 100 - n);  // nobody hears of it but the relay
    CHECK(watch->End().error_code() == grpc::StatusCode::UNAVAILABLE);
  }
  const auto watch = history.Watch(next);
  while (told.size() < saved.size()) {
    for (std::string& id : IdsIn(watch->MustNext())) told.push_back(std::move(id));
  }
  CHECK(told == saved);
}

}  // namespace
}  // namespace labyrinth::fault
