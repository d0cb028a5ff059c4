// Attachments over the wire: what is uploaded, attached and downloaded, and what is refused (protocol section 7).
#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "absl/time/clock.h"
#include "common/errors.h"
#include "common/limits.h"
#include "service/server/testing/attachment_fixture.h"

namespace labyrinth::service::testing {
namespace {

using Fixture = AttachmentFixture;

TEST_CASE("A file is uploaded, attached, found and downloaded, and the log counts it") {
  Fixture f("whole");
  const AttachmentCaller me = f.Me();
  const std::string content = f.Content(2 * kChunk + 5);
  v1::PrepareUploadResponse prepared;
  REQUIRE(me.PrepareUpload(content.size(), "", prepared).ok());
  CHECK(prepared.committed_bytes() == 0);
  CHECK(prepared.expire_ms() == f.clock.NowMs() + limits::kUploadTicketTtlMs);
  CHECK(prepared.upload_ticket().size() <= limits::kAttachmentTicketBytes);

  const std::string ticket = me.MustUpload(content);
  CHECK(me.MustResume(ticket) == content.size());
  const auto point = f.PointOf("a");
  CHECK(ReasonOfCall(me.Find(point)) == Reason::kAttachmentNotFound);
  REQUIRE(me.CreateReference(point, ticket).ok());
  CHECK(me.CreateReference(point, ticket, "another name").ok());  // the same again

  v1::PrepareDownloadResponse found;
  REQUIRE(me.PrepareDownload(point, found).ok());
  CHECK(found.size_bytes() == content.size());
  CHECK(found.sealed_name() == "name");
  CHECK(found.expire_ms() == f.clock.NowMs() + limits::kDownloadTicketTtlMs);
  for (const uint64_t offset : {uint64_t{0}, kChunk, 2 * kChunk}) {
    const auto [bytes, status] = me.Download(found.download_ticket(), offset)->Rest();
    CHECK(status.ok());
    CHECK(bytes == content.substr(offset));
  }
  f.server.Stop();
  const std::string log = f.server.Log();
  for (const char* line :
       {"ev=upload code=OK n=3 bytes=524293 ", "ev=download code=OK n=3 bytes=524293 ", "ev=prepare_upload code=OK ",
        "ev=create_reference code=OK ", "ev=prepare_download code=OK "}) {
    INFO(line);
    CHECK(log.find(line) != std::string::npos);  // and no mailbox
  }
  CHECK(log.find("ev=save_messages mb=") != std::string::npos);  // control
}

TEST_CASE("An upload goes on where a stream ended, however it ended, and after a restart") {
  Fixture f("resume");
  const std::string content = f.Content(5 * kChunk + 1);
  const std::string ticket = f.Me().MustPrepare(content.size());
  const auto chunk = [&](uint64_t number) { return content.substr(number * kChunk, kChunk); };

  const auto closed = f.Me().Upload();
  REQUIRE(closed->Send(ChunkOf(ticket, 0, chunk(0))));
  REQUIRE(closed->End().ok());
  CHECK(closed->committed() == kChunk);

  const auto broken = f.Me().Upload();
  REQUIRE(broken->Send(ChunkOf(ticket, kChunk, chunk(1))));
  while (f.Me().MustResume(ticket) != 2 * kChunk) absl::SleepFor(absl::Milliseconds(5));
  broken->Break();
  REQUIRE(f.server.AwaitLog("ev=upload code=CANCELLED n=1"));
  CHECK(f.Me().MustResume(ticket) == 2 * kChunk);

  const auto stopped = f.Me().Upload();
  REQUIRE(stopped->Send(ChunkOf(ticket, 2 * kChunk, chunk(2))));
  while (f.Me().MustResume(ticket) != 3 * kChunk) absl::SleepFor(absl::Milliseconds(5));
  f.server.Stop();
  CHECK(ReasonOfCall(stopped->AwaitEnd()) == Reason::kDraining);
  f.server.Start();
  CHECK(f.Me().MustResume(ticket) == 3 * kChunk);

  const auto last = f.Me().Upload();
  for (const uint64_t number : {3, 4, 5}) {
    REQUIRE(last->Send(ChunkOf(number == 3 ? ticket : "", number * kChunk, chunk(number))));
  }
  REQUIRE(last->End().ok());
  CHECK(last->committed() == content.size());
  REQUIRE(f.Me().CreateReference(f.PointOf("a"), ticket).ok());
  CHECK(f.Me().Download(f.Me().MustFind(f.PointOf("a")))->Rest().first == content);
}

TEST_CASE("A ticket that is forged, of the other kind, another device's or late is no ticket") {
  Fixture f("tickets");
  const AttachmentCaller me = f.Me();
  const std::string content = f.Content(10);
  const std::string upload = me.MustUpload(content);
  REQUIRE(me.CreateReference(f.PointOf("a"), upload).ok());
  const std::string download = me.MustFind(f.PointOf("a"));
  std::string forged = upload;
  forged[40] = static_cast<char>(forged[40] ^ 1);
  for (const std::string& ticket : {std::string(), forged, download, upload + "x", std::string(300, 'x')}) {
    CHECK(ReasonOfCall(me.SendOne(ChunkOf(ticket, 0, content))) == Reason::kTicketExpired);
    CHECK(ReasonOfCall(me.CreateReference(f.PointOf("b"), ticket)) == Reason::kTicketExpired);
    if (!ticket.empty()) CHECK(ReasonOfCall(me.Resume(ticket)) == Reason::kTicketExpired);
  }
  CHECK(ReasonOfCall(me.Upload()->End()) == Reason::kTicketExpired);  // without a message
  forged = download;
  forged[40] = static_cast<char>(forged[40] ^ 1);
  for (const std::string& ticket : {std::string(), forged, upload}) {
    CHECK(ReasonOfCall(me.Download(ticket)->Rest().second) == Reason::kTicketExpired);
  }
  const auto member = f.AddMember();
  CHECK(ReasonOfCall(f.Of(*member).Download(download)->Rest().second) == Reason::kTicketExpired);
  for (const uint64_t offset : {uint64_t{1}, kChunk, UINT64_MAX}) {
    CHECK(FieldOf(me.Download(download, offset)->Rest().second) == "offset");
  }
  CHECK(FieldOf(me.Resume(upload, content.size() + 1)) == "size_bytes");
  CHECK(me.Resume(upload, content.size()).ok());

  f.clock.Advance(limits::kDownloadTicketTtlMs - 1);
  CHECK(me.Download(download)->Rest().second.ok());
  f.clock.Advance(1);
  CHECK(ReasonOfCall(me.Download(download)->Rest().second) == Reason::kTicketExpired);
  f.clock.Advance(limits::kUploadTicketTtlMs);
  const AttachmentCaller later = f.Later();
  CHECK(ReasonOfCall(later.SendOne(ChunkOf(upload, 0, content))) == Reason::kTicketExpired);
  CHECK(ReasonOfCall(later.Resume(upload)) == Reason::kTicketExpired);
  CHECK(ReasonOfCall(later.CreateReference(f.PointOf("a"), upload)) == Reason::kTicketExpired);
  CHECK(later.Find(f.PointOf("a")).ok());  // attached for longer than that
}

TEST_CASE("A deletion that names an attachment lets go of it, and of its bytes if nothing else refers to them") {
  Fixture f("deleted");
  const AttachmentCaller me = f.Me();
  const std::string ticket = me.MustUpload(f.Content(10));
  REQUIRE(me.CreateReference(f.PointOf("a"), ticket).ok());

  v1::AttachmentPoint no_point = f.PointOf("a");
  no_point.set_point(std::string(32, '\xff'));
  CHECK(ReasonOfCall(f.Delete("m", no_point)) == Reason::kInvalidField);
  CHECK(me.Find(f.PointOf("a")).ok());  // nothing was deleted

  REQUIRE(f.Delete("m", f.PointOf("a")).ok());
  CHECK(ReasonOfCall(me.Find(f.PointOf("a"))) == Reason::kAttachmentNotFound);
  CHECK(ReasonOfCall(me.Resume(ticket)) == Reason::kAttachmentNotFound);
  CHECK(f.Delete("m", f.PointOf("a")).ok());
}

TEST_CASE("A device that is removed in the middle of a download gets DEVICE_REVOKED, and nothing more") {
  Fixture f("revoked");
  const auto member = f.AddMember();
  const std::string content = f.Content(16 * kChunk);
  const std::string session = member->SignIn();
  const AttachmentCaller theirs(f.server.Channel(), session);
  f.MustAttach(theirs, "a", content);
  const auto download = AttachmentCaller(f.NarrowChannel(), session).Download(theirs.MustFind(f.PointOf("a")));
  CHECK(download->Next() == content.substr(0, kChunk));
  const std::string unused = theirs.MustFind(f.PointOf("a")), ticket = theirs.MustUpload("x");
  f.CutOff(*member);
  const auto [rest, status] = download->Rest();
  CHECK(ReasonOfCall(status) == Reason::kDeviceRevoked);
  CHECK(rest.size() < content.size() - 2 * kChunk);
  CHECK(ReasonOfCall(theirs.Download(unused)->Rest().second) == Reason::kDeviceRevoked);
  CHECK(ReasonOfCall(theirs.Find(f.PointOf("a"))) == Reason::kDeviceRevoked);
  CHECK(ReasonOfCall(theirs.CreateReference(f.PointOf("b"), ticket)) == Reason::kDeviceRevoked);
  CHECK(ReasonOfCall(theirs.Resume("", 10)) == Reason::kDeviceRevoked);
  CHECK(ReasonOfCall(theirs.Resume(ticket)) == Reason::kDeviceRevoked);
}

}  // namespace
}  // namespace labyrinth::service::testing
