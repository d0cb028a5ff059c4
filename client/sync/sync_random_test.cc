// Random histories, random interruptions: after a sync that ends well the copy is the server's state.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "client/sync/local_history.h"
#include "client/sync/sync_fixture.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

using testing::FakeStore;
using testing::SyncFixture;
using testing::TestClient;

// LABYRINTH_SEED=N runs that seed alone.
std::vector<unsigned> Seeds() {
  if (const char* seed = std::getenv("LABYRINTH_SEED")) return {static_cast<unsigned>(std::strtoul(seed, nullptr, 10))};
  std::vector<unsigned> seeds;
  for (unsigned seed = 1; seed <= 10; ++seed) seeds.push_back(seed);
  return seeds;
}

class Story {
 public:
  explicit Story(unsigned seed) : random_(seed) {
    phone_ = f_.Join(2);
    f_.server.before = [this](const std::string& method) {
      // From some call on the server is away, until Heal.
      if (calls_left_ > 0 && --calls_left_ == 0) away_ = true;
      if (away_ && method.find("after:") == std::string::npos) return absl::UnavailableError("away");
      return absl::OkStatus();
    };
  }

  void Run(int steps) {
    for (int step = 0; step < steps; ++step) {
      const int changes = Pick(6);
      for (int i = 0; i < changes; ++i) Change();
      Interrupted();
      if (Pick(3) == 0) f_.Reopen();
      if (Pick(4) != 0) continue;
      f_.MustSync();
      Check();
    }
    f_.MustSync();
    Check();
    CHECK(f_.MustSync().empty());
  }

 private:
  int Pick(int bound) { return static_cast<int>(random_() % static_cast<unsigned>(bound)); }
  std::string Id() { return "m" + std::to_string(Pick(next_ + 1)); }

  void Save(const std::string& id, OnConflict on_conflict) {
    // Of one id always the same thread and time, as the API demands.
    const int number = std::atoi(id.c_str() + 1);
    NewMessage message{.thread_id = "t" + std::to_string(number % 4),
                       .message_id = id,
                       .timestamp_ms = number * 7919 % 1000,
                       .expire_ms = number % 5 == 0 ? 10'000'000 + number * 10 : 0,
                       .content = "content " + std::to_string(++content_)};
    TestClient& device = Pick(2) == 0 ? f_.laptop : *phone_;
    REQUIRE(device->history().Save({message}, {.on_conflict = on_conflict}).ok());
  }

  void Change() {
    const int what = Pick(20);
    if (what < 10) {
      Save("m" + std::to_string(++next_), OnConflict::kKeepExisting);
    } else if (what < 13) {
      Save(Id(), OnConflict::kReplace);
    } else if (what < 16) {
      REQUIRE(f_.laptop->history().Delete(std::vector<std::string>{Id(), Id()}).ok());
    } else if (what == 16) {
      now_ms_ += 100;
      f_.server.Locked([&](FakeStore& store) { store.Expire(now_ms_); });
    } else if (what == 17) {
      REQUIRE((*phone_)->devices().Rotate().ok());
    } else if (what == 18) {
      f_.server.Locked([](FakeStore& store) {
        store.feed.clear();
        store.feed_tail = ++store.revision;
      });
    } else {
      f_.server.inline_messages = Pick(4);
    }
  }

  // A sync that something ends somewhere; or nothing.
  void Interrupted() {
    calls_left_ = Pick(2) == 0 ? 1 + Pick(12) : 0;
    int batches = Pick(2) == 0 ? 1 + Pick(5) : 1000;
    const auto report = f_.local->Sync([&](const DownloadProgress&) { return --batches > 0; });
    if (!report.ok()) CHECK((absl::IsUnavailable(report.status()) || absl::IsCancelled(report.status())));
    if (report.ok()) CHECK(report->tampering.empty());
    calls_left_ = 0;
    away_ = false;
  }

  // By content: in one millisecond the order can differ where a message was replaced before it was seen.
  void Check() {
    testing::Seen there, here;
    testing::ServerOrder(*f_.laptop, "", there);
    const auto threads = f_.local->ListThreads();
    REQUIRE(threads.ok());
    for (const HistoryMessage& newest : *threads) {
      testing::LocalOrder(*f_.local, newest.row().thread_id, here);
    }
    CHECK(here == there);
    CHECK(f_.local->Refused()->empty());
  }

  SyncFixture f_;
  std::unique_ptr<TestClient> phone_;
  std::mt19937 random_;
  int next_ = 0, content_ = 0;
  int64_t now_ms_ = 10'000'000;
  int calls_left_ = 0;
  bool away_ = false;
};

TEST_CASE("Whatever happened and whatever was interrupted, the copy becomes the server's state") {
  for (const unsigned seed : Seeds()) {
    INFO("LABYRINTH_SEED=" << seed);
    Story(seed).Run(30);
  }
}

}  // namespace
}  // namespace labyrinth::client
