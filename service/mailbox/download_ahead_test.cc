// Parts of a download that are read before they are asked for.
#include <catch2/catch.hpp>

#include "service/mailbox/download_reader.h"
#include "service/mailbox/testing/download_fixture.h"

namespace labyrinth::mailbox::testing {
namespace {

TEST_CASE("what was read ahead serves a part if nothing happened since, and only then") {
  DownloadFixture f;
  if (f.reading != Reading::kAhead) return;
  const TestDevice other = f.mailbox.AddDevice(f.code);
  f.SaveTwelve();
  Download download = f.MustOpen("");
  CHECK(f.MustNext(download).messages.size() == 5);
  const uint64_t before = f.server.faults().reads_seen();
  SECTION("nothing happened") {
    CHECK(f.MustNext(download).messages.size() == 5);
    CHECK(f.server.faults().reads_seen() - before == 2);  // the caller's standing, and ahead again
  }
  SECTION("a device was added") {
    f.mailbox.AddDevice(f.code);
    const uint64_t now = f.server.faults().reads_seen();
    CHECK(f.MustNext(download).messages.size() == 5);
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
  f.server.downloads().ReadAhead(download, absl::InfiniteFuture());
  f.server.Settle();
  CHECK(IdsOf(f.MustNext(download).messages) == Ids{"m5", "m6", "m7", "m8", "m9"});
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
