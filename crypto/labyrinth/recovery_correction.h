// Correcting up to three mistyped characters of a recovery code (protocol section 4).
#ifndef LABYRINTH_CRYPTO_LABYRINTH_RECOVERY_CORRECTION_H_
#define LABYRINTH_CRYPTO_LABYRINTH_RECOVERY_CORRECTION_H_

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "crypto/labyrinth/recovery_code.h"
#include "crypto/statements/virtual_device_check.h"

namespace labyrinth::crypto {

struct CorrectionCandidate {
  RecoveryCode code;
  int corrections;  // 0 to 3 characters differ from what was typed
};

// The code as typed (whatever its check symbols: others use another matrix), then every code with right check symbols
// that differs from it in one character, then in two, then in three. The true code is among them if at most three of
// its last 38 characters were mistyped: about 240 candidates. A version 1 code has itself alone.
std::vector<CorrectionCandidate> CorrectionCandidates(const RecoveryCode& typed);

// The first candidate whose virtual device the account has: SHA-256("labyrinth_vdevice_check" || vdeviceId)[0:8] is in
// `checks`. nullopt if none is: another code, another account, or more than three mistakes.
std::optional<CorrectionCandidate> CorrectCode(const RecoveryCode& typed, std::string_view account_id,
                                               std::span<const VirtualDeviceCheck> checks);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_RECOVERY_CORRECTION_H_
