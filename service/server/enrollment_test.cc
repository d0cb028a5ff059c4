// One-time codes over the wire: who may say what to whom (protocol section 4).
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/errors.h"
#include "crypto/primitives/ristretto.h"
#include "proto/storage/v1/records.pb.h"
#include "service/auth/server_keys.h"
#include "service/server/testing/enrollment_fixture.h"
#include "storage/rocksdb/rocksdb_engine.h"
#include "storage/schema.h"

namespace labyrinth::service::testing {
namespace {

TEST_CASE("Members learn of each other's consent, and only the one that gave it goes on") {
  EnrollmentFixture f("members");
  const auto member = f.AddMember();
  const EnrollmentCaller other(f.server.Channel(), "", member->SignIn());
  auto added = f.NewDevice();
  const std::string id = f.N().MustOpen(added->keys());
  const auto theirs = other.Watch();
  CHECK(theirs->NextText() == "OPEN:nonce of 16 byte");
  REQUIRE(f.O().Send(id, kConsent, 0, "nO").ok());
  CHECK(theirs->NextText() == "CLOSED:");
  REQUIRE(f.N().Send(id, kStart, 1, "Ya").ok());
  CHECK(ReasonOfCall(other.Send(id, kConsent, 0, "nO")) == Reason::kEnrollmentClosed);
  CHECK(ReasonOfCall(other.Send(id, kAnswer, 1, "Yb")) == Reason::kEnrollmentClosed);
  CHECK(ReasonOfCall(other.Send(id, kCancel, 0, "")) == Reason::kEnrollmentClosed);
  REQUIRE(f.O().Send(id, kAnswer, 1, "Yb").ok());
  REQUIRE(f.N().Send(id, kConfirm, 1, "macN").ok());
  REQUIRE(f.O().Send(id, kGrant, 1, "bundle", f.RandomScalar()).ok());
  // Another member's signature is no word of the one that granted.
  v1::RegisterDeviceResponse response;
  const auto request = f.Registration(id, *added, *member, f.old->Log(f.session));
  CHECK(FieldOf(f.N().Register(request, response)) == "log_entry");
  CHECK(f.Register(id, *added).ok());
}

TEST_CASE("A removed member vouches for nobody any more: its enrolments and its watch end at once") {
  EnrollmentFixture f("removed");
  const auto member = f.AddMember();
  const EnrollmentCaller theirs(f.server.Channel(), "", member->SignIn());
  auto added = f.NewDevice();
  const std::string id = f.N().MustOpen(added->keys());
  REQUIRE(theirs.Send(id, kConsent, 0, "nO").ok());
  REQUIRE(f.N().Send(id, kStart, 1, "Ya").ok());
  REQUIRE(theirs.Send(id, kAnswer, 1, "Yb").ok());
  REQUIRE(f.N().Send(id, kConfirm, 1, "mac").ok());
  REQUIRE(theirs.Send(id, kGrant, 1, "bundle", f.RandomScalar()).ok());
  const auto request = f.Registration(id, *added, *member, f.old->Log(f.session));
  const auto watch = theirs.Watch();
  for (const char* text : {"OPEN:nonce of 16 byte", "START:Ya", "CONFIRM:mac"}) CHECK(watch->NextText() == text);
  const auto mine = f.N().Watch(id);
  for (const char* text : {"CONSENT:nO", "ANSWER:Yb", "GRANT:bundle"}) CHECK(mine->NextText() == text);

  f.CutOff(*member);
  CHECK(ReasonOfCall(watch->End()) == Reason::kDeviceRevoked);
  CHECK(ReasonOfCall(mine->End()) == Reason::kEnrollmentClosed);
  CHECK(ReasonOfCall(theirs.Watch()->End()) == Reason::kDeviceRevoked);
  CHECK(ReasonOfCall(theirs.Send(id, kGrant, 1, "fresh")) == Reason::kDeviceRevoked);
  CHECK(ReasonOfCall(f.N().Send(id, kRenew, 1, "")) == Reason::kEnrollmentClosed);
  v1::RegisterDeviceResponse response;
  CHECK(ReasonOfCall(f.N().Register(request, response)) == Reason::kEnrollmentClosed);
}

// Every row of the mailbox.
storage::Page RowsOf(storage::Engine& engine, const std::string& partition) {
  storage::ReadRequest read;
  read.partition = partition;
  storage::Scan all;
  all.begin = std::string(1, '\0');
  all.end = std::string(1, '\xff');
  all.max_items = 1000;
  read.scans = {all};
  absl::Notification done;
  storage::Page page;
  engine.Read(std::move(read), [&](absl::StatusOr<storage::ReadResult> result) {
    if (result.ok()) page = std::move(result->pages[0]);
    done.Notify();
  });
  done.WaitForNotification();
  CHECK_FALSE(page.more);
  return page;
}

crypto::Scalar StoredScalar(const storage::Page& page, DeviceId id) {
  storage_v1::OrfServerRecord record;
  for (const auto& [key, value] : page.items) {
    if (key == storage::keys::OrfServer(id)) REQUIRE(record.ParseFromString(std::string(value)));
  }
  return *crypto::Scalar::Parse(record.scalar());
}

TEST_CASE("The new scalar is the sponsor's by both tokens, and neither they nor the one between are stored") {
  EnrollmentFixture f("scalars");
  auto added = f.NewDevice();
  const crypto::Scalar first = crypto::Scalar::Random(f.server.random());
  const crypto::Scalar second = crypto::Scalar::Random(f.server.random());
  const std::string id = f.MustConsent(*added);
  REQUIRE(f.N().Send(id, kStart, 1, "Ya").ok());
  REQUIRE(f.O().Send(id, kAnswer, 1, "Yb").ok());
  REQUIRE(f.N().Send(id, kConfirm, 1, "mac").ok());
  REQUIRE(f.O().Send(id, kGrant, 1, "bundle", std::string(first.bytes().RevealSecret())).ok());
  auto request = f.Registration(id, *added, *f.old, f.old->Log(f.session));
  request.set_evolve_token(std::string(second.bytes().RevealSecret()));
  v1::RegisterDeviceResponse response;
  REQUIRE(f.N().Register(request, response).ok());
  f.server.Stop();

  const std::string path = StorePath(f.server.config().data_dir);
  auto engine = storage::RocksdbEngine::Open(path, {});
  REQUIRE(engine.ok());
  const auto keys = ServerKeys::LoadOrCreate(**engine, f.server.random(), {std::string(kDevServerName), true});
  REQUIRE(keys.ok());
  const auto rows = RowsOf(**engine, keys->AccountPartition("alice"));
  const crypto::Scalar sponsor = StoredScalar(rows, f.old->device_id);
  const crypto::Scalar registered = StoredScalar(rows, DeviceId(response.device_id()));
  const crypto::Scalar temporary = registered.Times(second);
  CHECK(temporary.Times(first).bytes().RevealSecret() == sponsor.bytes().RevealSecret());
  const auto stored = [&](const crypto::Scalar& scalar) {
    return std::any_of(rows.items.begin(), rows.items.end(), [&](const storage::Row& row) {
      return row.value.find(scalar.bytes().RevealSecret()) != std::string::npos;
    });
  };
  CHECK_FALSE(stored(first));
  CHECK_FALSE(stored(second));
  CHECK_FALSE(stored(temporary));
  CHECK(stored(registered));  // control
}

}  // namespace
}  // namespace labyrinth::service::testing
