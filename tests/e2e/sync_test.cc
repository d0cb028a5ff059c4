// A device's copy of the history against the real server: one device away, another busy.
#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "client/sync/local_history.h"
#include "common/errors.h"
#include "tests/e2e/test_server.h"

namespace labyrinth::e2e {
namespace {

using client::HistoryMessage;
using client::LocalChangeKind;
using client::LocalHistory;
using client::NewMessage;
using client::SyncReport;

NewMessage Text(int number, const std::string& content) {
  return {.thread_id = "thread-" + std::to_string(number % 3),
          .message_id = "id-" + std::to_string(number),
          .timestamp_ms = kStartMs - 1000 + number / 4,
          .content = content};
}

void Save(TestDevice& device, const NewMessage& message, client::OnConflict on_conflict = {}) {
  const auto saved = device->history().Save({message}, {.on_conflict = on_conflict});
  INFO(std::string(saved.status().message()));
  REQUIRE(saved.ok());
}

std::unique_ptr<LocalHistory> OpenCopy(TestDevice& device) {
  auto local = LocalHistory::Open(*device.operator->());
  INFO(std::string(local.status().message()));
  REQUIRE(local.ok());
  return *std::move(local);
}

SyncReport MustSync(LocalHistory& local) {
  auto report = local.Sync();
  INFO(std::string(report.status().message()));
  REQUIRE(report.ok());
  CHECK(report->tampering.empty());
  return *std::move(report);
}

int CountOf(const SyncReport& report, LocalChangeKind kind) {
  int count = 0;
  for (const client::LocalChange& change : report.changes) count += change.kind == kind ? 1 : 0;
  return count;
}

using Rows = std::vector<std::pair<std::string, std::string>>;  // id and content, in order

Rows FromServer(TestDevice& device, const std::string& thread) {
  Rows rows;
  auto reader = device->history().ListMessages({.thread_id = thread});
  while (!reader.done()) {
    const auto page = reader.NextPage();
    REQUIRE(page.ok());
    for (const HistoryMessage& message : *page) {
      REQUIRE(message.verified() != nullptr);
      rows.emplace_back(message.row().message_id, message.verified()->content);
    }
  }
  return rows;
}

Rows FromCopy(LocalHistory& local, const std::string& thread) {
  Rows rows;
  const auto page = local.ReadThread({.thread_id = thread, .limit = 1000});
  REQUIRE(page.ok());
  for (const HistoryMessage& message : page->messages) {
    rows.emplace_back(message.row().message_id, message.verified()->content);
  }
  return rows;
}

// `in_order`: not where messages of one millisecond were replaced before this device saw them (docs/CLIENT.md).
void CheckEqual(TestDevice& device, LocalHistory& local, bool in_order = true) {
  std::size_t total = 0;
  for (const char* thread : {"thread-0", "thread-1", "thread-2"}) {
    Rows rows = FromServer(device, thread), copied = FromCopy(local, thread);
    if (!in_order) std::sort(rows.begin(), rows.end());
    if (!in_order) std::sort(copied.begin(), copied.end());
    CHECK(copied == rows);
    total += rows.size();
  }
  CHECK(*local.CountMessages() == total);
}

TEST_CASE("A device that was away has everything after one sync") {
  TestServer server;
  TestDevice laptop(server, 1), phone(server, 2);
  REQUIRE(laptop->mailbox().Create().ok());
  auto code = laptop->recovery().CreateCode();
  REQUIRE(code.ok());
  REQUIRE(phone->recovery().Join(code->code).ok());
  std::vector<NewMessage> chat;
  for (int i = 0; i < 700; ++i) chat.push_back(Text(i, "first " + std::to_string(i)));
  REQUIRE(laptop->history().SaveAll(chat).ok());

  auto copy = OpenCopy(phone);
  CHECK(MustSync(*copy).first_copied == 700);
  CheckEqual(phone, *copy);
  CHECK(MustSync(*copy).empty());

  // The phone is away. Old messages are imported, others edited, deleted, let expire; keys rotate in between.
  copy.reset();
  phone.Close();
  for (int i = 0; i < 150; ++i) {
    NewMessage old = Text(1000 + i, "imported " + std::to_string(i));
    old.timestamp_ms = kStartMs - 500'000'000 + i;
    Save(laptop, old);
    if (i == 70) REQUIRE(laptop->devices().Rotate().ok());
  }
  NewMessage brief = Text(2000, "brief"), long_lived = Text(2001, "long-lived");
  brief.expire_ms = server.clock.NowMs() + 60'000;
  long_lived.expire_ms = server.clock.NowMs() + 86'400'000;
  Save(laptop, brief);
  Save(laptop, long_lived);
  Save(laptop, Text(5, "edited"), client::OnConflict::kReplace);
  REQUIRE(laptop->history().Delete(std::vector<std::string>{"id-6", "id-7"}).ok());
  server.clock.Advance(120'000);

  phone.Open();
  copy = OpenCopy(phone);
  const SyncReport report = MustSync(*copy);
  CHECK_FALSE(report.resynced);
  CHECK(CountOf(report, LocalChangeKind::kAdded) == 151);  // with the long-lived one, without the brief one
  CHECK(CountOf(report, LocalChangeKind::kEpochOpened) >= 1);
  CHECK_FALSE((*copy->Find("id-2000")).has_value());
  CHECK((*copy->Find("id-2001")).has_value());
  CHECK((*copy->Find("id-5"))->verified()->content == "edited");
  CHECK(CountOf(report, LocalChangeKind::kDeleted) == 2);
  CHECK_FALSE((*copy->Find("id-6")).has_value());
  CheckEqual(phone, *copy);

  // A device that was removed is told so, and keeps what it has.
  const auto devices = laptop->devices().List();
  REQUIRE(devices.ok());
  for (const auto& device : *devices) {
    if (!device.this_device && !device.is_virtual()) REQUIRE(laptop->devices().Revoke(device.device_id).ok());
  }
  const auto refused = copy->Sync();
  CHECK(ReasonOf(refused.status()) == Reason::kDeviceRevoked);
  CHECK(copy->Find("id-5")->has_value());
}

TEST_CASE("A watch brings what another device saves, as it saves it") {
  TestServer server;
  TestDevice laptop(server, 1), phone(server, 2);
  REQUIRE(laptop->mailbox().Create().ok());
  auto code = laptop->recovery().CreateCode();
  REQUIRE(code.ok());
  REQUIRE(phone->recovery().Join(code->code).ok());
  auto copy = OpenCopy(phone);
  client::WatchStop stop;
  int added = 0;
  // Each message is saved once the one before was seen, from a thread of its own.
  int next = 0;
  const auto save = [&] { std::thread([&] { Save(laptop, Text(next++, "text")); }).join(); };
  save();
  const absl::Status status = copy->WatchForChanges(
      [&](const SyncReport& report) {
        added += CountOf(report, LocalChangeKind::kAdded) + static_cast<int>(report.first_copied);
        if (added == 6) stop.Request();
        if (next < 6) save();
      },
      stop);
  INFO(std::string(status.message()));
  CHECK(status.ok());
  CHECK(added == 6);
  CheckEqual(phone, *copy);
}

TEST_CASE("From any interruption the copy becomes the server's state") {
  TestServer server;
  TestDevice laptop(server, 1);
  REQUIRE(laptop->mailbox().Create().ok());
  std::mt19937 random(5);
  const auto pick = [&](int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); };
  int next = 0;
  auto copy = OpenCopy(laptop);
  for (int step = 0; step < 40; ++step) {
    const int count = pick(60);
    std::vector<NewMessage> batch;
    for (int i = 0; i < count; ++i) batch.push_back(Text(next++, std::string(1 + pick(3000), 'a')));
    if (count > 0) REQUIRE(laptop->history().SaveAll(batch).ok());
    for (int i = 0; i < 4 && next > 0; ++i) {
      const int number = pick(next);
      Save(laptop, Text(number, "edit " + std::to_string(step)), client::OnConflict::kReplace);
    }
    for (int i = pick(3); i > 0 && next > 0; --i) {
      const int number = pick(next);
      REQUIRE(laptop->history().Delete(std::vector<std::string>{"id-" + std::to_string(number)}).ok());
    }
    if (pick(8) == 0) REQUIRE(laptop->devices().Rotate().ok());
    int batches = 1 + pick(3);
    const auto report = copy->Sync([&](const client::DownloadProgress&) { return --batches > 0; });
    CHECK((report.ok() || absl::IsCancelled(report.status())));
    if (pick(4) == 0) {
      copy.reset();
      laptop.Open();
      copy = OpenCopy(laptop);
    }
    if (pick(10) == 0) {
      copy.reset();
      REQUIRE(LocalHistory::Erase(*laptop.operator->()).ok());
      copy = OpenCopy(laptop);
    }
  }
  MustSync(*copy);
  CheckEqual(laptop, *copy, /*in_order=*/false);
}

}  // namespace
}  // namespace labyrinth::e2e
