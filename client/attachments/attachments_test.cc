#include "client/attachments/attachments.h"

#include <sys/stat.h>

#include "client/attachments/testing/attachment_fixture.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

using testing::Content;
using testing::kChunk;
using testing::ReadFile;
using Fixture = testing::AttachmentFixture;

TEST_CASE("A file comes back, with its mode, and the profile forgets the upload") {
  Fixture f;
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{262'144}, std::size_t{3'000'000}}) {
    const std::string id = "m" + std::to_string(size);
    const std::string content = Content(size);
    const Attachment attachment = f.Send(content, id);
    CHECK(attachment.size_bytes == size);
    CHECK(f.SpooledFiles() == 0);
    REQUIRE(f.Download(attachment, id).ok());
    CHECK(ReadFile(f.dir.path("out")) == content);
    struct stat info;
    REQUIRE(stat(f.dir.path("out").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    std::filesystem::remove(f.dir.path("out"));
  }
  // What the server has is neither the file nor of its size.
  for (const auto& [ticket, upload] : f.fake.uploads) CHECK(upload.data.find(Content(10)) == std::string::npos);
}

TEST_CASE("Deleting messages names their files to the server, a hundred a call") {
  Fixture f;
  const Attachment attachment = f.Send("hello");
  std::vector<Attachments::Deletion> messages;
  messages.push_back({"t", "m1", {attachment.name}});
  // Each with more than fit twice into one call.
  for (int i = 0; i < 3; ++i) {
    messages.push_back({"t", "n" + std::to_string(i), std::vector<crypto::AttachmentName>(60, attachment.name)});
  }
  const auto report = f.client->attachments().Delete(messages);
  REQUIRE(report.ok());
  CHECK(report->deleted == 1);
  CHECK(f.server->calls["DeleteMessages"] == 3);
  REQUIRE(f.server->store.deleted_points.size() == 181);
  CHECK(f.fake.references.begin()->second.point.SerializeAsString() ==
        f.server->store.deleted_points[0].SerializeAsString());
}

TEST_CASE("An upload that broke goes on where the server is, in this run and in the next") {
  Fixture f;
  const std::string content = Content(5 * kChunk);
  f.fake.break_upload_after = 2;
  const auto attachment = f.Upload(content);
  REQUIRE(attachment.ok());
  CHECK(f.fake.calls["Upload"] == 2);
  CHECK(f.fake.chunks_received == 6);  // padding and tags make it six

  Fixture g;
  g.fake.before = [&](const std::string& method) {
    if (method == "Upload" && g.fake.chunks_received > 0) return absl::PermissionDeniedError("cut off");
    return absl::OkStatus();
  };
  g.fake.break_upload_after = 3;
  CHECK_FALSE(g.Upload(content).ok());
  CHECK(g.SpooledFiles() == 1);
  g.fake.before = nullptr;
  g.Restart();
  const auto resumed = g.Upload(content);
  REQUIRE(resumed.ok());
  CHECK(g.fake.uploads.size() == 1);
  CHECK(g.fake.chunks_received == 6);
  const auto saved = g.client->attachments().Save(Fixture::Message(*resumed), {&*resumed, 1});
  REQUIRE(saved.ok());
  CHECK(saved->attached.ok());
  REQUIRE(g.Download(*resumed).ok());
  CHECK(ReadFile(g.dir.path("out")) == content);
}

TEST_CASE("A file that changed between two runs is another content under another key") {
  Fixture f;
  f.fake.before = [&](const std::string& method) {
    return method == "Upload" ? absl::PermissionDeniedError("cut off") : absl::OkStatus();
  };
  CHECK_FALSE(f.Upload(Content(1000)).ok());
  f.fake.before = nullptr;
  std::string changed = Content(1000);
  changed[500] ^= 1;
  REQUIRE(f.Upload(changed).ok());
  CHECK(f.fake.uploads.size() == 2);
  CHECK(f.client->attachments().Settle()->waiting == 2);
}

TEST_CASE("Cancelling ends an upload at once, and the next one goes on") {
  Fixture f;
  const std::string content = Content(4 * kChunk);
  const auto cancelled = f.client->attachments().Upload(*f.File(content), "a", "", [](uint64_t done, uint64_t total) {
    CHECK(total == crypto::AttachmentCiphertextBytes(4 * kChunk));
    return done < 2 * kChunk;
  });
  CHECK(absl::IsCancelled(cancelled.status()));
  CHECK(f.Upload(content).ok());
  CHECK(f.fake.uploads.size() == 1);
}

TEST_CASE("An upload whose ticket expired is sent again, from the profile's copy") {
  Fixture f;
  const std::string content = Content(1000);
  const auto attachment = f.Upload(content);
  REQUIRE(attachment.ok());
  f.fake.uploads.clear();
  const auto saved = f.client->attachments().Save(Fixture::Message(*attachment), {&*attachment, 1});
  REQUIRE(saved.ok());
  CHECK(saved->attached.ok());
  REQUIRE(f.Download(*attachment).ok());
  CHECK(ReadFile(f.dir.path("out")) == content);
}

TEST_CASE("A crash between save and reference is repaired by the next call") {
  for (const std::string where : {"CreateReference", "after:CreateReference"}) {
    Fixture f;
    const auto attachment = f.Upload(Content(1000));
    REQUIRE(attachment.ok());
    f.fake.before = [&](const std::string& method) {
      return method == where ? absl::InternalError("crash") : absl::OkStatus();
    };
    const auto saved = f.client->attachments().Save(Fixture::Message(*attachment), {&*attachment, 1});
    REQUIRE(saved.ok());
    CHECK_FALSE(saved->attached.ok());
    f.fake.before = nullptr;
    f.Restart();
    const auto settled = f.client->attachments().Settle();
    REQUIRE(settled.ok());
    CHECK(settled->attached == 1);
    CHECK(f.SpooledFiles() == 0);
    CHECK(f.Download(*attachment).ok());
    CHECK(f.client->attachments().Settle()->attached == 0);
  }
}

TEST_CASE("A reference that the server refuses stands in no other message's way") {
  Fixture f;
  const auto attachment = f.Upload(Content(1000));
  REQUIRE(attachment.ok());
  f.fake.before = [](const std::string& method) {
    return method == "CreateReference" ? errors::QuotaExceeded("bytes", 1) : absl::OkStatus();
  };
  const auto saved = f.client->attachments().Save(Fixture::Message(*attachment), {&*attachment, 1});
  REQUIRE(saved.ok());
  CHECK(ReasonOf(saved->attached) == Reason::kQuotaExceeded);
  f.Restart();
  CHECK(f.client->attachments().Settle()->refused == 1);
  CHECK(f.Upload(Content(10)).ok());
  f.fake.before = nullptr;
  CHECK(f.client->attachments().Settle()->attached == 1);
}

TEST_CASE("What the server won't take isn't kept") {
  Fixture f;
  f.fake.before = [](const std::string& method) {
    return method == "PrepareUpload" ? errors::LimitExceeded("size_bytes", "attachment_bytes", 1) : absl::OkStatus();
  };
  CHECK(ReasonOf(f.Upload(Content(1000)).status()) == Reason::kLimitExceeded);
  f.Restart();
  CHECK(f.client->attachments().Settle()->waiting == 0);
  CHECK(f.SpooledFiles() == 0);
}

TEST_CASE("A save that was refused leaves the upload for another message") {
  Fixture f;
  const std::string content = Content(1000);
  const auto attachment = f.Upload(content);
  REQUIRE(attachment.ok());
  f.server->before = [](const std::string& method) {
    return method == "SaveMessages" ? errors::QuotaExceeded("bytes", 1) : absl::OkStatus();
  };
  CHECK_FALSE(f.client->attachments().Save(Fixture::Message(*attachment), {&*attachment, 1}).ok());
  f.server->before = nullptr;
  f.Restart();
  f.Send(content, "m2");
  CHECK(f.fake.uploads.size() == 1);
}

TEST_CASE("Nothing is attached to another device's message under the same id") {
  Fixture f;
  REQUIRE(f.client->history().Save({testing::Text("t", "m1", 1, "another")}).ok());
  const auto attachment = f.Upload(Content(10));
  REQUIRE(attachment.ok());
  const auto saved = f.client->attachments().Save(Fixture::Message(*attachment), {&*attachment, 1});
  REQUIRE(saved.ok());
  CHECK(saved->saved.outcomes.front() == SaveOutcome::kKeptExisting);
  CHECK(f.fake.references.empty());
  CHECK(f.SpooledFiles() == 0);
}

TEST_CASE("What wasn't uploaded here can't be saved with a message") {
  Fixture f;
  const Attachment sent = f.Send(Content(10));
  CHECK(absl::IsFailedPrecondition(f.client->attachments().Save(Fixture::Message(sent, "m2"), {&sent, 1}).status()));
  CHECK(f.server->store.messages.size() == 1);
}

TEST_CASE("A download that broke goes on, and one that expired prepares again") {
  Fixture f;
  const std::string content = Content(5 * kChunk + 7);
  const Attachment attachment = f.Send(content);
  f.fake.break_download_after = 3;
  REQUIRE(f.Download(attachment).ok());
  CHECK(ReadFile(f.dir.path("out")) == content);
  CHECK(f.fake.calls["Download"] == 2);
  std::filesystem::remove(f.dir.path("out"));

  int expired = 0;
  f.fake.before = [&](const std::string& method) {
    return method == "Download" && expired++ == 0 ? errors::TicketExpired() : absl::OkStatus();
  };
  REQUIRE(f.Download(attachment).ok());
  CHECK(f.fake.calls["PrepareDownload"] == 3);
}

TEST_CASE("What a sender shared is attached under a name of one's own") {
  Fixture f;
  const std::string content = Content(1000);
  const auto sent = f.Upload(content);
  REQUIRE(sent.ok());
  const auto shared = f.client->attachments().Share(*sent);
  REQUIRE(shared.ok());
  const auto adopted = f.client->attachments().Adopt(*shared);
  REQUIRE(adopted.ok());
  CHECK_FALSE(adopted->name == sent->name);
  const auto saved = f.client->attachments().Save(Fixture::Message(*adopted, "m2"), {&*adopted, 1});
  REQUIRE(saved.ok());
  CHECK(saved->attached.ok());
  REQUIRE(f.Download(*adopted, "m2").ok());
  CHECK(ReadFile(f.dir.path("out")) == content);
  CHECK(f.fake.uploads.size() == 1);
}

TEST_CASE("An interrupted spooling leaves nothing behind") {
  Fixture f;
  REQUIRE(f.Upload(Content(10)).ok());
  std::ofstream(f.client.profile() + "/attachments/0123.sealed") << "half";
  f.Restart();
  REQUIRE(f.client->attachments().Settle().ok());
  CHECK(f.SpooledFiles() == 1);
}

TEST_CASE("Only regular files are sent, and only texts within their bounds") {
  Fixture f;
  CHECK(absl::IsNotFound(OpenAttachmentFile(f.dir.path("missing")).status()));
  CHECK(absl::IsFailedPrecondition(OpenAttachmentFile(f.dir.path(".")).status()));
  CHECK(absl::IsFailedPrecondition(OpenAttachmentFile("/dev/null").status()));
  const auto upload = [&](const std::string& name, const std::string& type) {
    return f.client->attachments().Upload(*f.File("x"), name, type).status();
  };
  CHECK(absl::IsInvalidArgument(upload(std::string(256, 'a'), "")));
  CHECK(absl::IsInvalidArgument(upload("\xff", "")));
  CHECK(absl::IsInvalidArgument(upload("a", std::string(128, 'a'))));
}

}  // namespace
}  // namespace labyrinth::client
