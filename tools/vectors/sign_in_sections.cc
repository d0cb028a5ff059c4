#include "common/clock.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/xeddsa.h"
#include "crypto/statements/session_statement.h"
#include "crypto/statements/virtual_device_check.h"
#include "service/auth/challenge.h"
#include "tools/vectors/case_random.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {
namespace {

crypto::SessionStatement ReadStatement(Fields& f) {
  crypto::SessionStatement out;
  out.server_name = f.Text("server_name");
  out.account_id = f.Text("account_id");
  out.mailbox_id = f.FixedOf<MailboxId>("labyrinth_id");
  out.device_id = DeviceId(f.Decimal("device_id"));
  out.kind = static_cast<crypto::SubjectKind>(f.Integer("kind"));
  out.device_key = f.FixedOf<crypto::PublicKey>("device_key");
  out.account_token_hash = crypto::Sha256(f.Text("account_token"));
  out.challenge = f.Hex("challenge");
  out.client_random = f.FixedOf<crypto::ClientRandom>("client_random");
  return out;
}

void RunStatement(Fields& f) {
  const crypto::SessionStatement statement = ReadStatement(f);
  f.Expect("account_token_hash", statement.account_token_hash.view());
  f.Expect("statement", crypto::EncodeSessionStatement(statement));
  CaseRandom random(f.Hex("Z"), f.outcome());
  const auto signature = crypto::SignSession(statement, f.SecretOf("device_key_priv"), random);
  if (!f.Ok(signature, "statement")) return;
  f.Expect("signature", signature->view());
  f.Ok(crypto::VerifySession(statement, *signature), "signature");
}

// A server with the key of a case, at its moment.
class ChallengeServer {
 public:
  ChallengeServer(Fields& f, int64_t now_ms)
      : key_{static_cast<uint32_t>(f.Integer("key_id")), f.SecretOf("key")},
        clock_(now_ms),
        random_(f.Hex("random"), outcome_),
        challenges_(key_, f.Text("server_name"), clock_, random_) {}
  const service::Challenges& challenges() const { return challenges_; }

 private:
  Outcome outcome_;  // of its own: a server that only checks draws nothing
  const service::ServerMacKey key_;
  ManualClock clock_;
  CaseRandom random_;
  service::Challenges challenges_;
};

void RunChallenge(Fields& f) {
  const ChallengeServer server(f, f.Signed("now_ms"));
  const DeviceId device(f.Decimal("device_id"));
  const service::Challenge made = server.challenges().Issue(f.Text("account_id"), device);
  f.Expect("challenge", made.bytes);
  f.ExpectInteger("expire_ms", static_cast<uint64_t>(made.expire_ms));
  f.Ok(server.challenges().Check(f.Hex("challenge"), f.Text("account_id"), device), "challenge");
}

void RunRefusedChallenge(const Section& section, Fields& f) {
  Fields first = section.First("vectors", f.outcome());
  const ChallengeServer server(first, f.Signed("now_ms"));
  f.ExpectRefusedAs(
      server.challenges().Check(f.Hex("challenge"), f.Text("account_id"), DeviceId(f.Decimal("device_id"))));
}

}  // namespace

void RunSessionStatements(Section& section) {
  section.ForEach("vectors", RunStatement);
  section.ForEach("must_not_verify", [](Fields& f) {
    f.ExpectRefused(crypto::VerifySession(ReadStatement(f), f.FixedOf<crypto::Signature>("signature")), "signature");
  });
}

void RunSignInChallenges(Section& section) {
  section.ForEach("vectors", RunChallenge);
  section.ForEach("must_fail", [&section](Fields& f) { RunRefusedChallenge(section, f); });
}

void RunVirtualDeviceChecks(Section& section) {
  section.ForEach("", [](Fields& f) { f.Expect("check", crypto::CheckOf(f.Hex("vdevice_id")).view()); });
}

}  // namespace labyrinth::vectors
