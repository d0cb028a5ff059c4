// Rotation over the years of a mailbox: long absences, many devices, races, and entropies that don't arrive.
#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "client/rotation.h"
#include "client/testing/mailbox_fixture.h"
#include "common/limits.h"

namespace labyrinth::client {
namespace {

using testing::MailboxFixture;
using testing::Mentions;
using testing::TestClient;

std::vector<std::string> ContentsOf(TestClient& client, const std::string& thread) {
  std::vector<std::string> contents;
  auto walk = client->history().ListMessages({.thread_id = thread});
  while (!walk.done()) {
    const auto page = walk.NextPage();
    REQUIRE(page.ok());
    for (const HistoryMessage& message : *page) {
      REQUIRE(message.verified() != nullptr);
      contents.emplace_back(message.verified()->content);
    }
  }
  return contents;
}

TEST_CASE("A device that was away for 500 epochs catches up in pages, and reads what was written in all of them") {
  constexpr int kEpochs = 500;
  MailboxFixture f;
  auto phone = f.Join(2);
  REQUIRE((*phone)->history().Save({testing::Text("t", "before", 1, "before")}).ok());
  phone->Close();
  for (int i = 0; i < kEpochs; ++i) {
    REQUIRE(f.laptop->devices().Rotate().ok());
    if (i % 100 == 50) {
      REQUIRE(f.laptop->history().Save({testing::Text("t", "during " + std::to_string(i), 2 + i, "during")}).ok());
    }
  }
  phone->Open();
  f.server.page_size = 50;
  f.server.calls.clear();
  const auto info = (*phone)->mailbox().Info();
  REQUIRE(info.ok());
  CHECK(info->epoch_sequence == 1 + kEpochs);
  int calls = 0;
  for (const auto& [method, count] : f.server.calls) calls += count;
  CHECK(calls <= 4 + 2 * (kEpochs / 50 + 1));  // signing in, and the log and the epochs page by page
  CHECK(ContentsOf(*phone, "t").size() == 6);
  CHECK((*phone)->history().Save({testing::Text("t", "after", 1000, "after")}).ok());
  CHECK(ContentsOf(f.laptop, "t").size() == 7);
}

TEST_CASE("A mailbox with as many devices as it may have rotates for all of them, and without any of them") {
  MailboxFixture f;
  const crypto::Secret code = f.MakeCode();
  std::vector<std::unique_ptr<TestClient>> others;
  while (others.size() + 2 < limits::kDevices) {  // the laptop, the code, and these
    others.push_back(std::make_unique<TestClient>(f.server, 10 + others.size()));
    REQUIRE((*others.back())->recovery().Join(code).ok());
  }
  const auto everyone = f.laptop->devices().Rotate();
  REQUIRE(everyone.ok());
  CHECK(everyone->members.size() == limits::kDevices);
  for (auto& other : others) CHECK((*other)->mailbox().Info()->epoch_sequence == everyone->epoch_sequence);

  const auto without = f.laptop->devices().Revoke(f.IdOf(*others[7]));
  REQUIRE(without.ok());
  CHECK(without->rotation->members.size() == limits::kDevices - 1);
  CHECK(without->rotation->removed.size() == 1);
  CHECK((*others[8])->mailbox().Info()->epoch_sequence == everyone->epoch_sequence + 1);
  CHECK(ReasonOf((*others[7])->mailbox().Info().status()) == Reason::kDeviceRevoked);
}

TEST_CASE("Devices that rotate in turn end in one chain, one epoch a sequence") {
  MailboxFixture f;
  auto phone = f.Join(2);
  std::set<uint64_t> epoch_ids;
  uint32_t sequence = f.laptop->mailbox().Info()->epoch_sequence;
  for (int i = 0; i < 10; ++i) {
    // Neither has seen the other's last epoch when it begins.
    for (TestClient* device : {&f.laptop, phone.get()}) {
      const auto report = (*device)->devices().Rotate();
      REQUIRE(report.ok());
      CHECK(report->epoch_sequence == ++sequence);
      CHECK(epoch_ids.insert(report->epoch_id.value()).second);
    }
  }
  CHECK(f.laptop->mailbox().Info()->epoch_sequence == sequence);
  CHECK((*phone)->mailbox().Info()->epoch_sequence == sequence);
}

}  // namespace
}  // namespace labyrinth::client
