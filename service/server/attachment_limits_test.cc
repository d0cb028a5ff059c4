// Attachments over the wire: sizes, rates, streams, slow clients, a server that stops (protocol section 7).
#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "common/errors.h"
#include "common/limits.h"
#include "service/server/testing/attachment_fixture.h"

namespace labyrinth::service::testing {
namespace {

using Fixture = AttachmentFixture;

TEST_CASE("What a mailbox uploads in an hour is bounded, and whoever was removed uses nothing of it") {
  Fixture f("rate");
  const auto member = f.AddMember();
  const AttachmentCaller removed = f.Of(*member), me = f.Me();
  f.CutOff(*member);
  v1::PrepareUploadResponse response;
  const auto prepare = [&](const AttachmentCaller& caller) {
    return caller.PrepareUpload(limits::kAttachmentBytes, "", response);
  };
  constexpr uint64_t kAllowed = limits::kUploadBytesPerHour / limits::kAttachmentBytes;
  for (uint64_t i = 0; i < kAllowed; ++i) CHECK(ReasonOfCall(prepare(removed)) == Reason::kDeviceRevoked);
  for (uint64_t i = 0; i < kAllowed; ++i) REQUIRE(prepare(me).ok());
  const std::string ticket = response.upload_ticket();
  const grpc::Status refused = prepare(me);
  CHECK(ReasonOfCall(refused) == Reason::kRateLimited);
  CHECK(DetailsOf(FromGrpc(refused))["limit"] == "upload_bytes_per_hour");
  CHECK(me.MustResume(ticket) == 0);  // not a new one
  f.clock.Advance(limits::kUploadWindowMs);
  CHECK(prepare(f.Later()).ok());
}

TEST_CASE("One stream has an upload, and a mailbox eight downloads") {
  Fixture f("streams");
  const AttachmentCaller me = f.Me(), slow(f.NarrowChannel(), f.session);
  const std::string content = f.Content(4 * kChunk), ticket = me.MustPrepare(content.size());
  const auto upload = me.Upload();
  REQUIRE(upload->Send(ChunkOf(ticket, 0, content.substr(0, kChunk))));
  while (me.MustResume(ticket) != kChunk) absl::SleepFor(absl::Milliseconds(5));
  const auto second = me.Upload();
  second->Send(ChunkOf(ticket, kChunk, content.substr(kChunk, kChunk)));
  CHECK(ReasonOfCall(second->AwaitEnd()) == Reason::kRateLimited);
  for (uint64_t at = kChunk; at < content.size(); at += kChunk) {
    REQUIRE(upload->Send(ChunkOf("", at, content.substr(at, kChunk))));
  }
  REQUIRE(upload->End().ok());

  REQUIRE(me.CreateReference(f.PointOf("a"), ticket).ok());
  const std::string download = me.MustFind(f.PointOf("a"));
  std::vector<std::unique_ptr<DownloadCall>> held;
  for (uint32_t i = 0; i < limits::kDownloadStreamsPerMailbox; ++i) {
    held.push_back(slow.Download(download));
    CHECK(held.back()->Next() == content.substr(0, kChunk));
  }
  CHECK(ReasonOfCall(me.Download(download)->Rest().second) == Reason::kRateLimited);
  held.clear();  // they leave
  for (int left = 0; me.Download(download)->Rest().first != content; ++left) {
    REQUIRE(left < 1000);
    absl::SleepFor(absl::Milliseconds(5));
  }
}

TEST_CASE("Who sends nothing for a minute, or takes nothing, gives its place to others") {
  Fixture f("slow");
  const AttachmentCaller me = f.Me(), slow(f.NarrowChannel(), f.session);
  const std::string content = f.Content(4 * kChunk), ticket = me.MustPrepare(content.size());
  const auto mute = me.Upload(), started = me.Upload();
  REQUIRE(started->Send(ChunkOf(ticket, 0, content.substr(0, kChunk))));
  while (me.MustResume(ticket) != kChunk) absl::SleepFor(absl::Milliseconds(5));
  f.AdvanceUntilLogged(limits::kStreamStallMs, "ev=upload code=CANCELLED n=1 ");
  f.AdvanceUntilLogged(limits::kStreamStallMs, "ev=upload code=CANCELLED ms=");
  CHECK(mute->AwaitEnd().error_code() == grpc::StatusCode::CANCELLED);
  CHECK(started->AwaitEnd().error_code() == grpc::StatusCode::CANCELLED);
  const auto rest = me.Upload();
  for (uint64_t at = kChunk; at < content.size(); at += kChunk) {
    REQUIRE(rest->Send(ChunkOf(at == kChunk ? ticket : "", at, content.substr(at, kChunk))));
  }
  REQUIRE(rest->End().ok());

  REQUIRE(me.CreateReference(f.PointOf("a"), ticket).ok());
  const auto stuck = slow.Download(me.MustFind(f.PointOf("a")));
  CHECK(stuck->Next() == content.substr(0, kChunk));
  f.AdvanceUntilLogged(limits::kStreamStallMs, "ev=download code=CANCELLED");
  const auto [taken, status] = stuck->Rest();
  CHECK(status.error_code() == grpc::StatusCode::CANCELLED);
  CHECK(taken.size() < content.size() - kChunk);
  CHECK(me.Download(me.MustFind(f.PointOf("a")))->Rest().first == content);
}

TEST_CASE("A download ends with its session, and can be gone on with in the next") {
  Fixture f("session");
  const AttachmentCaller me = f.Me(), slow(f.NarrowChannel(), f.session);
  const std::string content = f.Content(8 * kChunk);
  f.MustAttach(me, "a", content);
  f.clock.Advance(limits::kSessionTtlMs - 1000);  // of the fixture's session
  const auto download = slow.Download(me.MustFind(f.PointOf("a")));
  CHECK(download->Next() == content.substr(0, kChunk));
  f.clock.Advance(1000);
  const auto [taken, status] = download->Rest();
  CHECK(ReasonOfCall(status) == Reason::kTokenInvalid);
  CHECK(taken.size() < content.size() - 2 * kChunk);
  const AttachmentCaller later = f.Later();
  CHECK(later.Download(later.MustFind(f.PointOf("a")), 2 * kChunk)->Rest().first == content.substr(2 * kChunk));
}

TEST_CASE("A server that stops ends uploads and downloads with DRAINING, and takes no more") {
  Fixture f("drain");
  const AttachmentCaller me = f.Me(), slow(f.NarrowChannel(), f.session);
  const std::string content = f.Content(8 * kChunk), ticket = me.MustPrepare(content.size());
  f.MustAttach(me, "a", content);
  const auto upload = me.Upload(), mute = me.Upload();
  REQUIRE(upload->Send(ChunkOf(ticket, 0, content.substr(0, kChunk))));
  while (me.MustResume(ticket) != kChunk) absl::SleepFor(absl::Milliseconds(5));
  const auto download = slow.Download(me.MustFind(f.PointOf("a")));
  CHECK(download->Next() == content.substr(0, kChunk));
  std::thread stop([&] { f.server.Stop(); });
  CHECK(ReasonOfCall(upload->AwaitEnd()) == Reason::kDraining);
  CHECK(ReasonOfCall(mute->AwaitEnd()) == Reason::kDraining);
  const auto [taken, status] = download->Rest();
  CHECK(ReasonOfCall(status) == Reason::kDraining);
  CHECK(taken.size() < content.size() - 2 * kChunk);
  stop.join();
  f.server.Start();
  CHECK(f.Me().MustResume(ticket) == kChunk);
}

}  // namespace
}  // namespace labyrinth::service::testing
