// Attachments: uploaded, attached and downloaded, and what is refused.
#include <catch2/catch.hpp>

#include "common/limits.h"
#include "crypto/primitives/ristretto.h"
#include "service/server/testing/api_attachments.h"
#include "tests/conformance/api/scene.h"

namespace labyrinth::conformance {
namespace {

using service::testing::AttachmentCaller;
using service::testing::ChunkOf;

constexpr uint64_t kChunk = limits::kAttachmentChunkBytes;

// With a message "m" in thread "t".
struct Fixture : Scene {
  Fixture() { MustSave({MakeMessage("m")}); }

  AttachmentCaller Files() const { return {api.Channel(), session}; }
  std::string Content(std::size_t size) const { return api.random().Bytes(size); }
};

// The points are any: what they are multiples of is the client's business.
v1::AttachmentPoint PointOf(const std::string& name, const std::string& thread = "t",
                            const std::string& message = "m") {
  v1::AttachmentPoint point;
  point.set_point(crypto::HashToCurve("reference " + name).str());
  point.set_mac_point(crypto::HashToCurve("owner " + name).str());
  point.set_thread_id(thread);
  point.set_message_id(message);
  return point;
}

TEST_CASE("A file is uploaded in two streams, attached, found, downloaded from anywhere, and deleted") {
  const Fixture f;
  const AttachmentCaller me = f.Files();
  const std::string content = f.Content(2 * kChunk + 5), ticket = me.MustPrepare(content.size());
  CHECK(ticket.size() <= limits::kAttachmentTicketBytes);
  REQUIRE(me.SendOne(ChunkOf(ticket, 0, content.substr(0, kChunk))).ok());
  CHECK(me.MustResume(ticket) == kChunk);
  const auto point = PointOf("a");
  CHECK(ReasonOfCall(me.CreateReference(point, ticket)) == Reason::kAttachmentNotFound);  // it isn't whole
  const auto rest = me.Upload();
  REQUIRE(rest->Send(ChunkOf(ticket, kChunk, content.substr(kChunk, kChunk))));
  REQUIRE(rest->Send(ChunkOf("", 2 * kChunk, content.substr(2 * kChunk))));
  REQUIRE(rest->End().ok());
  CHECK(rest->committed() == content.size());
  CHECK(ReasonOfCall(me.Find(point)) == Reason::kAttachmentNotFound);
  REQUIRE(me.CreateReference(point, ticket).ok());
  CHECK(me.CreateReference(point, ticket, "another name").ok());  // the same again

  v1::PrepareDownloadResponse found;
  REQUIRE(me.PrepareDownload(point, found).ok());
  CHECK(found.size_bytes() == content.size());
  CHECK(found.sealed_name() == "name");
  for (const uint64_t offset : {uint64_t{0}, kChunk, 2 * kChunk}) {
    const auto [bytes, status] = me.Download(found.download_ticket(), offset)->Rest();
    CHECK(status.ok());
    CHECK(bytes == content.substr(offset));
  }
  for (const uint64_t offset : {uint64_t{1}, 3 * kChunk, UINT64_MAX}) {
    CHECK(FieldOf(me.Download(found.download_ticket(), offset)->Rest().second) == "offset");
  }
  v1::DeleteMessagesRequest deletion;
  deletion.add_message_ids("m");
  *deletion.add_attachments() = point;
  CHECK(f.Me().Must(&History::DeleteMessages, deletion).deleted_count() == 1);
  CHECK(ReasonOfCall(me.Find(point)) == Reason::kAttachmentNotFound);
  CHECK(ReasonOfCall(me.Resume(ticket)) == Reason::kAttachmentNotFound);
  CHECK(f.Me().Must(&History::DeleteMessages, deletion).deleted_count() == 0);
}

TEST_CASE("What isn't the next chunk, or not what its checksum says, is refused and not stored") {
  const Fixture f;
  const AttachmentCaller me = f.Files();
  const std::string content = f.Content(2 * kChunk + 5);
  const std::string ticket = me.MustPrepare(content.size());
  REQUIRE(me.SendOne(ChunkOf(ticket, 0, content.substr(0, kChunk))).ok());
  const std::string second = content.substr(kChunk, kChunk);
  const struct {
    const char* field;
    v1::UploadRequest request;
  } cases[] = {
      {"offset", ChunkOf(ticket, 0, content.substr(0, kChunk))},
      {"offset", ChunkOf(ticket, 2 * kChunk, content.substr(2 * kChunk))},
      {"offset", ChunkOf(ticket, kChunk + 1, second)},
      {"data", ChunkOf(ticket, kChunk, second.substr(1))},
      {"data", ChunkOf(ticket, kChunk, second + "x")},
      {"data", ChunkOf(ticket, kChunk, "")},
  };
  for (const auto& c : cases) CHECK(FieldOf(me.SendOne(c.request)) == c.field);
  v1::UploadRequest torn = ChunkOf(ticket, kChunk, second);
  torn.set_crc32c(torn.crc32c() ^ 1);
  CHECK(FieldOf(me.SendOne(torn)) == "crc32c");
  CHECK(me.MustResume(ticket) == kChunk);

  const auto repeated = me.Upload();
  REQUIRE(repeated->Send(ChunkOf(ticket, kChunk, second)));
  repeated->Send(ChunkOf(ticket, 2 * kChunk, content.substr(2 * kChunk)));
  CHECK(FieldOf(repeated->AwaitEnd()) == "upload_ticket");
  CHECK(me.MustResume(ticket) == 2 * kChunk);
  CHECK(FieldOf(me.SendOne(ChunkOf(ticket, 2 * kChunk, content.substr(2 * kChunk) + "x"))) == "data");
  REQUIRE(me.SendOne(ChunkOf(ticket, 2 * kChunk, content.substr(2 * kChunk))).ok());
  CHECK(FieldOf(me.SendOne(ChunkOf(ticket, content.size(), "x"))) == "data");
  REQUIRE(me.CreateReference(PointOf("a"), ticket).ok());
  CHECK(me.Download(me.MustFind(PointOf("a")))->Rest().first == content);
}

TEST_CASE("Whatever keeps an attachment from being had or attached, the answer is the same") {
  Fixture f;
  const AttachmentCaller me = f.Files();
  f.MustSave({MakeMessage("other", "t2"),
              MakeMessage("brief", "t", 1, std::string(44, 'c'), f.Mailbox().server_time_ms() + 60'000)});
  const std::string content = f.Content(10), ticket = me.MustUpload(content);
  const auto not_found = [](const grpc::Status& status) { return ReasonOfCall(status) == Reason::kAttachmentNotFound; };
  CHECK(not_found(me.CreateReference(PointOf("a", "t", "none"), ticket)));
  CHECK(not_found(me.CreateReference(PointOf("a", "t2", "m"), ticket)));
  CHECK(not_found(me.CreateReference(PointOf("a"), me.MustPrepare(10))));  // nothing was sent
  REQUIRE(me.CreateReference(PointOf("a"), ticket).ok());
  CHECK(not_found(me.CreateReference(PointOf("a"), me.MustUpload(content))));  // taken by another upload
  REQUIRE(me.CreateReference(PointOf("brief", "t", "brief"), ticket).ok());

  CHECK(me.Find(PointOf("a")).ok());
  CHECK(not_found(me.Find(PointOf("b"))));
  CHECK(not_found(me.Find(PointOf("a", "t2", "m"))));
  CHECK(not_found(me.Find(PointOf("a", "t", "brief"))));
  CHECK(not_found(me.Find(PointOf("a", "t2", "other"))));
  auto other_owner = PointOf("a");
  other_owner.set_mac_point(PointOf("b").mac_point());
  CHECK(not_found(me.Find(other_owner)));
  CHECK(me.Find(PointOf("brief", "t", "brief")).ok());
  // Another mailbox's, under the same points.
  const Fixture bob;
  CHECK(not_found(bob.Files().Find(PointOf("a"))));
  Hands* hands = HandsFor("attachments of messages that expire");
  if (hands == nullptr) return;
  hands->Advance(60'000);
  CHECK(not_found(me.Find(PointOf("brief", "t", "brief"))));
  CHECK(not_found(me.CreateReference(PointOf("brief", "t", "brief"), ticket)));
}

TEST_CASE("Tickets that are none, points that are none, and sizes beyond the limits are refused by name") {
  Fixture f;
  const AttachmentCaller me = f.Files();
  const std::string content = f.Content(10), upload = me.MustUpload(content);
  REQUIRE(me.CreateReference(PointOf("a"), upload).ok());
  const std::string download = me.MustFind(PointOf("a"));
  std::string forged = upload;
  forged[40] = static_cast<char>(forged[40] ^ 1);
  for (const std::string& ticket : {std::string(), forged, download, upload + "x", std::string(300, 'x')}) {
    CHECK(ReasonOfCall(me.SendOne(ChunkOf(ticket, 0, content))) == Reason::kTicketExpired);
    CHECK(ReasonOfCall(me.CreateReference(PointOf("b"), ticket)) == Reason::kTicketExpired);
    if (!ticket.empty()) CHECK(ReasonOfCall(me.Resume(ticket)) == Reason::kTicketExpired);
  }
  CHECK(ReasonOfCall(me.Upload()->End()) == Reason::kTicketExpired);  // without a message
  for (const std::string& ticket : {std::string(), forged, upload}) {
    CHECK(ReasonOfCall(me.Download(ticket)->Rest().second) == Reason::kTicketExpired);
  }
  const auto member = f.AddMember();
  const AttachmentCaller theirs(f.api.Channel(), member->SignIn());
  CHECK(ReasonOfCall(theirs.Download(download)->Rest().second) == Reason::kTicketExpired);

  auto point = PointOf("a");
  point.set_point(std::string(32, '\0'));
  CHECK(FieldOf(me.CreateReference(point, upload)) == "attachment.point");
  CHECK(FieldOf(me.Find(point)) == "attachment.point");
  CHECK(FieldOf(me.Find(v1::AttachmentPoint())) == "attachment.point");
  point = PointOf("a");
  point.set_mac_point(std::string(32, '\xff'));
  CHECK(FieldOf(me.Find(point)) == "attachment.mac_point");

  v1::PrepareUploadResponse response;
  CHECK(FieldOf(me.PrepareUpload(0, "", response)) == "size_bytes");
  CHECK(FieldOf(me.Resume(upload, content.size() + 1)) == "size_bytes");
  for (const uint64_t size : {limits::kAttachmentBytes + 1, UINT64_MAX}) {
    const grpc::Status large = me.PrepareUpload(size, "", response);
    CHECK(ReasonOfCall(large) == Reason::kLimitExceeded);
    CHECK(DetailOf(large, "limit") == "attachment_bytes");
  }
  CHECK(me.PrepareUpload(limits::kAttachmentBytes, "", response).ok());
  const std::string name(limits::kAttachmentSealedNameBytes, 'n');
  CHECK(ReasonOfCall(me.CreateReference(PointOf("c"), upload, name + "n")) == Reason::kLimitExceeded);
  CHECK(me.CreateReference(PointOf("c"), upload, name).ok());
}

}  // namespace
}  // namespace labyrinth::conformance
