#include "crypto/statements/session_statement.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "common/errors.h"
#include "crypto/primitives/seeded_random.h"
#include "crypto/statements/log_testing.h"

namespace labyrinth::crypto {
namespace {

template <typename Fixed>
Fixed Filled(uint8_t byte) {
  Fixed out;
  std::fill_n(out.data(), Fixed::kSize, byte);
  return out;
}

SessionStatement Example() {
  SessionStatement statement;
  statement.server_name = "labyrinth.test";
  statement.account_id = "account-1";
  statement.mailbox_id = Filled<MailboxId>(0xab);
  statement.device_id = DeviceId(77);
  statement.kind = SubjectKind::kVirtual;
  statement.device_key = Filled<PublicKey>(1);
  statement.account_token_hash = Sha256("token");
  statement.challenge = "challenge";
  statement.client_random = Filled<ClientRandom>(0xcd);
  return statement;
}

TEST_CASE("a session statement has exactly the protocol's bytes") {
  const std::string bytes = EncodeSessionStatement(Example());
  CHECK(bytes.size() == 219);
  // Made by hand with Python's struct and hashlib.
  CHECK(ToHex(Sha256(bytes).view()) == "41e6ac570a1954f2faba2f1509813445758773ceb373766c7356e289169d6d7e");
}

TEST_CASE("a proof holds for exactly what was signed") {
  SeededRandom random(7);
  const TestDevice device = MakeTestDevice(SubjectKind::kPhysical, random);
  const TestDevice other = MakeTestDevice(SubjectKind::kPhysical, random);
  SessionStatement statement = Example();
  statement.device_key = device.id();
  const auto signature = SignSession(statement, device.device_key.private_key, random);
  REQUIRE(signature.ok());
  CHECK(VerifySession(statement, *signature).ok());

  const std::function<void(SessionStatement&)> changes[] = {
      [](SessionStatement& s) { s.server_name = "labyrinth.evil"; },
      [](SessionStatement& s) { s.account_id = "account-2"; },
      [](SessionStatement& s) { s.mailbox_id.data()[0] ^= 1; },
      [](SessionStatement& s) { s.device_id = DeviceId(78); },
      [](SessionStatement& s) { s.kind = SubjectKind::kPhysical; },
      [&](SessionStatement& s) { s.device_key = other.id(); },
      [](SessionStatement& s) { s.account_token_hash = Sha256("another token"); },
      [](SessionStatement& s) { s.challenge += '!'; },
      [](SessionStatement& s) { s.client_random.data()[31] ^= 1; },
      // The boundary between two names moves.
      [](SessionStatement& s) {
        s.server_name = "labyrinth.testa";
        s.account_id = "ccount-1";
      },
  };
  for (const auto& change : changes) {
    SessionStatement changed = statement;
    change(changed);
    CHECK(ReasonOf(VerifySession(changed, *signature)) == Reason::kProofInvalid);
  }

  // The same bytes signed as a log entry are no proof.
  const auto log_signature =
      Sign(device.device_key.private_key, SignatureUse::kLogEntry, EncodeSessionStatement(statement), random);
  CHECK_FALSE(VerifySession(statement, *log_signature).ok());
}

}  // namespace
}  // namespace labyrinth::crypto
