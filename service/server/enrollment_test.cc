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

TEST_CASE("Two devices meet, each hears the other, and the new one is a member that signs in") {
  EnrollmentFixture f("whole");
  auto added = f.NewDevice();
  const auto members = f.O().Watch();
  const std::string id = f.N().MustOpen(added->keys());
  const auto opened = members->Next();
  REQUIRE(opened.has_value());
  CHECK(opened->enrollment_id() == id);
  CHECK(opened->step() == v1::ENROLLMENT_STEP_OPEN);
  CHECK(opened->payload() == "nonce of 16 byte");
  CHECK(opened->keys().device_key() == added->keys().device_key.view());
  CHECK(opened->keys().sig_31() == added->keys().sig_31->view());
  CHECK(opened->sealed_label() == "label");
  const auto mine = f.N().Watch(id);

  REQUIRE(f.O().Send(id, kConsent, 0, "nO").ok());
  CHECK(mine->NextText() == "CONSENT:nO");
  REQUIRE(f.N().Send(id, kStart, 1, "Ya").ok());
  CHECK(members->NextText() == "START:Ya");
  REQUIRE(f.O().Send(id, kAnswer, 1, "Yb").ok());
  CHECK(mine->NextText() == "ANSWER:Yb");
  REQUIRE(f.N().Send(id, kConfirm, 1, "macN").ok());
  CHECK(members->NextText() == "CONFIRM:macN");
  REQUIRE(f.O().Send(id, kGrant, 1, "bundle", f.RandomScalar()).ok());
  CHECK(mine->NextText() == "GRANT:bundle");

  CHECK(f.Register(id, *added).ok());
  CHECK(mine->End().ok());
  CHECK(members->NextText() == "REGISTERED:");
  CHECK_FALSE(added->SignIn().empty());
  CHECK(ReasonOfCall(f.N().Send(id, kRenew, 1, "")) == Reason::kEnrollmentClosed);
  CHECK(ReasonOfCall(f.N().Watch(id)->End()) == std::nullopt);  // OK: that is how it ended
}

TEST_CASE("An entry that went stale is signed again, and a registration of unknown outcome is repeated") {
  EnrollmentFixture f("stale");
  auto first = f.NewDevice(), second = f.NewDevice();
  const std::string one = f.MustGrant(*first), two = f.MustGrant(*second);
  const LogPosition before = f.old->Log(f.session);
  REQUIRE(f.Register(one, *first).ok());

  v1::RegisterDeviceResponse response;
  CHECK(ReasonOfCall(f.N().Register(f.Registration(two, *second, *f.old, before), response)) == Reason::kLogStale);
  const auto mine = f.N().Watch(two);
  for (const char* text : {"CONSENT:nO", "ANSWER:Yb", "GRANT:bundle"}) CHECK(mine->NextText() == text);
  CHECK(f.N().Send(two, kRenew, 1, "").ok());
  CHECK(FieldOf(f.O().Send(two, kGrant, 1, "fresh", f.RandomScalar())) == "evolve_token");
  CHECK(f.O().Send(two, kGrant, 1, "fresh").ok());
  CHECK(mine->NextText() == "GRANT:fresh");

  const auto request = f.Registration(two, *second, *f.old, f.old->Log(f.session));
  REQUIRE(f.N().Register(request, response).ok());
  const uint64_t device_id = response.device_id();
  CHECK(mine->End().ok());
  response.Clear();
  CHECK(f.N().Register(request, response).ok());  // the same request, after the enrolment's end
  CHECK(response.device_id() == device_id);
  v1::RegisterDeviceRequest other = request;
  other.set_request_id(std::string(16, 'x'));
  CHECK(ReasonOfCall(f.N().Register(other, response)) == Reason::kEnrollmentClosed);
}

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

TEST_CASE("Nobody else's account, enrolment, keys or signature gets anywhere") {
  EnrollmentFixture f("strangers");
  auto bob = f.NewDevice("bob");
  bob->CreateMailbox();
  const EnrollmentCaller bob_n(f.server.Channel(), f.server.Token("bob"), "");
  const EnrollmentCaller bob_o(f.server.Channel(), "", bob->SignIn());
  auto added = f.NewDevice(), other = f.NewDevice();
  const std::string id = f.MustGrant(*added);
  const std::string second = f.MustConsent(*other);
  for (const EnrollmentCaller* caller : {&bob_n, &bob_o}) {
    for (const auto step : {kConsent, kStart, kAnswer, kConfirm, kGrant, kRefuse, kRenew, kCancel}) {
      CHECK(ReasonOfCall(caller->Send(id, step, 1, "x")) == Reason::kEnrollmentClosed);
    }
  }
  CHECK(ReasonOfCall(bob_n.Watch(id)->End()) == Reason::kEnrollmentClosed);
  const LogPosition at = f.old->Log(f.session);
  v1::RegisterDeviceResponse response;
  const auto registered = [&](const EnrollmentCaller& caller, const v1::RegisterDeviceRequest& request) {
    return caller.Register(request, response);
  };
  CHECK(ReasonOfCall(registered(bob_n, f.Registration(id, *added, *f.old, at))) == Reason::kEnrollmentClosed);
  CHECK(FieldOf(registered(f.N(), f.Registration(id, *other, *f.old, at))) == "keys");
  CHECK(ReasonOfCall(registered(f.N(), f.Registration(second, *other, *f.old, at))) == Reason::kEnrollmentClosed);
  CHECK(ReasonOfCall(registered(f.N(), f.Registration(std::string(16, 'x'), *added, *f.old, at))) ==
        Reason::kEnrollmentClosed);
  CHECK(FieldOf(registered(f.N(), f.Registration(id, *added, *added, at))) == "log_entry.actor");
  CHECK(FieldOf(registered(f.N(), f.Registration("short", *added, *f.old, at))) == "enrollment_id");

  CHECK(ReasonOfCall(EnrollmentCaller(f.server.Channel(), "", "").Send(id, kRenew, 1, "")) == Reason::kTokenInvalid);
  CHECK(ReasonOfCall(EnrollmentCaller(f.server.Channel(), "", "").Watch()->End()) == Reason::kTokenInvalid);
  CHECK(ReasonOfCall(EnrollmentCaller(f.server.Channel(), f.token, "bad").Watch()->End()) == Reason::kTokenInvalid);
  CHECK(FieldOf(f.O().Watch(id)->End()) == "enrollment_id");
  CHECK(FieldOf(f.N().Watch()->End()) == "enrollment_id");
  CHECK(f.Register(id, *added).ok());  // control
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
std::vector<storage::KeyValue> RowsOf(storage::Engine& engine, const std::string& partition) {
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
  return page.items;
}

crypto::Scalar StoredScalar(const std::vector<storage::KeyValue>& rows, DeviceId id) {
  storage_v1::OrfServerRecord record;
  for (const auto& [key, value] : rows) {
    if (key == storage::keys::OrfServer(id)) REQUIRE(record.ParseFromString(value));
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
    return std::any_of(rows.begin(), rows.end(), [&](const storage::KeyValue& row) {
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
