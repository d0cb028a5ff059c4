// Message keys and the encryption of messages (protocol section 6).
#ifndef LABYRINTH_CRYPTO_LABYRINTH_MESSAGE_H_
#define LABYRINTH_CRYPTO_LABYRINTH_MESSAGE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::crypto {

// The version that is written; 0, 2, 3 and 4 are read.
inline constexpr uint32_t kCipherVersion = 3;

// 0: kdf(epochRootKey, salt = threadId, "message_key_in_epoch_" + seq)
// 2: kdf(epochRootKey, salt = threadId, "message_key_in_epoch_" + seq + "cipher_version_2")
// 3: kdf(epochRootKey, null, "message_key_in_epoch_" + seq + "_cipher_version_3_thread_" + threadId);  4: likewise
// Thread ids are arbitrary byte strings, not empty (INVALID_ARGUMENT). UNIMPLEMENTED, naming the version, for 1 and
// every other.
absl::StatusOr<Secret> MessageKey(const Epoch& epoch, uint32_t cipher_version, std::string_view thread_id);

// The associated data: "message_thread_" + threadId.
std::string MessageAssociatedData(std::string_view thread_id);

// encrypt(messageKey, "message_thread_" + threadId, messageData), padded, under version 3. Products save envelopes
// (envelope.h), not bare data: the associated data binds the thread alone.
absl::StatusOr<std::string> EncryptMessage(const Epoch& epoch, std::string_view thread_id,
                                           std::string_view message_data, RandomSource& random);

// DATA_DAMAGED if it doesn't authenticate; errors of MessageKey.
absl::StatusOr<Secret> DecryptMessage(const Epoch& epoch, uint32_t cipher_version, std::string_view thread_id,
                                      std::string_view encrypted_message_data);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_MESSAGE_H_
