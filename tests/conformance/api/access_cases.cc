// Who gets in, and who is put out.
#include <catch2/catch.hpp>
#include <functional>

#include "common/limits.h"
#include "tests/conformance/api/calls.h"
#include "tests/conformance/api/scene.h"

namespace labyrinth::conformance {
namespace {

using crypto::SessionStatement;

TEST_CASE("A device that created the mailbox signs in and reads it") {
  const Scene f;
  v1::CreateSessionResponse signed_in;
  REQUIRE(f.old->CreateSession(f.old->Prove(f.old->NewChallenge()), signed_in).ok());
  const auto mailbox = f.Mailbox();
  CHECK(signed_in.expire_ms() > mailbox.server_time_ms() + limits::kSessionTtlMs - 60'000);
  CHECK(signed_in.expire_ms() <= mailbox.server_time_ms() + limits::kSessionTtlMs);
  CHECK(signed_in.head().generation() == mailbox.head().generation());
  CHECK(mailbox.mailbox_id() == f.old->mailbox_id.str());
  CHECK(mailbox.current_epoch_id() == f.old->epoch_id.value());
  CHECK(mailbox.current_sequence_id() == 0);
  CHECK(mailbox.state() == v1::MAILBOX_STATE_ACTIVE);
  CHECK(mailbox.log_index() == 0);
  CHECK(mailbox.message_count() == 0);
}

TEST_CASE("A proof over anything but the truth is refused") {
  const Scene f;
  const ApiDevice& device = *f.old;
  using Statement = SessionStatement;
  const std::pair<const char*, std::function<void(Statement&)>> rows[] = {
      {"another server", [](Statement& s) { s.server_name = "elsewhere"; }},
      {"another account", [](Statement& s) { s.account_id = "bob"; }},
      {"another mailbox", [](Statement& s) { s.mailbox_id = MailboxId(); }},
      {"another device", [](Statement& s) { s.device_id = DeviceId(s.device_id.value() ^ 1); }},
      {"another kind", [](Statement& s) { s.kind = crypto::SubjectKind::kVirtual; }},
      {"another key", [](Statement& s) { s.device_key = crypto::PublicKey(); }},
      {"another account token", [](Statement& s) { s.account_token_hash = crypto::Sha256("x"); }},
      {"another challenge", [&](Statement& s) { s.challenge = device.NewChallenge(); }},
      {"another client random", [](Statement& s) { s.client_random = crypto::ClientRandom(); }},
  };
  for (const auto& [name, spoil] : rows) {
    INFO(name);
    v1::CreateSessionResponse response;
    const std::string challenge = device.NewChallenge();
    CHECK(ReasonOfCall(device.CreateSession(device.Prove(challenge, spoil), response)) == Reason::kProofInvalid);
    CHECK(response.session_token().empty());
    CHECK(device.CreateSession(device.Prove(challenge), response).ok());  // control: the same challenge, unspoilt
  }
}

TEST_CASE("A proof is good once, for half a minute, and only for the device that asked for the challenge") {
  Scene f;
  const ApiDevice& device = *f.old;
  const v1::CreateSessionRequest proof = device.Prove(device.NewChallenge());
  v1::CreateSessionResponse response;
  REQUIRE(device.CreateSession(proof, response).ok());
  CHECK(ReasonOfCall(device.CreateSession(proof, response)) == Reason::kProofInvalid);

  const Scene stranger;
  CHECK(ReasonOfCall(device.CreateSession(device.Prove(stranger.old->NewChallenge()), response)) ==
        Reason::kProofInvalid);
  // This device's own proof with the other account's token: that mailbox has no such device.
  CHECK(stranger.Account().Ask(&Mailboxes::CreateSession, device.Prove(device.NewChallenge())).reason() ==
        Reason::kDeviceNotFound);
  const ApiCaller nobody(f.api.Channel(), f.api.Token(FreshAccount()), "");
  CHECK(nobody.Ask(&Mailboxes::CreateSession, device.Prove(device.NewChallenge())).reason() ==
        Reason::kMailboxNotFound);
  Hands* hands = HandsFor("challenges and sessions that run out");
  if (hands == nullptr) return;
  const std::string challenge = device.NewChallenge();
  const ApiCaller before = f.Me();
  hands->Advance(limits::kChallengeTtlMs);
  CHECK(ReasonOfCall(device.CreateSession(device.Prove(challenge), response)) == Reason::kProofInvalid);
  CHECK(before.Ask(&Mailboxes::GetMailbox).ok());
  hands->Advance(limits::kSessionTtlMs);
  CHECK(before.Ask(&Mailboxes::GetMailbox).reason() == Reason::kTokenInvalid);
  CHECK(f.As(device).Ask(&Mailboxes::GetMailbox).ok());
  // The same token is by now too old to cut a device off, and then to be one.
  CHECK(f.Account().Ask(&Devices::RevokeDevice, f.CuttingOff(device)).reason() == Reason::kTokenInvalid);
  hands->Advance(2 * 3600 * 1000);
  CHECK(f.Account().Ask(&Devices::ListVirtualDeviceChecks).reason() == Reason::kTokenInvalid);
}

TEST_CASE("Each call asks for the credential of the API's table, and takes no other for it") {
  const Scene f;
  const std::string bad_token = f.token + "x", bad_session = f.session + "AAAA";
  const auto with = [&](const std::string& token, const std::string& session) {
    return ApiCaller(f.api.Channel(), token, session);
  };
  for (const Call& call : EveryCall(f)) {
    INFO(call.name);
    const auto reason = [&](const ApiCaller& caller) { return ReasonOfCall(call.ask(caller)); };
    if (call.needs == Needs::kTicket) {
      CHECK(reason(with("", "")) == Reason::kTicketExpired);  // whatever else it is shown
      CHECK(reason(with(f.token, f.session)) == Reason::kTicketExpired);
      continue;
    }
    CHECK(reason(with("", "")) == Reason::kTokenInvalid);
    CHECK(reason(with(bad_token, bad_session)) == Reason::kTokenInvalid);
    if (call.needs == Needs::kToken) {
      CHECK(reason(with("", f.session)) == Reason::kTokenInvalid);
      CHECK(reason(with(bad_token, f.session)) == Reason::kTokenInvalid);
      CHECK(reason(with(f.token, "")) != Reason::kTokenInvalid);
    } else if (call.needs != Needs::kSessionOrToken) {
      CHECK(reason(with(f.token, "")) == Reason::kTokenInvalid);
      CHECK(reason(with(f.token, bad_session)) == Reason::kTokenInvalid);
      CHECK(reason(with("", f.session)) != Reason::kTokenInvalid);
    }
  }
}

TEST_CASE("A credential that comes twice is none") {
  const Scene f;
  Mailboxes stub(f.api.Channel());
  v1::GetMailboxResponse response;
  grpc::ClientContext context;
  service::testing::Authorize(context, "", f.session);
  service::testing::Authorize(context, "", f.session);
  CHECK(ReasonOfCall(stub.GetMailbox(&context, {}, &response)) == Reason::kTokenInvalid);
  CHECK(f.Me().Ask(&Mailboxes::GetMailbox).ok());  // control
}

TEST_CASE("Whoever guesses recovery codes is slowed down, whoever knows one isn't told apart") {
  const Scene f, other;
  v1::GetVirtualDeviceRequest guess;
  guess.set_virtual_device_id(std::string(16, 'x'));
  for (uint32_t i = 0; i < limits::kVirtualDeviceMisses; ++i) {
    CHECK(f.Account().Ask(&Devices::GetVirtualDevice, guess).reason() == Reason::kVirtualDeviceNotFound);
  }
  const auto slowed = f.Account().Ask(&Devices::GetVirtualDevice, guess);
  CHECK(slowed.reason() == Reason::kRateLimited);
  CHECK(std::stoll(slowed.detail("retry_after_ms")) > 0);
  CHECK(other.Account().Ask(&Devices::GetVirtualDevice, guess).reason() ==
        Reason::kVirtualDeviceNotFound);  // another account's own count
}

TEST_CASE("A recovery code's device reads the mailbox's state, its log and its epochs, and nothing else") {
  const Scene f;
  const ApiCaller recovery = f.As(*f.AddVirtualDevice(f.api.random().Bytes(16)));
  for (const Call& call : EveryCall(f)) {
    INFO(call.name);
    if (call.needs == Needs::kAnySession) CHECK(call.ask(recovery).ok());
    if (call.needs == Needs::kSession) CHECK(ReasonOfCall(call.ask(recovery)) == Reason::kTokenInvalid);
  }
  CHECK(recovery.Ask(&Devices::RevokeDevice, f.Removal(*f.old, *f.old)).reason() == Reason::kTokenInvalid);
}

TEST_CASE("A device that was removed is told so by every call that needs its session, and can't sign in") {
  Scene f;
  const auto calls = EveryCall(f);
  const ApiCaller removed = f.Me();
  const auto successor = f.AddMember();
  f.CutOff(*f.old);
  for (const Call& call : calls) {
    if (call.needs != Needs::kSession && call.needs != Needs::kAnySession) continue;
    INFO(call.name);
    // A download shows its ticket first, and there is none to be had any more.
    const auto expected = call.name == "Download" ? Reason::kTicketExpired : Reason::kDeviceRevoked;
    CHECK(ReasonOfCall(call.ask(removed)) == expected);
  }
  v1::CreateSessionResponse response;
  CHECK(ReasonOfCall(f.old->CreateSession(f.old->Prove(f.old->NewChallenge()), response)) == Reason::kDeviceRevoked);
  CHECK(ReasonOfCall(removed.EndOf(&v1::EnrollmentService::Stub::WatchEnrollments)) == Reason::kDeviceRevoked);
  CHECK(f.As(*successor).Ask(&Mailboxes::GetMailbox).ok());  // control
}

TEST_CASE("With the mailbox all is gone: no session finds it, and the account may begin anew") {
  Scene f;
  f.MustSave({MakeMessage("m")});
  const auto calls = EveryCall(f);
  const auto deletion = f.Deletion(*f.old);
  auto wrong = deletion;
  wrong.mutable_log_entry()->set_signature(std::string(64, 's'));
  CHECK(f.Me().Ask(&Mailboxes::DeleteMailbox, wrong).reason() == Reason::kInvalidField);
  CHECK(f.Me().Ask(&Mailboxes::DeleteMailbox, f.Deletion(*f.NewDevice())).reason() == Reason::kInvalidField);
  f.Me().Must(&Mailboxes::DeleteMailbox, deletion);
  CHECK(f.Me().Ask(&Mailboxes::DeleteMailbox, deletion).ok());  // the same again
  const auto everything_is_gone = [&] {
    for (const Call& call : calls) {
      if (call.needs != Needs::kSession && call.needs != Needs::kAnySession) continue;
      if (call.name == "Download" || call.name == "DeleteMailbox") continue;
      INFO(call.name);
      CHECK(ReasonOfCall(call.ask(f.Me())) == Reason::kMailboxNotFound);
    }
  };
  everything_is_gone();
  v1::CreateSessionResponse response;
  CHECK(ReasonOfCall(f.old->CreateSession(f.old->Prove(f.old->NewChallenge()), response)) == Reason::kMailboxNotFound);
  const auto again = f.NewDevice();
  again->CreateMailbox();
  CHECK(again->mailbox_id.view() != f.old->mailbox_id.view());
  everything_is_gone();  // a session of the old mailbox is none of the new one
  CHECK(f.As(*again).Must(&History::ListMessages).messages().empty());
}

}  // namespace
}  // namespace labyrinth::conformance
