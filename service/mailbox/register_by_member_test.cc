// A device joins by a one-time code: a member signs for it, and hands over a temporary ORF state.
#include <catch2/catch.hpp>
#include <utility>

#include "crypto/orf_server/orf_server.h"
#include "service/mailbox/device_operations.h"
#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;
using crypto::LogEntry;

struct Fixture {
  Fixture() : mailbox(server), added(MakePhysical(server.random())) {
    mailbox.Create();
    code = mailbox.AddVirtualDevice(me());
  }
  TestDevice& me() { return mailbox.first(); }
  const std::string& partition() { return mailbox.partition(); }
  RegisterDeviceRequest Request() { return mailbox.RegisterByMember(me(), added); }
  std::string Mapped(const TestDevice& device, std::string_view input) {
    const auto record = server.Find<storage_v1::OrfServerRecord>(partition(), keys::OrfServer(device.id)).value();
    const auto state = *crypto::OrfServerState::Parse(crypto::Secret::CopyOf(record.scalar()));
    const auto point = *crypto::Multiply(device.orf_client_scalar, crypto::HashToCurve(input));
    return state.Map("domain", point.view())->str();
  }

  TestServer server;
  TestMailbox mailbox;
  TestDevice code = MakeVirtual(server.random());
  TestDevice added;
};

TEST_CASE("a device that a member vouches for is one of them, and maps to the same ids") {
  Fixture f;
  f.added.id = f.server.Do(f.Request())->device_id;
  CHECK(f.mailbox.KeysOfDevice(f.added.id) == f.added.keys);
  CHECK(f.Mapped(f.added, "input") == f.Mapped(f.me(), "input"));
  CHECK(f.Mapped(f.added, "other") != f.Mapped(f.me(), "input"));
  f.mailbox.MustSave(f.added, {MakeMessage("m", "t", 1)});
  f.mailbox.CheckSound();
  TestDevice third = MakePhysical(f.server.random());
  third.id = f.server.Do(f.mailbox.RegisterByMember(f.added, third))->device_id;
  CHECK(f.Mapped(third, "input") == f.Mapped(f.me(), "input"));
  f.mailbox.CheckSound();
}

TEST_CASE("neither the temporary scalar nor a token reaches the store") {
  Fixture f;
  RegisterDeviceRequest request = f.Request();
  const std::string temporary(std::get<MemberGrant>(request.sponsor).temporary.bytes().RevealSecret());
  const std::string token(request.evolve_token.RevealSecret());
  REQUIRE(f.server.Do(std::move(request)).ok());
  for (const auto& [key, value] : f.server.Rows(f.partition())) {
    CHECK(value.find(temporary) == std::string::npos);
    CHECK(value.find(token) == std::string::npos);
  }
}

TEST_CASE("a removed member vouches for nobody, whether or not it had signed already") {
  Fixture f;
  const TestDevice other = f.mailbox.AddDevice(f.code);
  RegisterDeviceRequest request = f.mailbox.RegisterByMember(other, f.added);
  const bool signed_removal = GENERATE(true, false);
  signed_removal ? f.mailbox.Revoke(f.me(), other.id) : f.mailbox.CutOff(other.id);
  f.mailbox.MustRefuse(std::move(request), Reason::kEnrollmentClosed);
}

TEST_CASE("a grant of the mailbox that was there before is void") {
  Fixture f;
  RegisterDeviceRequest request = f.Request();
  std::get<MemberGrant>(request.sponsor).member.incarnation -= 1;
  f.mailbox.MustRefuse(std::move(request), Reason::kEnrollmentClosed);
}

TEST_CASE("nobody but the member that granted may have signed") {
  Fixture f;
  const TestDevice other = f.mailbox.AddDevice(f.code);
  for (const TestDevice* signer : std::vector<const TestDevice*>{&other, &f.code, &f.added}) {
    RegisterDeviceRequest request = f.Request();
    LogEntry entry = *crypto::DecodeLogEntry(request.log_entry.entry);
    entry.actor_device_key = signer->keys.device_key;
    request.log_entry = f.mailbox.Sign(entry, *signer);
    f.mailbox.MustRefuse(std::move(request), Reason::kInvalidField);
  }
  CHECK(f.server.Do(f.Request()).ok());  // control
}

TEST_CASE("a log or an epoch that moved is told, and a fresh entry on the same temporary state does it") {
  Fixture f;
  RegisterDeviceRequest stale = f.Request();
  const auto temporary = std::get<MemberGrant>(stale.sponsor).temporary.Clone();
  const crypto::Secret token = stale.evolve_token.Clone();
  const crypto::Scalar client = f.added.orf_client_scalar.Clone();
  const bool rotates = GENERATE(true, false);
  if (rotates) {
    f.mailbox.Rotate(f.me());
  } else {
    f.mailbox.AddDevice(f.code);
  }
  f.mailbox.MustRefuse(std::move(stale), rotates ? Reason::kEpochStale : Reason::kLogStale);
  RegisterDeviceRequest fresh = f.Request();
  fresh.sponsor = MemberGrant{f.mailbox.CallerOf(f.me()), temporary.Clone()};
  fresh.evolve_token = token.Clone();
  f.added.orf_client_scalar = client.Clone();
  f.added.id = f.server.Do(std::move(fresh))->device_id;
  CHECK(f.Mapped(f.added, "input") == f.Mapped(f.me(), "input"));
}

TEST_CASE("one enrolment's keys enrol once, and a repeat gets the first answer after its end as well") {
  Fixture f;
  RegisterDeviceRequest first = f.Request();
  const RequestKey key = first.request;
  f.added.id = f.server.Do(std::move(first))->device_id;
  f.mailbox.MustRefuse(f.Request(), Reason::kInvalidField);
  RegisterDeviceRequest again = f.Request();
  again.request = key;
  again.sponsor = ClosedEnrollment{};
  CHECK(f.server.Do(std::move(again))->device_id == f.added.id);
  RegisterDeviceRequest late = f.Request();
  late.sponsor = ClosedEnrollment{};
  f.mailbox.MustRefuse(std::move(late), Reason::kEnrollmentClosed);
}

TEST_CASE("a token that is no canonical non-zero scalar is refused here too") {
  Fixture f;
  RegisterDeviceRequest request = f.Request();
  request.evolve_token = crypto::Secret::CopyOf(std::string(32, '\xff'));
  CHECK(DetailIn(f.mailbox.MustRefuse(std::move(request), Reason::kInvalidField), "field") == "evolve_token");
}

TEST_CASE("a mailbox that waits for a rotation still takes a device in") {
  Fixture f;
  const TestDevice other = f.mailbox.AddDevice(f.code);
  f.mailbox.CutOff(other.id);
  f.added.id = f.server.Do(f.Request())->device_id;
  CHECK(f.mailbox.Head().rotation_required());
  f.mailbox.CheckSound();
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
