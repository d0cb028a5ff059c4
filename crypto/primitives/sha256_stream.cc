#include "crypto/primitives/sha256_stream.h"

#include <openssl/sha.h>

#include "common/bytes.h"

namespace labyrinth::crypto {

struct Sha256Stream::State {
  State() { SHA256_Init(&context); }
  // It may stand for secret bytes.
  ~State() { WipeBytes(&context, sizeof(context)); }

  SHA256_CTX context;
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {}
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;
Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::Add(std::string_view bytes) { SHA256_Update(&state_->context, AsSpan(bytes).data(), bytes.size()); }

Sha256Digest Sha256Stream::Finish() {
  Sha256Digest out;
  SHA256_Final(out.data(), &state_->context);
  return out;
}

}  // namespace labyrinth::crypto
