// What tests of attachments are built from.
#ifndef LABYRINTH_CLIENT_ATTACHMENTS_TESTING_ATTACHMENT_FIXTURE_H_
#define LABYRINTH_CLIENT_ATTACHMENTS_TESTING_ATTACHMENT_FIXTURE_H_

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "client/attachments/attachments.h"
#include "client/attachments/testing/fake_attachments.h"
#include "client/client.h"
#include "client/testing/test_client.h"

namespace labyrinth::client::testing {

inline constexpr uint64_t kChunk = kAttachmentChunkBytes;

inline std::string Content(std::size_t size) {
  crypto::SeededRandom random(9);
  return random.Bytes(size);
}

inline std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline bool Mentions(const absl::Status& status, const std::string& text) {
  INFO(std::string(status.message()));
  return std::string(status.message()).find(text) != std::string::npos;
}

// A mailbox of one device, whose server has attachments. For use inside test cases.
struct AttachmentFixture {
  AttachmentFixture() { REQUIRE(client->mailbox().Create().ok()); }

  std::unique_ptr<AttachmentSource> File(const std::string& content) {
    std::ofstream(dir.path("source"), std::ios::binary | std::ios::trunc) << content;
    auto source = OpenAttachmentFile(dir.path("source"));
    REQUIRE(source.ok());
    return *std::move(source);
  }
  absl::StatusOr<Attachment> Upload(const std::string& content) {
    return client->attachments().Upload(*File(content), "photo.jpg", "image/jpeg");
  }
  // The test's content format: A, which is what makes contents differ.
  static NewMessage Message(const Attachment& attachment, const std::string& id = "m1") {
    return Text("t", id, 1, attachment.name.str());
  }
  // Uploads, saves and attaches.
  Attachment Send(const std::string& content, const std::string& id = "m1") {
    auto attachment = Upload(content);
    INFO(std::string(attachment.status().message()));
    REQUIRE(attachment.ok());
    const auto saved = client->attachments().Save(Message(*attachment, id), {&*attachment, 1});
    REQUIRE(saved.ok());
    INFO(std::string(saved->attached.message()));
    REQUIRE(saved->attached.ok());
    return *std::move(attachment);
  }
  absl::Status Download(const Attachment& attachment, const std::string& id = "m1") {
    return client->attachments().Download(attachment, "t", id, dir.path("out"));
  }
  // A crash, and another run on the same profile.
  void Restart() { client.Open(); }
  // What a refused download leaves: nothing.
  void CheckNothingWritten() {
    for (const auto& entry : std::filesystem::directory_iterator(dir.path("."))) {
      CHECK(entry.path().filename() == "source");
    }
  }
  std::size_t SpooledFiles() {
    const auto files = std::filesystem::directory_iterator(client.profile() + "/attachments");
    return static_cast<std::size_t>(std::count_if(
        begin(files), end(files), [](const auto& entry) { return entry.path().extension() == ".sealed"; }));
  }

  TempDir dir;
  FakeAttachments fake{[this](const std::string& thread, const std::string& message) {
    const auto& messages = server->store.messages;
    return std::any_of(messages.begin(), messages.end(),
                       [&](const auto& m) { return m.thread_id() == thread && m.message_id() == message; });
  }};
  std::unique_ptr<FakeServer> server = std::make_unique<FakeServer>(kAccount, &fake);
  TestClient client{*server, 1};
};

}  // namespace labyrinth::client::testing

#endif  // LABYRINTH_CLIENT_ATTACHMENTS_TESTING_ATTACHMENT_FIXTURE_H_
