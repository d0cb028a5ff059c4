// The whole story, once: the client library against the real server, over gRPC and a store on disk.
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "common/errors.h"
#include "common/limits.h"
#include "tests/e2e/test_server.h"

namespace labyrinth::e2e {
namespace {

using client::HistoryMessage;
using client::MessageQuery;
using client::NewMessage;
using client::SaveOutcome;

NewMessage Text(const std::string& thread, const std::string& id, int64_t timestamp_ms, const std::string& content) {
  return {.thread_id = thread, .message_id = id, .timestamp_ms = timestamp_ms, .expire_ms = 0, .content = content};
}

// `count` messages over three threads, with times that repeat.
std::vector<NewMessage> Chat(int count) {
  std::vector<NewMessage> messages;
  for (int i = 0; i < count; ++i) {
    messages.push_back(Text("thread-" + std::to_string(i % 3), "id-" + std::to_string(i), kStartMs - count + i / 2,
                            std::to_string(i)));
  }
  return messages;
}

// Everything that a device reads, by message id; fails the test on anything but verified rows.
std::map<std::string, std::string> ReadAll(TestDevice& device, const MessageQuery& query = {}) {
  std::map<std::string, std::string> all;
  auto reader = device->history().ListMessages(query);
  while (!reader.done()) {
    const auto page = reader.NextPage();
    REQUIRE(page.ok());
    for (const HistoryMessage& message : *page) {
      REQUIRE(message.verified() != nullptr);
      CHECK(all.emplace(message.row().message_id, message.verified()->content).second);
    }
  }
  return all;
}

void Create(TestDevice& device) {
  const absl::Status created = device->mailbox().Create();
  INFO(std::string(created.message()));
  REQUIRE(created.ok());
}

crypto::Secret MakeCode(TestDevice& device) {
  auto code = device->recovery().CreateCode();
  INFO(std::string(code.status().message()));
  REQUIRE(code.ok());
  return std::move(code->code);
}

void Join(TestDevice& device, const crypto::Secret& code) {
  const auto joined = device->recovery().Join(code);
  INFO(std::string(joined.status().message()));
  REQUIRE(joined.ok());
}

void RequireClean(TestDevice& device) {
  const auto report = device->Verify();
  INFO(std::string(report.status().message()));
  REQUIRE(report.ok());
  for (const auto& finding : report->findings) UNSCOPED_INFO(finding.what);
  CHECK(report->clean());
}

DeviceId IdOf(TestDevice& device) {
  const auto devices = device->devices().List();
  REQUIRE(devices.ok());
  for (const auto& entry : *devices) {
    if (entry.this_device) return entry.device_id;
  }
  return {};
}

TEST_CASE("Create, save, read, second device, revoke, rotate, recover") {
  TestServer server;
  TestDevice laptop(server, 1);
  Create(laptop);
  const std::vector<NewMessage> chat = Chat(250);
  const auto saved = laptop->history().SaveAll(chat);
  REQUIRE(saved.ok());
  CHECK(saved->outcomes == std::vector<SaveOutcome>(250, SaveOutcome::kCreated));
  const auto on_laptop = ReadAll(laptop);
  CHECK(on_laptop.size() == 250);

  // A second device, by a code with two wrong letters; it reads the very same.
  const crypto::Secret code = MakeCode(laptop);
  std::string typed(code.RevealSecret());
  typed[8] = typed[8] == 'A' ? 'C' : 'A';
  typed[30] = typed[30] == 'A' ? 'C' : 'A';
  TestDevice phone(server, 2);
  const auto joined = phone->recovery().Join(crypto::Secret::CopyOf(typed));
  INFO(std::string(joined.status().message()));
  REQUIRE(joined.ok());
  CHECK(joined->corrected_characters == 2);
  CHECK(joined->members.size() == 3);
  CHECK(joined->rotation.epoch_sequence == 1);
  CHECK(ReadAll(phone) == on_laptop);

  // What the phone saves, the laptop follows to, though the phone opened an epoch since.
  REQUIRE(phone->history().Save({Text("thread-0", "from-phone", kStartMs, "hello")}).ok());
  CHECK(ReadAll(laptop).at("from-phone") == "hello");
  RequireClean(laptop);
  RequireClean(phone);

  // Revoked: refused from then on; the others go on.
  const DeviceId phone_id = IdOf(phone);
  const auto revoked = laptop->devices().Revoke(phone_id);
  INFO(std::string(revoked.status().message()));
  REQUIRE(revoked.ok());
  CHECK(revoked->rotation->epoch_sequence == 2);
  CHECK(ReasonOf(phone->history().Save({Text("t", "x", 1, "x")}).status()) == Reason::kDeviceRevoked);
  phone.Open();
  CHECK(ReasonOf(phone->history().ListMessages({}).NextPage().status()) == Reason::kDeviceRevoked);
  CHECK(phone->HasDevice());
  REQUIRE(laptop->history().Save({Text("thread-0", "after", kStartMs + 1, "private again")}).ok());
  RequireClean(laptop);

  // All devices lost: the code, which still stands, brings everything back.
  const auto before = ReadAll(laptop);
  laptop.Close();
  TestDevice restored(server, 3);
  Join(restored, code);
  CHECK(ReadAll(restored) == before);
  RequireClean(restored);
}

TEST_CASE("Pages, ranges, orders and threads agree with what was saved") {
  TestServer server;
  TestDevice laptop(server, 1);
  Create(laptop);
  const std::vector<NewMessage> chat = Chat(120);
  REQUIRE(laptop->history().SaveAll(chat).ok());
  for (const bool oldest_first : {false, true}) {
    CHECK(ReadAll(laptop, {.oldest_first = oldest_first, .page_size = 7}).size() == 120);
  }
  const auto thread = ReadAll(laptop, {.thread_id = "thread-1", .page_size = 7});
  CHECK(thread.size() == 40);
  const int64_t middle_ms = kStartMs - 120 + 30;
  CHECK(ReadAll(laptop, {.start_ms = middle_ms}).size() + ReadAll(laptop, {.end_ms = middle_ms}).size() == 120);

  auto threads = laptop->history().ListThreads();
  const auto newest = threads.NextPage();
  REQUIRE(newest.ok());
  REQUIRE(newest->size() == 3);
  CHECK(threads.done());
  CHECK(newest->front().row().message_id == "id-119");

  std::vector<std::string> ids = {"unknown"};
  for (const NewMessage& message : chat) ids.push_back(message.message_id);
  const auto found = laptop->history().GetMessages(ids);
  REQUIRE(found.ok());
  CHECK(found->messages.size() == 120);
  CHECK(found->missing_message_ids == std::vector<std::string>{"unknown"});
}

TEST_CASE("Saving again doubles nothing, and conflicts are what the caller chose") {
  TestServer server;
  TestDevice laptop(server, 1);
  Create(laptop);
  const std::vector<NewMessage> chat = Chat(30);
  REQUIRE(laptop->history().SaveAll(chat).ok());
  const auto again = laptop->history().SaveAll(chat);
  REQUIRE(again.ok());
  CHECK(again->outcomes == std::vector<SaveOutcome>(30, SaveOutcome::kKeptExisting));
  CHECK(laptop->mailbox().Info()->message_count == 30);

  NewMessage edited = chat[3];
  edited.content = "edited";
  CHECK(ReasonOf(laptop->history().Save({edited}, {.on_conflict = client::OnConflict::kReject}).status()) ==
        Reason::kMessageConflict);
  CHECK(ReadAll(laptop).at(edited.message_id) == "3");
  const auto replaced = laptop->history().Save({edited}, {.on_conflict = client::OnConflict::kReplace});
  REQUIRE(replaced.ok());
  CHECK(replaced->outcomes == std::vector<SaveOutcome>{SaveOutcome::kReplaced});
  CHECK(ReadAll(laptop).at(edited.message_id) == "edited");
  RequireClean(laptop);
}

TEST_CASE("The largest batch and message go through") {
  TestServer server;
  TestDevice laptop(server, 1);
  Create(laptop);
  std::vector<NewMessage> large;
  // As large as PADME's classes let a message of the limit be.
  for (int i = 0; i < 8; ++i) large.push_back(Text("t", "m" + std::to_string(i), i, std::string(240'000, 'x')));
  const auto saved = laptop->history().SaveAll(large);
  INFO(std::string(saved.status().message()));
  REQUIRE(saved.ok());
  CHECK(ReadAll(laptop).size() == 8);
}

TEST_CASE("Revocation without rotation refuses saves until a member rotates") {
  TestServer server;
  TestDevice laptop(server, 1);
  Create(laptop);
  TestDevice phone(server, 2);
  Join(phone, MakeCode(laptop));
  const DeviceId phone_id = IdOf(phone);
  const auto cut = laptop->devices().Revoke(phone_id, {.rotate = false});
  INFO(std::string(cut.status().message()));
  REQUIRE(cut.ok());
  CHECK(laptop->mailbox().Info()->rotation_required);
  CHECK(ReasonOf(laptop->history().Save({Text("t", "m", 1, "x")}, {.may_rotate = false}).status()) ==
        Reason::kRotationRequired);
  const auto saved = laptop->history().Save({Text("t", "m", 1, "x")});
  INFO(std::string(saved.status().message()));
  REQUIRE(saved.ok());
  CHECK_FALSE(laptop->mailbox().Info()->rotation_required);
  CHECK(ReasonOf(phone->mailbox().Info().status()) == Reason::kDeviceRevoked);
  RequireClean(laptop);
}

TEST_CASE("What a revoked device added goes with it") {
  TestServer server;
  TestDevice laptop(server, 1);
  Create(laptop);
  TestDevice phone(server, 2);
  Join(phone, MakeCode(laptop));
  TestDevice thief(server, 3);
  Join(thief, MakeCode(phone));
  const auto revoked = laptop->devices().Revoke(IdOf(phone));
  INFO(std::string(revoked.status().message()));
  REQUIRE(revoked.ok());
  CHECK(revoked->rotation->removed.size() == 3);  // the phone, its code, the device that joined with that
  CHECK(ReasonOf(thief->mailbox().Info().status()) == Reason::kDeviceRevoked);
  RequireClean(laptop);
}

TEST_CASE("Two devices that rotate and save in turn stay together") {
  TestServer server;
  TestDevice laptop(server, 1);
  Create(laptop);
  TestDevice phone(server, 2);
  Join(phone, MakeCode(laptop));
  for (int i = 0; i < 5; ++i) {
    const std::string n = std::to_string(i);
    REQUIRE(laptop->devices().Rotate().ok());
    REQUIRE(phone->history().Save({Text("t", "phone-" + n, i, n)}).ok());
    REQUIRE(phone->devices().Rotate().ok());
    REQUIRE(laptop->history().Save({Text("t", "laptop-" + n, i, n)}).ok());
  }
  CHECK(ReadAll(laptop).size() == 10);
  CHECK(ReadAll(phone) == ReadAll(laptop));
  CHECK(laptop->mailbox().Info()->epoch_sequence == 11);
  RequireClean(laptop);
  RequireClean(phone);
}

TEST_CASE("A restarted server, and a restarted client, go on where they were") {
  TestServer server;
  TestDevice laptop(server, 1);
  Create(laptop);
  REQUIRE(laptop->history().SaveAll(Chat(40)).ok());
  server.Restart();
  laptop.Open();
  CHECK(ReadAll(laptop).size() == 40);
  REQUIRE(laptop->history().Save({Text("t", "m", 1, "x")}).ok());
  RequireClean(laptop);
}

TEST_CASE("A session is renewed while the client works on") {
  TestServer server;
  TestDevice laptop(server, 1);
  Create(laptop);
  for (int i = 0; i < 4; ++i) {
    server.clock.Advance(10 * 60 * 1000);
    const auto saved = laptop->history().Save({Text("t", "m" + std::to_string(i), i, "x")});
    INFO(std::string(saved.status().message()));
    REQUIRE(saved.ok());
  }
}

TEST_CASE("An expired message isn't served") {
  TestServer server;
  TestDevice laptop(server, 1);
  Create(laptop);
  NewMessage brief = Text("t", "brief", kStartMs, "gone soon");
  brief.expire_ms = kStartMs + 60'000;
  REQUIRE(laptop->history().Save({brief, Text("t", "stays", kStartMs, "x")}).ok());
  CHECK(ReadAll(laptop).size() == 2);
  server.clock.Advance(60'000);
  CHECK(ReadAll(laptop).size() == 1);
}

TEST_CASE("Import ids and codes are the account's alone") {
  TestServer server;
  TestDevice alice(server, 1);
  TestDevice bob(server, 2, "bob");
  Create(alice);
  Create(bob);
  REQUIRE(alice->history().Save({Text("t", "m", 1, "alice's")}).ok());
  CHECK(ReadAll(bob).empty());
  const crypto::Secret code = MakeCode(alice);
  TestDevice bobs_phone(server, 3, "bob");
  CHECK(ReasonOf(bobs_phone->recovery().Join(code).status()) == Reason::kVirtualDeviceNotFound);
  TestDevice alices_phone(server, 4);
  Join(alices_phone, code);
  CHECK(alice->history().ImportIds()->ThreadId("inbox/x") == alices_phone->history().ImportIds()->ThreadId("inbox/x"));
  CHECK(alice->history().ImportIds()->ThreadId("inbox/x") != bob->history().ImportIds()->ThreadId("inbox/x"));
}

TEST_CASE("Another server's name in the client's configuration is refused") {
  TestServer server;
  TestDevice device(server, 1);
  client::testing::TempDir dir;
  client::ClientOptions options = device.Options();
  options.server_name = "other.example";
  auto other = client::LabyrinthClient::Open(dir.path("p"), options);
  REQUIRE(other.ok());
  CHECK(ReasonOf((*other)->mailbox().Create()) == Reason::kInvalidField);
  CHECK_FALSE((*other)->HasDevice());
}

TEST_CASE("A deleted mailbox can be made anew, and holds nothing of the old one") {
  TestServer server;
  TestDevice laptop(server, 1);
  Create(laptop);
  REQUIRE(laptop->history().SaveAll(Chat(10)).ok());
  const absl::Status deleted = laptop->mailbox().Delete();
  INFO(std::string(deleted.message()));
  REQUIRE(deleted.ok());
  CHECK_FALSE(laptop->HasDevice());
  Create(laptop);
  CHECK(ReadAll(laptop).empty());
  REQUIRE(laptop->history().SaveAll(Chat(10)).ok());
  RequireClean(laptop);
}

}  // namespace
}  // namespace labyrinth::e2e
