// Files beside messages: the client library against the real server, over gRPC and a store on disk.
#include "client/attachments/attachments.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/transfer/chat_content.h"
#include "common/errors.h"
#include "common/limits.h"
#include "tests/e2e/test_server.h"
#include "tools/demo/server_process.h"

namespace labyrinth::e2e {
namespace {

using client::Attachment;
using client::LabyrinthClient;

constexpr std::size_t kMiB = 1024 * 1024;

std::string Content(std::size_t size, uint64_t seed = 9) { return crypto::SeededRandom(seed).Bytes(size); }

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The test fails, with the reason, unless the status is OK.
void Require(const absl::Status& status) {
  INFO(std::string(status.message()));
  REQUIRE(status.ok());
}

// What the tests do with one device's library.
class Files {
 public:
  explicit Files(LabyrinthClient& device) : device_(device) {}

  absl::StatusOr<Attachment> Upload(const std::string& content, client::AttachmentProgress progress) {
    std::ofstream(dir_.path("source"), std::ios::binary | std::ios::trunc) << content;
    auto source = client::OpenAttachmentFile(dir_.path("source"));
    Require(source.status());
    return device_.attachments().Upload(**source, "file", "", progress);
  }
  // One message "id" with these files.
  void Send(const std::string& id, const std::vector<std::string>& contents) {
    std::vector<Attachment> attachments;
    for (const std::string& content : contents) {
      auto attachment = Upload(content, [](uint64_t, uint64_t) { return true; });
      Require(attachment.status());
      attachments.push_back(*std::move(attachment));
    }
    Save(id, attachments);
  }
  void Save(const std::string& id, const std::vector<Attachment>& attachments, int64_t expire_ms = 0) {
    client::ChatContent content{"me", id, "title", {}};
    for (const Attachment& attachment : attachments) content.attachments.push_back(attachment.Clone());
    const auto saved = device_.attachments().Save({.thread_id = "t",
                                                   .message_id = id,
                                                   .timestamp_ms = 1,
                                                   .expire_ms = expire_ms,
                                                   .content = client::EncodeChatContent(content)},
                                                  attachments);
    Require(saved.status());
    Require(saved->attached);
  }
  // What the verified message says of its files.
  std::vector<Attachment> Of(const std::string& id) {
    const auto found = device_.history().GetMessages({{id}});
    Require(found.status());
    REQUIRE(found->messages.size() == 1);
    REQUIRE(found->messages[0].verified() != nullptr);
    auto content = client::DecodeChatContent(found->messages[0].verified()->content);
    REQUIRE(content.has_value());
    return std::move(content->attachments);
  }
  absl::StatusOr<std::string> Download(const Attachment& attachment, const std::string& id) {
    const std::string path = dir_.path("out");
    std::filesystem::remove(path);
    absl::Status status = device_.attachments().Download(attachment, "t", id, path);
    if (status.ok()) return ReadFile(path);
    CHECK_FALSE(std::filesystem::exists(path));
    return status;
  }
  // All files of a message. The test fails unless they can be had.
  std::vector<std::string> DownloadAll(const std::string& id) {
    std::vector<std::string> all;
    for (const Attachment& attachment : Of(id)) {
      auto content = Download(attachment, id);
      Require(content.status());
      all.push_back(*std::move(content));
    }
    return all;
  }

