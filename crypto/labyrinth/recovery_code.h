// Recovery codes (protocol section 4): 40 characters that a person writes down.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_RECOVERY_CODE_H_
#define LABYRINTH_CRYPTO_LABYRINTH_RECOVERY_CODE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::crypto {

// The 32 symbols; a symbol's place is its value in GF(32).
inline constexpr std::string_view kRecoveryAlphabet = "ACDEFHJKLMNPQRSTUVWXYZ0123456789";
inline constexpr std::size_t kRecoveryCodeCharacters = 40;

// What a code yields for one account.
struct RecoveryKeys {
  std::string virtual_device_id;  // 16 bytes (8 for a version 1 code); the server looks the virtual device up by it
  Secret decryption_key;          // vdeviceDecryptionKey, 32 bytes
};

// Version `2`, identifier `0`, 34 characters of entropy (170 bits), 4 check symbols with G * (entropy || code) = 0.
// Version 1 (35 characters of entropy, 3 unknown check symbols) is parsed for import and never made. Holds a Secret;
// move-only.
class RecoveryCode {
 public:
  static RecoveryCode Generate(RandomSource& random);

  // Normalises first. INVALID_ARGUMENT saying what is wrong (length, version, identifier, a character outside the
  // alphabet) but not where the code came from. Doesn't judge the check symbols: codes made by others use another
  // matrix.
  static absl::StatusOr<RecoveryCode> Parse(const Secret& typed);

  // Upper-cased; white space and hyphens dropped; B, G, I, O become 8, C, 1, 0.
  static Secret Normalise(const Secret& typed);

  // For printing: groups of five, joined by hyphens.
  Secret Formatted() const;

  // The 40 characters.
  const Secret& characters() const { return characters_; }
  int version() const;
  RecoveryCode Clone() const { return RecoveryCode(characters_.Clone()); }

  // True if the check symbols are ours and right; false for version 1.
  bool CheckSymbolsHold() const;

  // (vdeviceId, vdeviceDecryptionKey) = kdf(entropy characters as ASCII, null,
  //     "BackupRecoveryCode_v" + version + "_" + identifier + "_" + account id), 16 (version 1: 8) and 32 bytes
  RecoveryKeys Derive(std::string_view account_id) const;

 private:
  explicit RecoveryCode(Secret characters) : characters_(std::move(characters)) {}

  Secret characters_;
};

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_RECOVERY_CODE_H_
