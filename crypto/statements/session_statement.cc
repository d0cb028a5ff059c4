#include "crypto/statements/session_statement.h"

#include "common/errors.h"
#include "crypto/statements/codec.h"
#include "crypto/statements/domains.h"

namespace labyrinth::crypto {
namespace {

// Room to bind a session to its channel later.
constexpr uint8_t kNoChannelBinding = 0;
constexpr std::size_t kChannelBindingBytes = 32;

}  // namespace

std::string EncodeSessionStatement(const SessionStatement& statement) {
  std::string out(domains::kSession);
  AppendU8(out, 0);
  AppendLv(out, statement.server_name);
  AppendLv(out, statement.account_id);
  out.append(statement.mailbox_id.view());
  AppendU64(out, statement.device_id.value());
  AppendU8(out, static_cast<uint8_t>(statement.kind));
  out.append(statement.device_key.view());
  out.append(statement.account_token_hash.view());
  AppendLv(out, statement.challenge);
  out.append(statement.client_random.view());
  AppendU8(out, kNoChannelBinding);
  out.append(kChannelBindingBytes, '\0');
  return out;
}

absl::StatusOr<Signature> SignSession(const SessionStatement& statement, const Secret& device_private_key,
                                      RandomSource& random) {
  return Sign(device_private_key, SignatureUse::kSession, EncodeSessionStatement(statement), random);
}

absl::Status VerifySession(const SessionStatement& statement, const Signature& signature) {
  if (!Verify(statement.device_key, SignatureUse::kSession, EncodeSessionStatement(statement), signature).ok()) {
    return errors::ProofInvalid("device proof: the signature doesn't hold");
  }
  return absl::OkStatus();
}

}  // namespace labyrinth::crypto
