// Opens that meet one another, come again, or whose outcome is unknown.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "service/mailbox/testing/epoch_fixture.h"

namespace labyrinth::mailbox::testing {
namespace {

using storage::CommitFault;

TEST_CASE("a repeated request gets the same epoch, also after the next one was opened") {
  EpochFixture f;
  const OpenEpochRequest request = f.Request({f.code.id});
  const OpenEpochResponse first = f.server.Do(request).value();
  const bool later = GENERATE(false, true);
  if (later) {
    f.mailbox.Rotate(f.other);
    f.server.Restart();
  }
  const auto before = f.server.Rows(f.partition());
  const OpenEpochResponse again = f.server.Do(request).value();
  CHECK(again.epoch_id == first.epoch_id);
  CHECK(again.revision == first.revision);
  CHECK(f.server.Rows(f.partition()) == before);
  OpenEpochRequest other = f.Request();
  other.request = {request.request.id, crypto::Sha256("else")};
  f.mailbox.MustRefuse(other, Reason::kRequestIdReused);
}

TEST_CASE("a request that waits behind itself opens one epoch") {
  EpochFixture f;
  Pending<OpenEpochResponse> one, two;
  const OpenEpochRequest request = f.Request();
  f.server.WhileBusy(f.partition(), [&] {
    one = f.server.Start(request);
    two = f.server.Start(request);
  });
  REQUIRE((*one)->ok());
  REQUIRE((*two)->ok());
  CHECK((**one)->epoch_id == (**two)->epoch_id);
  CHECK((**one)->revision == (**two)->revision);
  f.CheckOneOpened(***one);
}

TEST_CASE("of two that open at once one wins, and the other learns of its epoch") {
  EpochFixture f;
  Pending<OpenEpochResponse> mine, theirs;
  f.server.WhileBusy(f.partition(), [&] {
    mine = f.server.Start(f.Request());
    theirs = f.server.Start(f.mailbox.OpenRequest(f.other));
  });
  REQUIRE((*mine)->ok());
  CHECK(ReasonIn(**theirs) == Reason::kEpochStale);
  CHECK(DetailIn(**theirs, "current_epoch_id") == fmt::format("{}", (**mine)->epoch_id.value()));
  CHECK(DetailIn(**theirs, "current_sequence_id") == "1");
  CHECK(f.EpochAt(1).value().opener_device_id() == f.me().id.value());
  f.CheckOneOpened(***mine);
}

TEST_CASE("an open that another node's overtakes is refused") {
  EpochFixture f;
  QueueExecutor executor;
  Sequencer other_node(f.server.store(), executor, f.server.clock(), f.server.random());
  f.server.faults().ScriptCommits({CommitFault::kHoldRequest});
  auto mine = f.server.Start(f.Request());
  std::optional<OpenEpochResponse> theirs;
  other_node.Submit(f.partition(), std::make_unique<OpenEpochOperation>(
                                       f.server.policy(), f.mailbox.OpenRequest(f.other), f.server.random(),
                                       [&](const auto& result) { theirs = result.value(); }));
  executor.RunAll();
  f.server.faults().Release();
  f.server.Settle();
  REQUIRE(theirs.has_value());
  CHECK(ReasonIn(**mine) == Reason::kEpochStale);
  f.CheckOneOpened(*theirs);
}

TEST_CASE("an open that waits behind a revocation is refused, and succeeds when made anew") {
  EpochFixture f;
  Pending<uint64_t> revoked;
  Pending<OpenEpochResponse> opened;
  f.server.WhileBusy(f.partition(), [&] {
    revoked = f.server.Start(f.mailbox.RevokeRequest(f.me(), f.other.id));
    opened = f.server.Start(f.Request());
  });
  CHECK((*revoked)->ok());
  CHECK(ReasonIn(**opened) == Reason::kMembersMismatch);
  CHECK(DetailIn(**opened, "extra_device_ids") == Text(f.other.id));
  CHECK(f.mailbox.Head().rotation_required());
  f.CheckOneOpened(f.mailbox.Rotate(f.me()));
}

TEST_CASE("an open of unknown outcome is one epoch") {
  const auto fault = GENERATE(CommitFault::kUnknownApplied, CommitFault::kUnknownLost);
  EpochFixture f;
  f.server.faults().ScriptCommits({fault});
  const auto opened = f.server.Do(f.Request({f.code.id}));
  REQUIRE(opened.ok());
  f.CheckOneOpened(*opened);
}

TEST_CASE("an open that comes late is still one epoch") {
  EpochFixture f;
  f.server.faults().ScriptCommits({CommitFault::kUnknownLate});
  const auto opened = f.server.Do(f.Request());
  REQUIRE(opened.ok());
  CHECK(f.server.faults().ApplyLate() == storage::CommitResult::Outcome::kConflict);
  f.CheckOneOpened(*opened);
}

TEST_CASE("an open that failed left nothing, and may be repeated") {
  EpochFixture f;
  const OpenEpochRequest request = f.Request();
  f.server.faults().ScriptCommits({CommitFault::kFail});
  f.mailbox.MustRefuse(request, Reason::kEngineUnavailable);
  const auto opened = f.server.Do(request);
  REQUIRE(opened.ok());
  f.CheckOneOpened(*opened);
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