 private:
  LabyrinthClient& device_;
  client::testing::TempDir dir_;
};

crypto::Secret MakeCode(TestDevice& device) {
  auto code = device->recovery().CreateCode();
  Require(code.status());
  return std::move(code->code);
}

DeviceId IdOf(TestDevice& device) {
  const auto devices = device->devices().List();
  Require(devices.status());
  for (const auto& entry : *devices) {
    if (entry.this_device) return entry.device_id;
  }
  return {};
}

TEST_CASE("Every member has a message's files, a removed one has none, and a code brings them back") {
  TestServer server;
  TestDevice laptop(server, 1);
  Require(laptop->mailbox().Create());
  Files on_laptop(*laptop.operator->());
  // Around the segments of encryption and the chunks of the wire.
  const std::vector<std::string> contents = {"", "x", Content(64 * 1024), Content(2 * 256 * 1024),
                                             Content(5 * kMiB + 7)};
  on_laptop.Send("m", contents);
  CHECK(on_laptop.DownloadAll("m") == contents);

  const crypto::Secret code = MakeCode(laptop);
  TestDevice phone(server, 2);
  Require(phone->recovery().Join(code).status());
  Files on_phone(*phone.operator->());
  CHECK(on_phone.DownloadAll("m") == contents);
  // Also the other way round, in the epoch that joining opened.
  on_phone.Send("from-phone", {Content(kMiB, 3)});
  CHECK(on_laptop.DownloadAll("from-phone") == std::vector<std::string>{Content(kMiB, 3)});

  const std::vector<Attachment> known = on_phone.Of("m");
  Require(laptop->devices().Revoke(IdOf(phone)).status());
  CHECK(ReasonOf(on_phone.Download(known[1], "m").status()) == Reason::kDeviceRevoked);
  CHECK(on_laptop.DownloadAll("m") == contents);
  server.Restart();
  laptop.Open();
  CHECK(Files(*laptop.operator->()).DownloadAll("m") == contents);

  laptop.Close();
  TestDevice restored(server, 3);
  Require(restored->recovery().Join(code).status());
  Files on_restored(*restored.operator->());
  CHECK(on_restored.DownloadAll("m") == contents);
  CHECK(on_restored.DownloadAll("from-phone") == std::vector<std::string>{Content(kMiB, 3)});
}

TEST_CASE("A file shared in a chat is adopted by a mailbox that has only its ticket and key") {
  TestServer server;
  TestDevice alice(server, 1), bob(server, 2, "bob");
  Require(alice->mailbox().Create());
  Require(bob->mailbox().Create());
  const std::string content = Content(700'000);
  Files alices(*alice.operator->()), bobs(*bob.operator->());
  auto photo = alices.Upload(content, [](uint64_t, uint64_t) { return true; });
  Require(photo.status());
  auto shared = alice->attachments().Share(*photo);
  Require(shared.status());
  std::vector<Attachment> sent, adopted;
  sent.push_back(*std::move(photo));
  alices.Save("m", sent);
  // Bob knows A as well, and yet his scalar leads nowhere with it.
  CHECK(ReasonOf(bobs.Download(shared->attachment, "m").status()) == Reason::kAttachmentNotFound);
  auto taken = bob->attachments().Adopt(*shared);
  Require(taken.status());
  adopted.push_back(*std::move(taken));
  bobs.Save("m", adopted);
  CHECK(bobs.DownloadAll("m") == std::vector<std::string>{content});
  CHECK(alices.DownloadAll("m") == std::vector<std::string>{content});
  // One mailbox's end leaves the other's file.
  Require(alice->mailbox().Delete());
  CHECK(bobs.DownloadAll("m") == std::vector<std::string>{content});
}

TEST_CASE("The files of a message that disappears do so with it") {
  TestServer server;
  TestDevice laptop(server, 1);
  Require(laptop->mailbox().Create());
  Files files(*laptop.operator->());
  std::vector<Attachment> sent;
  auto note = files.Upload("brief", [](uint64_t, uint64_t) { return true; });
  Require(note.status());
  sent.push_back(*std::move(note));
  files.Save("m", sent, kStartMs + 60'000);
  CHECK(*files.Download(sent[0], "m") == "brief");
  server.clock.Advance(60'000);
  CHECK(ReasonOf(files.Download(sent[0], "m").status()) == Reason::kAttachmentNotFound);
}

TEST_CASE("An upload that a person interrupted goes on in the next run") {
  TestServer server;
  TestDevice laptop(server, 1);
  Require(laptop->mailbox().Create());
  const std::string content = Content(24 * kMiB);
  const auto stopped =
      Files(*laptop.operator->()).Upload(content, [](uint64_t done, uint64_t total) { return done < total / 4 * 3; });
  CHECK(absl::IsCancelled(stopped.status()));
  laptop.Open();  // another run on the same profile
  std::optional<uint64_t> resumed_at;
  Files files(*laptop.operator->());
  auto attachment = files.Upload(content, [&](uint64_t done, uint64_t) {
    if (!resumed_at.has_value()) resumed_at = done;
    return true;
  });
  Require(attachment.status());
  CHECK(*resumed_at > 0);
  std::vector<Attachment> sent;
  sent.push_back(*std::move(attachment));
  files.Save("m", sent);
  CHECK(files.DownloadAll("m") == std::vector<std::string>{content});
}

TEST_CASE("A server that is killed in the middle of an upload and of a download costs what was on its way") {
  client::testing::TempDir dir;
  demo::ServerProcess::Options process{"service/server/labyrinthd", dir.path("data"), dir.path("log"),
                                       dir.path("port")};
  auto started = demo::ServerProcess::Start(process);
  Require(started.status());
  std::unique_ptr<demo::ServerProcess> server = *std::move(started);
  process.port = server->port();
  const auto kill_and_restart = [&] {
    server->Kill();
    auto again = demo::ServerProcess::Start(process);
    Require(again.status());
    server = *std::move(again);
  };
  SystemClock clock;
  crypto::SeededRandom random(5);
  client::ClientOptions options;
  options.endpoint = server->endpoint();
  options.server_name = std::string(service::kDevServerName);
  options.account_id = "alice";
  options.use_dev_issuer = true;
  options.clock = &clock;
  options.random = &random;
  auto device = LabyrinthClient::Open(dir.path("profile"), options);
  Require(device.status());
  Require((*device)->mailbox().Create());
  Files files(**device);

  const std::string content = Content(24 * kMiB);
  bool killed = false;
  std::optional<uint64_t> resumed_at;
  auto attachment = files.Upload(content, [&](uint64_t done, uint64_t total) {
    if (killed && !resumed_at.has_value()) resumed_at = done;
    if (!killed && done >= total / 4 * 3) {
      kill_and_restart();
      killed = true;
    }
    return true;
  });
  Require(attachment.status());
  REQUIRE(killed);
  CHECK(*resumed_at > 0);
  CHECK(*resumed_at % limits::kAttachmentChunkBytes == 0);
  std::vector<Attachment> sent;
  sent.push_back(*std::move(attachment));
  files.Save("m", sent);

  killed = false;
  const std::string path = dir.path("out");
  Require((*device)->attachments().Download(sent[0], "t", "m", path, [&](uint64_t done, uint64_t total) {
    if (!killed && done >= total / 2) {
      kill_and_restart();
      killed = true;
    }
    return true;
  }));
  REQUIRE(killed);
  CHECK(ReadFile(path) == content);
}

}  // namespace
}  // namespace labyrinth::e2e
