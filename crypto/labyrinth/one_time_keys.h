// The key schedule of a one-time code's run (protocol section 4), formula by formula.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_KEYS_H_
#define LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_KEYS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/bytes.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::crypto {

using EnrollmentId = FixedBytes<16, struct EnrollmentIdTag>;  // eid, the server's
using OneTimeNonce = FixedBytes<16, struct OneTimeNonceTag>;  // nN, nO: random, one an enrolment

// What both sides know before a run. Each takes the two names from its own configuration, never from a message, and
// its own nonce from its own memory. Value type.
struct OneTimeRunInputs {
  std::string server_name;  // not empty
  std::string account_id;   // 1 to limits::kAccountIdBytes
  EnrollmentId enrollment_id;
  uint32_t attempt = 0;  // the relay's `run`: 1 to limits::kEnrollmentRuns
  OneTimeNonce new_device_nonce;
  OneTimeNonce old_device_nonce;
};

// INVALID_ARGUMENT naming the input beyond its bounds.
absl::Status CheckOneTimeRunInputs(const OneTimeRunInputs& inputs);

// sid = SHA-256(eid || attempt byte || nN || nO)
Sha256Digest OneTimeSessionId(const OneTimeRunInputs& inputs);

// CI = lv("labyrinth/otc/v1") || lv(server_name) || lv(account_id)
std::string OneTimeChannelId(const OneTimeRunInputs& inputs);

// T = SHA-512(lv(CI) || lv(sid) || lv(Ya) || lv(ADa) || lv(Yb) || lv(ADb))
Sha512Digest OneTimeTranscript(const OneTimeRunInputs& inputs, std::string_view new_device_share,
                               std::string_view new_device_data, std::string_view old_device_share,
                               std::string_view old_device_data);

// (cN, cO, otc_secret) = kdf(ISK, sid, "labyrinth_otc_v1"), 96 bytes, cut 32 | 32 | 32. Move-only.
struct OneTimeKeys {
  Secret new_device_mac_key;  // cN
  Secret old_device_mac_key;  // cO
  Secret bundle_key;          // otc_secret
};
OneTimeKeys DeriveOneTimeKeys(const Secret& session_key, const Sha256Digest& session_id);

// mac("N" || T, cN) and mac("O" || T, cO)
MacTag NewDeviceMac(const OneTimeKeys& keys, const Sha512Digest& transcript);
MacTag OldDeviceMac(const OneTimeKeys& keys, const Sha512Digest& transcript);
// Constant-time.
bool VerifyNewDeviceMac(const OneTimeKeys& keys, const Sha512Digest& transcript, std::string_view expected);
bool VerifyOldDeviceMac(const OneTimeKeys& keys, const Sha512Digest& transcript, std::string_view expected);

// The associated data of encrypt(otc_secret, "labyrinth_otc_bundle" || T, bundle).
std::string OneTimeBundleAad(const Sha512Digest& transcript);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_KEYS_H_
