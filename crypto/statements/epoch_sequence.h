// How an epoch's sequence id is printed inside the key schedule (protocol, introduction and section 3).
#ifndef LABYRINTH_CRYPTO_STATEMENTS_EPOCH_SEQUENCE_H_
#define LABYRINTH_CRYPTO_STATEMENTS_EPOCH_SEQUENCE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace labyrinth::crypto {

// Decimal, without leading zeros. Also how epoch ids are printed.
std::string Decimal(uint64_t value);

// b64(x): standard Base64 with padding of the decimal string: 3 is "Mw==".
std::string SequenceBase64(uint64_t sequence_id);

// The inverses. A sequence id is a decimal integer of at most 11 characters without sign or leading zeros,
// ^(0|[1-9][0-9]{0,10})$; nullopt for anything else. The bound separates it from a 32-byte root key (section 3).
std::optional<uint64_t> ParseSequence(std::string_view decimal);
std::optional<uint64_t> ParseSequenceBase64(std::string_view base64);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_STATEMENTS_EPOCH_SEQUENCE_H_
