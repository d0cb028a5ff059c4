// What a device signs to sign in (protocol section 9).
#ifndef LABYRINTH_CRYPTO_STATEMENTS_SESSION_STATEMENT_H_
#define LABYRINTH_CRYPTO_STATEMENTS_SESSION_STATEMENT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/ids.h"
#include "common/random.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/secret.h"
#include "crypto/primitives/xeddsa.h"
#include "crypto/statements/device_keys.h"

namespace labyrinth::crypto {

using ClientRandom = FixedBytes<32, struct ClientRandomTag>;

// "labyrinth/session/v1" || 0x00 || lv(server_name) || lv(account_id) || labyrinthID(16) || u64 device_id || kind u8
//   || deviceKeyPub(32) || SHA-256(account token) || lv(challenge) || client_random(32)
//   || channel-binding type u8 and 32 bytes (type 0 and zeros for now)
// Each side fills it from what it knows itself: the client takes server_name from its configuration, the server
// everything but challenge and client_random from its own records, and compares by verifying.
struct SessionStatement {
  std::string server_name;
  std::string account_id;
  MailboxId mailbox_id;
  DeviceId device_id;
  SubjectKind kind = SubjectKind::kPhysical;
  PublicKey device_key;
  Sha256Digest account_token_hash;  // SHA-256 of the token's text
  std::string challenge;            // the server's, opaque to the client
  ClientRandom client_random;       // the device's own share, so that it never signs bytes that the server chose alone
};

std::string EncodeSessionStatement(const SessionStatement& statement);

// pk_sign(device key, 0xA0, statement). INVALID_ARGUMENT unless the key is 32 bytes.
absl::StatusOr<Signature> SignSession(const SessionStatement& statement, const Secret& device_private_key,
                                      RandomSource& random);

// OK, or PROOF_INVALID, without saying which field differs.
absl::Status VerifySession(const SessionStatement& statement, const Signature& signature);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_STATEMENTS_SESSION_STATEMENT_H_
