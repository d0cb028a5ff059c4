// Parts of a download that are read before they are asked for.
#include <catch2/catch.hpp>

#include "service/mailbox/download_reader.h"
#include "service/mailbox/testing/download_fixture.h"

namespace labyrinth::mailbox::testing {
namespace {

constexpr int64_t kExpireMs = kTestNowMs + 1000;

TEST_CASE("a part that was read ahead is served if nothing happened since, and only then") {
  DownloadFixture f;
  if (f.reading != Reading::kAhead) return;
  const TestDevice other = f.mailbox.AddDevice(f.code);
  f.SaveTwelve();
  Download download = f.MustOpen("");
  const DownloadPart first = f.MustNext(download);
  CHECK(first.messages.size() == 5);
  CHECK_FALSE(first.prepared);
  CHECK(f.prepared == 1);
  const uint64_t before = f.server.faults().reads_seen();
  SECTION("nothing happened") {
    const DownloadPart part = f.MustNext(download);
    CHECK(part.messages.size() == 5);
    CHECK(part.prepared);
    CHECK(f.server.faults().reads_seen() - before == 2);  // the caller's standing, and ahead again
  }
  SECTION("a device was added") {
    f.mailbox.AddDevice(f.code);
    const uint64_t now = f.server.faults().reads_seen();
    const DownloadPart part = f.MustNext(download);
    CHECK(part.messages.size() == 5);
    CHECK_FALSE(part.prepared);
    CHECK(f.server.faults().reads_seen() - now == 3);
  }
  SECTION("the caller was revoked") {
    f.mailbox.Revoke(other, f.mailbox.first().id);
    CHECK(ReasonIn(f.Next(download)) == Reason::kDeviceRevoked);
  }
  SECTION("its standing can't be read") {
    f.server.faults().ScriptReads({storage::ReadFault::kFail});
    CHECK(ReasonIn(f.Next(download)) == Reason::kEngineUnavailable);
  }
}

TEST_CASE("a part whose reading ahead failed is read in its turn") {
  DownloadFixture f;
  if (f.reading != Reading::kInTurn) return;
  f.SaveTwelve();
  Download download = f.MustOpen("");
  CHECK(f.MustNext(download).messages.size() == 5);
  f.server.faults().ScriptReads({storage::ReadFault::kFail});
  f.server.downloads().ReadAhead(download, absl::InfiniteFuture(), [&](DownloadPart&) { ++f.prepared; });
  f.server.Settle();
  CHECK(f.prepared == 0);
  CHECK(IdsOf(f.MustNext(download).messages) == Ids{"m5", "m6", "m7", "m8", "m9"});
}

TEST_CASE("a part that was read ahead is read again once the first of its messages has expired") {
  DownloadFixture f;
  if (f.reading != Reading::kAhead) return;
  for (int i = 0; i < 5; ++i) f.SaveLarge(fmt::format("first{}", i), "t", 100 - i);
  f.Save({MakeMessage("late", "t", 3, std::string(kLarge, 'c'), kExpireMs + 1),
          MakeMessage("early", "t", 2, std::string(kLarge, 'c'), kExpireMs),
          MakeMessage("never", "t", 1, std::string(kLarge, 'c'))});
  Download download = f.MustOpen("");
  CHECK(f.MustNext(download).messages.size() == 5);
  const bool in_time = GENERATE(true, false);
  f.server.clock().Set(in_time ? kExpireMs - 1 : kExpireMs);
  const DownloadPart part = f.MustNext(download);
  CHECK(part.prepared == in_time);
  CHECK(IdsOf(part.messages) == (in_time ? Ids{"late", "early", "never"} : Ids{"late", "never"}));
}

TEST_CASE("whoever prepares a part may take its messages") {
  DownloadFixture f;
  if (f.reading != Reading::kInTurn) return;
  f.SaveTwelve();
  Download download = f.MustOpen("");
  f.MustNext(download);
  Ids taken;
  f.server.downloads().ReadAhead(download, absl::InfiniteFuture(), [&](DownloadPart& part) {
    taken = IdsOf(part.messages);
    part.messages.clear();
  });
  f.server.Settle();
  const DownloadPart part = f.MustNext(download);
  CHECK(part.prepared);
  CHECK(part.messages.empty());
  CHECK(part.progress.done_count == 10);
  CHECK(taken == Ids{"m5", "m6", "m7", "m8", "m9"});
  CHECK(IdsOf(f.MustNext(download).messages) == Ids{"m10", "m11"});
}

TEST_CASE("a download may be given up while it reads ahead") {
  DownloadFixture f;
  f.SaveTwelve();
  {
    Download download = f.MustOpen("");
    f.MustNext(download);
  }
  f.server.Settle();
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
