// What has expired or was deleted leaves the disk: every file of the store is searched for it.
#include <catch2/catch.hpp>
#include <filesystem>
#include <random>
#include <string>

#include "absl/time/clock.h"
#include "service/mailbox/caretaker.h"
#include "service/mailbox/testing/test_mailbox.h"
#include "tests/conformance/engine/store_on_disk.h"
#include "tests/model/waiting_engine.h"

namespace labyrinth::mailbox::testing {
namespace {

constexpr int64_t kExpireMs = kTestNowMs + 60'000;

bool OnDisk(const std::string& path, const std::string& bytes) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (!entry.is_regular_file()) continue;
    if (storage::ReadFile(entry.path().string()).find(bytes) != std::string::npos) return true;
  }
  return false;
}

// Passes of an idle store until none of its files holds `bytes`; false if that takes too long.
bool Erased(storage::RocksdbEngine& store, const std::string& path, const std::string& bytes) {
  const absl::Time end = absl::Now() + absl::Seconds(60);
  while (OnDisk(path, bytes)) {
    if (absl::Now() > end) return false;
    REQUIRE(store.EraseDeletedBlobs().ok());
    absl::SleepFor(absl::Milliseconds(100));  // compactions run on threads of their own
  }
  return true;
}

TEST_CASE("an expired or deleted message is in no file of an idle store, the log included") {
  const bool expires = GENERATE(true, false);
  const bool in_table = GENERATE(true, false);  // before it goes, or in the log alone
  INFO("expires " << expires << ", in a table " << in_table);
  const storage::TempDir dir;
  storage::RocksdbOptions options = storage::TestOptions();
  options.rewrite_after_seconds = 1;
  options.erase_blobs_within_seconds = 0;
  auto store = storage::MustOpen(dir.path(), options);
  // Random, as ciphertext is: compression leaves it as it is.
  std::mt19937_64 random(1);
  std::string marker, other;
  for (int i = 0; i < 64; ++i) {
    marker.push_back(static_cast<char>(random()));
    other.push_back(static_cast<char>(random()));
  }
  {
    storage::WaitingEngine waiting(*store);
    TestServer server(1, &waiting);
    TestMailbox mailbox(server);
    Caretaker caretaker(server.sequencer());
    mailbox.Create();
    mailbox.MustSave(mailbox.first(), {MakeMessage("stays", "t", 1, other)});
    mailbox.MustSave(mailbox.first(), {MakeMessage("goes", "u", 2, marker, expires ? kExpireMs : 0)});
    if (in_table) REQUIRE(store->EraseDeletedBlobs().ok());
    REQUIRE(OnDisk(dir.path(), marker));

    if (expires) {
      server.clock().Set(kExpireMs);
      absl::Status status = absl::UnknownError("not answered");
      caretaker.Wake(mailbox.partition(), absl::InfiniteFuture(), [&](absl::Status result) { status = result; });
      server.Settle();
      REQUIRE(status.ok());
    } else {
      REQUIRE(server.Do(DeleteRequest{mailbox.CallerOf(mailbox.first()), {"goes"}}).ok());
    }
    CHECK(Erased(*store, dir.path(), marker));
    CHECK(OnDisk(dir.path(), other));
    mailbox.CheckSound();
  }
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
