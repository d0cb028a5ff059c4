// Attachments against a server that lies, breaks off and stalls, and against what is on the disk already.
#include "client/attachments/attachments.h"
#include "client/attachments/testing/attachment_fixture.h"
#include "common/crc32c.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

using testing::Content;
using testing::kChunk;
using testing::Mentions;
using testing::ReadFile;
using Fixture = testing::AttachmentFixture;

TEST_CASE("A lying server is found out by name, and leaves no file") {
  Fixture f;
  const Attachment attachment = f.Send(Content(3 * kChunk));
  const auto refused = [&](const std::string& text) {
    const absl::Status status = f.Download(attachment);
    CHECK(absl::IsDataLoss(status));
    CHECK(Mentions(status, text));
    f.CheckNothingWritten();
    f.fake.on_chunk = nullptr;
    f.fake.on_prepare_download = nullptr;
    f.fake.extra.clear();
  };
  const auto change_data = [&f](auto change) {
    f.fake.on_chunk = [change](v1::DownloadResponse& response) {
      change(response);
      response.set_crc32c(Crc32c(response.data()));
    };
  };
  change_data([](v1::DownloadResponse& r) { (*r.mutable_data())[70'000] ^= 1; });
  refused("doesn't authenticate");
  f.fake.on_chunk = [](v1::DownloadResponse& r) { r.set_crc32c(r.crc32c() + 1); };
  refused("checksum");
  f.fake.on_chunk = [](v1::DownloadResponse& r) { r.set_offset(r.offset() + 1); };
  refused("order");
  change_data([](v1::DownloadResponse& r) { r.clear_data(); });
  refused("order");
  change_data([](v1::DownloadResponse& r) { r.set_data(std::string(kChunk + 1, 'x')); });
  refused("order");
  f.fake.extra = "more";
  refused("longer");
  f.fake.on_prepare_download = [](v1::PrepareDownloadResponse& r) { r.set_size_bytes(r.size_bytes() - 1); };
  refused("size");
  f.fake.on_prepare_download = [](v1::PrepareDownloadResponse& r) { r.clear_download_ticket(); };
  refused("ticket");
}

TEST_CASE("A truncated stream and a stall are bounded, and leave no file") {
  Fixture f;
  const Attachment attachment = f.Send(Content(3 * kChunk));
  f.fake.uploads.begin()->second.data.resize(kChunk);
  absl::Status status = f.Download(attachment);
  CHECK(absl::IsUnavailable(status));
  f.CheckNothingWritten();
  f.fake.before = [](const std::string& method) {
    return method == "Download" ? absl::DeadlineExceededError("stalled") : absl::OkStatus();
  };
  f.fake.calls.clear();
  status = f.Download(attachment);
  CHECK(absl::IsDeadlineExceeded(status));
  CHECK(f.fake.calls["Download"] == RetryPolicy().max_attempts);
  f.CheckNothingWritten();
}

TEST_CASE("A server that claims more than was sent is found out") {
  Fixture f;
  f.fake.on_prepare_upload = [](v1::PrepareUploadResponse& r) { r.set_committed_bytes(1u << 30); };
  const auto attachment = f.Upload(Content(1000));
  CHECK(absl::IsDataLoss(attachment.status()));
  CHECK(Mentions(attachment.status(), "more of an upload"));
}

TEST_CASE("An upload that never moves is bounded") {
  Fixture f;
  f.fake.before = [](const std::string& method) {
    return method == "Upload" ? absl::UnavailableError("stalled") : absl::OkStatus();
  };
  CHECK(absl::IsUnavailable(f.Upload(Content(1000)).status()));
  CHECK(f.fake.calls["Upload"] == RetryPolicy().max_attempts);
}

TEST_CASE("Attachments can't be swapped between messages") {
  Fixture f;
  const Attachment first = f.Send(Content(1000), "m1");
  const Attachment second = f.Send(Content(1001), "m2");
  CHECK(ReasonOf(f.Download(first, "m2")) == Reason::kAttachmentNotFound);
  // The server exchanges the contents of two references; padding gives both the same size.
  auto& uploads = f.fake.uploads;
  REQUIRE(uploads.size() == 2);
  std::swap(uploads.begin()->second, uploads.rbegin()->second);
  CHECK(absl::IsDataLoss(f.Download(first, "m1")));
  CHECK(absl::IsDataLoss(f.Download(second, "m2")));
  f.CheckNothingWritten();
}

TEST_CASE("A revoked device hears so, from every call") {
  Fixture f;
  const Attachment attachment = f.Send(Content(1000));
  for (auto& [id, device] : f.server->store.devices) device.row.set_state(v1::DEVICE_STATE_REVOKED);
  f.fake.before = [](const std::string&) { return errors::DeviceRevoked(); };
  CHECK(ReasonOf(f.Download(attachment)) == Reason::kDeviceRevoked);
  CHECK(ReasonOf(f.Upload(Content(5)).status()) == Reason::kDeviceRevoked);
  f.CheckNothingWritten();
}

TEST_CASE("An existing file is never written over") {
  Fixture f;
  const Attachment attachment = f.Send(Content(1000));
  std::ofstream(f.dir.path("out")) << "precious";
  CHECK(absl::IsAlreadyExists(f.Download(attachment)));
  CHECK(ReadFile(f.dir.path("out")) == "precious");
}

TEST_CASE("A damaged journal is refused by name, and left as it is") {
  Fixture f;
  REQUIRE(f.Upload(Content(10)).ok());
  f.client.Close();
  const std::string path = f.client.profile() + "/attachments/journal";
  std::string bytes = ReadFile(path);
  bytes[bytes.size() - 1] ^= 1;
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  f.Restart();
  const absl::Status status = f.client->attachments().Settle().status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(Mentions(status, "journal of attachments"));
  CHECK(ReadFile(path) == bytes);
}

}  // namespace
}  // namespace labyrinth::client
