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
  CHECK(first.prepared == nullptr);
  CHECK(f.prepared == 2);
  const uint64_t before = f.server.faults().reads_seen();
  SECTION("nothing happened") {
    const DownloadPart part = f.MustNext(download);
    CHECK(part.messages.size() == 5);
    CHECK(part.prepared != nullptr);
    CHECK(f.server.faults().reads_seen() - before == 1);  // the caller's standing; all was read by then
  }
  SECTION("a device was added") {
    f.mailbox.AddDevice(f.code);
    const uint64_t now = f.server.faults().reads_seen();
    const DownloadPart part = f.MustNext(download);
    CHECK(part.messages.size() == 5);
    CHECK(part.prepared == nullptr);
    CHECK(f.server.faults().reads_seen() - now == 3);  // again, and ahead
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
  f.server.downloads().ReadAhead(download, absl::InfiniteFuture(), f.Count());
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
  CHECK((part.prepared != nullptr) == in_time);
  CHECK(IdsOf(part.messages) == (in_time ? Ids{"late", "early", "never"} : Ids{"late", "never"}));
}

TEST_CASE("two parts are read ahead at a time, to the end and no further") {
  DownloadFixture f;
  if (f.reading != Reading::kAhead) return;
  for (int i = 0; i < 22; ++i) f.SaveLarge(fmt::format("m{}", i), "t", 1000 - i);
  Download download = f.MustOpen("");
  const uint64_t before = f.server.faults().reads_seen();
  for (const int ahead : {2, 3, 4, 4}) {
    f.MustNext(download);
    CHECK(f.prepared == ahead);
  }
  const DownloadPart last = f.MustNext(download);
  CHECK(IdsOf(last.messages) == Ids{"m20", "m21"});
  CHECK(last.prepared != nullptr);
  CHECK(last.resume_token.empty());
  CHECK(f.prepared == 4);
  CHECK(f.server.faults().reads_seen() - before == 9);  // five parts, and the caller's standing with all but the first
}

TEST_CASE("whoever prepares a part may take its messages, and gets it with what came of them") {
  DownloadFixture f;
  if (f.reading != Reading::kInTurn) return;
  f.SaveTwelve();
  Download download = f.MustOpen("");
  f.MustNext(download);
  f.server.downloads().ReadAhead(download, absl::InfiniteFuture(), [](DownloadPart& part) {
    auto taken = std::make_shared<Ids>(IdsOf(part.messages));
    part.messages.clear();
    return taken;
  });
  f.server.Settle();
  for (const Ids& ids : {Ids{"m5", "m6", "m7", "m8", "m9"}, Ids{"m10", "m11"}}) {
    const DownloadPart part = f.MustNext(download);
    CHECK(part.messages.empty());
    REQUIRE(part.prepared != nullptr);
    CHECK(*std::static_pointer_cast<Ids>(part.prepared) == ids);
    CHECK(part.progress.done_count == (part.resume_token.empty() ? 12 : 10));
  }
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
