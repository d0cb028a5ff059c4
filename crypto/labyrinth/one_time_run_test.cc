#include "crypto/labyrinth/one_time_run.h"

#include <catch2/catch.hpp>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/labyrinth/one_time_testing.h"

namespace labyrinth::crypto {
namespace {

TEST_CASE("one code, one run, and the new device has what it needs") {
  OneTimeFixture f(1);
  OneTimeNewDevice joining = f.NewDevice();
  OneTimeOldDevice member = f.OldDevice();

  const auto answer = member.Answer(joining.StartPayload());
  REQUIRE(answer.ok());
  const auto confirm = joining.Confirm(*answer);
  REQUIRE(confirm.ok());
  CHECK(joining.old_device() == f.self);
  REQUIRE(member.CheckConfirm(*confirm).ok());
  const auto grant = member.Grant(f.Bundle(), f.random);
  REQUIRE(grant.ok());
  CHECK(grant->size() <= limits::kEnrollmentPayloadBytes);

  const auto bundle = joining.OpenGrant(*grant);
  REQUIRE(bundle.ok());
  CHECK(bundle->orf.bytes().RevealSecret() == f.temporary.bytes().RevealSecret());
  CHECK(bundle->mailbox_root_salt.RevealSecret() == f.salt.RevealSecret());
  CHECK(bundle->epoch.id == f.epoch.id);
  CHECK(bundle->epoch.sequence_id == f.epoch.sequence_id);
  CHECK(bundle->epoch.root_key.RevealSecret() == f.epoch.root_key.RevealSecret());
  CHECK(DecodeLogEntry(bundle->add_entry.entry)->index == f.self.log_index + 1);
}

}  // namespace
}  // namespace labyrinth::crypto
