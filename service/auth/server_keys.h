// What a store keeps for the server itself: who it is, and the root of the server's own keys (protocol section 9).
#ifndef LABYRINTH_SERVICE_AUTH_SERVER_KEYS_H_
#define LABYRINTH_SERVICE_AUTH_SERVER_KEYS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/primitives/secret.h"
#include "storage/engine.h"

namespace labyrinth::service {

// What a server must be to serve this store.
struct ServerIdentity {
  std::string server_name;   // signed into every statement and log entry, so it never changes
  bool development = false;  // for ever
};

// A MAC key that says which one it is, so that nodes and restarts recognise each other's tokens and a rotated key's
// tokens are told from forged ones.
struct ServerMacKey {
  uint32_t id = 0;
  crypto::Secret key;
};

// The keys of one store: one 32-byte root secret, and from it one key a purpose by a label each
// (crypto/statements/domains.h). The root lives in a partition of the store under a name that no mailbox can have, in a
// record written once:
//
//   partition "server", key "identity":
//   version u8 (1) || development u8 || generation u64 || root(32) || lv(server_name)      big-endian
//   version u8 (2) || the same || salt(32)                                  of a store that came back from a backup
//
// Keys of what is short-lived (challenges, sessions, page tokens, tickets) are derived with the salt, which each
// restore draws anew: what they sealed before ends, also where a thief of the backup knows the root. The others name
// what is stored and stay.
//
// Immutable, thread-safe.
class ServerKeys {
 public:
  static constexpr std::string_view kPartition = "server";

  // Reads the record, or makes it in an empty store by a conditional commit, so that two starting nodes agree. Blocks.
  // FAILED_PRECONDITION in one line, if the store belongs to another server name, or to a development server and this
  // isn't one, or the reverse, or is of a newer version; DATA_DAMAGED; ENGINE_UNAVAILABLE.
  static absl::StatusOr<ServerKeys> LoadOrCreate(storage::Engine& engine, RandomSource& random,
                                                 const ServerIdentity& identity);

  // For a store that comes back from a backup, before it is served: raises the generation to at least `at_least`, and
  // above the stored one in any case, and renews the keys of what is short-lived. Returns the generation. Blocks.
  // Errors as above; DATA_DAMAGED also if there is no record.
  static absl::StatusOr<uint64_t> BeginGeneration(storage::Engine& engine, RandomSource& random, uint64_t at_least);

  // Those of a store that is there, whosever it is: for an operator's tools. NOT_FOUND if there are none; DATA_DAMAGED;
  // ENGINE_UNAVAILABLE; FAILED_PRECONDITION as above for a newer version.
  static absl::StatusOr<ServerKeys> Load(storage::Engine& engine);

  // Where the account's mailbox lives: 32 bytes, a MAC of the account id, so that the store holds no directory of
  // accounts and whoever reads the disk can't test for one.
  std::string AccountPartition(std::string_view account_id) const;

  // Raised when a backup is restored; stands in every cursor, page token and session.
  uint64_t generation() const { return generation_; }

  const ServerMacKey& challenge() const { return challenge_; }
  const ServerMacKey& session() const { return session_; }
  const crypto::Secret& page_token() const { return page_token_; }
  const crypto::Secret& ticket() const { return ticket_; }
  const crypto::Secret& pseudonym() const { return pseudonym_; }

 private:
  ServerKeys(const crypto::Secret& root, const crypto::Secret& salt, uint64_t generation);

  uint64_t generation_;
  ServerMacKey challenge_, session_;
  crypto::Secret page_token_, ticket_, pseudonym_, account_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_AUTH_SERVER_KEYS_H_
