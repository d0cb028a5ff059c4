// SHA-256 over a stream; crypto/primitives hashes whole strings.
#ifndef LABYRINTH_CLIENT_TRANSFER_DIGEST_H_
#define LABYRINTH_CLIENT_TRANSFER_DIGEST_H_

#include <sodium/crypto_hash_sha256.h>

#include <string>
#include <string_view>

#include "common/bytes.h"

namespace labyrinth::client {

// Thread-compatible. Over public data: nothing is wiped.
class StreamDigest {
 public:
  StreamDigest() { crypto_hash_sha256_init(&state_); }

  void Add(std::string_view bytes) {
    crypto_hash_sha256_update(&state_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  }

  // Lower-case hexadecimal. Call once, last.
  std::string FinishHex() {
    std::string out(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256_final(&state_, reinterpret_cast<unsigned char*>(out.data()));
    return ToHex(out);
  }

 private:
  crypto_hash_sha256_state state_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_DIGEST_H_
