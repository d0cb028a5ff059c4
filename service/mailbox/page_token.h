// Page tokens: where a walk goes on, sealed so that a client can neither read, alter nor reuse them elsewhere.
#ifndef LABYRINTH_SERVICE_MAILBOX_PAGE_TOKEN_H_
#define LABYRINTH_SERVICE_MAILBOX_PAGE_TOKEN_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/primitives/hash.h"
#include "service/mailbox/caller.h"

namespace labyrinth::mailbox {

// What a walk asks: the method and every field but page_size and page_token.
class QueryHash {
 public:
  explicit QueryHash(std::string_view method) { Add(method); }
  QueryHash& Add(std::string_view field);
  QueryHash& Add(uint64_t field);
  crypto::Sha256Digest Done() const { return crypto::Sha256(bytes_); }

 private:
  std::string bytes_;
};

// A token names the mailbox and its incarnation, the store's generation, the query and the last row's key; it holds no
// snapshot and no lock, and any node with the same key accepts it. It is AES-GCM-Extended ciphertext, since a key may
// hold a message's time. Thread-safe.
class PageTokens {
 public:
  // `key` is 32 bytes, shared by all nodes.
  PageTokens(crypto::Secret key, uint64_t generation, RandomSource& random)
      : key_(std::move(key)), generation_(generation), random_(random) {}

  // Base64url text for the API.
  absl::StatusOr<std::string> Seal(const Caller& caller, const crypto::Sha256Digest& query,
                                   std::string_view last_key) const;
  // The last row's key; empty for an empty token (the walk begins). PAGE_TOKEN_INVALID if it was altered, or made for
  // another mailbox, query or generation.
  absl::StatusOr<std::string> Open(const Caller& caller, const crypto::Sha256Digest& query,
                                   std::string_view token) const;

 private:
  std::string BoundTo(const Caller& caller, const crypto::Sha256Digest& query) const;

  const crypto::Secret key_;
  const uint64_t generation_;
  RandomSource& random_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_PAGE_TOKEN_H_
