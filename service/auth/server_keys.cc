#include "service/auth/server_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/synchronization/notification.h"
#include "common/errors.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/codec.h"
#include "crypto/statements/domains.h"

namespace labyrinth::service {
namespace {

constexpr std::string_view kIdentityKey = "identity";
constexpr uint8_t kFreshVersion = 1;
constexpr uint8_t kRestoredVersion = 2;  // with a salt
constexpr std::size_t kRootBytes = 32;
constexpr std::size_t kSaltBytes = 32;
constexpr uint64_t kFirstGeneration = 1;
constexpr absl::Duration kPatience = absl::Seconds(30);  // a start that takes longer is better reported
constexpr int kCommitAttempts = 4;

struct Identity {
  bool development = false;
  uint64_t generation = 0;
  crypto::Secret root;
  std::string server_name;
  crypto::Secret salt;  // empty: never restored
};

crypto::Secret Encode(const Identity& identity) {
  std::string out;
  out.reserve(128);  // no growth, which would leave copies behind
  crypto::AppendU8(out, identity.salt.empty() ? kFreshVersion : kRestoredVersion);
  crypto::AppendU8(out, identity.development ? 1 : 0);
  crypto::AppendU64(out, identity.generation);
  out.append(identity.root.RevealSecret());
  crypto::AppendLv(out, identity.server_name);
  out.append(identity.salt.RevealSecret());
  return crypto::Secret::TakeAndWipe(std::move(out));
}

absl::StatusOr<Identity> Decode(std::string_view bytes) {
  crypto::ByteReader in(bytes);
  const uint8_t version = in.U8();
  if (version > kRestoredVersion) {
    return absl::FailedPreconditionError(
        fmt::format("this store was written by a newer labyrinthd (identity version {}): upgrade this one", version));
  }
  const uint8_t development = in.U8();
  Identity identity;
  identity.development = development == 1;
  identity.generation = in.U64();
  identity.root = crypto::Secret::CopyOf(in.Bytes(kRootBytes));
  identity.server_name = std::string(in.Lv(storage::kMaxKeyBytes));
  if (version == kRestoredVersion) identity.salt = crypto::Secret::CopyOf(in.Bytes(kSaltBytes));
  if (!in.AtEnd() || version < kFreshVersion || development > 1) return errors::DataDamaged("the server's identity");
  return identity;
}

struct Stored {
  storage::Position position;
  std::optional<Identity> identity;
};

absl::StatusOr<Stored> ReadIdentity(storage::Engine& engine) {
  absl::Notification done;
  absl::StatusOr<storage::ReadResult> result;
  engine.Read({.partition = std::string(ServerKeys::kPartition),
               .keys = {std::string(kIdentityKey)},
               .scans = {},
               .deadline = absl::Now() + kPatience},
              [&](absl::StatusOr<storage::ReadResult> read) {
                result = std::move(read);
                done.Notify();
              });
  done.WaitForNotification();
  if (!result.ok()) return result.status();
  Stored stored{.position = result->position, .identity = std::nullopt};
  if (!result->values[0].has_value()) return stored;
  auto identity = Decode(crypto::Secret::TakeAndWipe(std::move(*result->values[0])).RevealSecret());
  if (!identity.ok()) return identity.status();
  stored.identity = *std::move(identity);
  return stored;
}

storage::CommitResult CommitIdentity(storage::Engine& engine, const storage::Position& expect,
                                     const crypto::Secret& record) {
  absl::Notification done;
  storage::CommitResult result;
  engine.Commit({.partition = std::string(ServerKeys::kPartition),
                 .expect = expect,
                 .writes = {{std::string(kIdentityKey), std::string(record.RevealSecret())}},
                 .wake_at_ms = std::nullopt,
                 .drop = false,
                 .deadline = absl::Now() + kPatience},
                [&](storage::CommitResult committed) {
                  result = std::move(committed);
                  done.Notify();
                });
  done.WaitForNotification();
  return result;
}

absl::Status CheckSame(const Identity& stored, const ServerIdentity& wanted) {
  if (stored.development && !wanted.development) {
    return absl::FailedPreconditionError(
        "this is a development store: its tokens came from anyone who asked. Start with --dev, or use another "
        "data_dir");
  }
  if (!stored.development && wanted.development) {
    return absl::FailedPreconditionError(
        "this is a production store: --dev would let anyone in. Start without --dev, or use another data_dir");
  }
  if (stored.server_name != wanted.server_name) {
    return absl::FailedPreconditionError(fmt::format(
        "this store belongs to server_name \"{}\", not \"{}\": the name is signed into its records and can't change",
        stored.server_name, wanted.server_name));
  }
  return absl::OkStatus();
}

absl::StatusOr<Identity> LoadOrCreateIdentity(storage::Engine& engine, RandomSource& random,
                                              const ServerIdentity& wanted) {
  const Identity fresh{.development = wanted.development,
                       .generation = kFirstGeneration,
                       .root = crypto::RandomSecret(kRootBytes, random),
                       .server_name = wanted.server_name,
                       .salt = {}};
  const crypto::Secret record = Encode(fresh);
  for (int attempt = 0; attempt < kCommitAttempts; ++attempt) {
    absl::StatusOr<Stored> stored = ReadIdentity(engine);
    if (!stored.ok()) return stored.status();
    if (stored->identity.has_value()) return *std::move(stored->identity);
    if (stored->position != storage::Position{}) return errors::DataDamaged("the server's identity is missing");
    // Whatever comes back but a failure, the next read tells whose record it is. A commit of unknown outcome is issued
    // again if that read still finds nothing, as the contract asks.
    const storage::CommitResult result = CommitIdentity(engine, stored->position, record);
    if (result.outcome == storage::CommitResult::Outcome::kFailed) return result.error;
  }
  return errors::EngineUnavailable("the server's identity could not be written");
}

ServerMacKey MakeMacKey(const crypto::Secret& root, const crypto::Secret& salt, std::string_view label) {
  ServerMacKey out;
  out.key = crypto::Kdf(root, salt, label);
  // Names the key without telling anything of it that a MAC wouldn't.
  const crypto::MacTag name = crypto::Mac("key id", out.key);
  out.id = crypto::ByteReader(name.view()).U32();
  return out;
}

}  // namespace

absl::StatusOr<ServerKeys> ServerKeys::LoadOrCreate(storage::Engine& engine, RandomSource& random,
                                                    const ServerIdentity& identity) {
  const absl::StatusOr<Identity> stored = LoadOrCreateIdentity(engine, random, identity);
  if (!stored.ok()) return stored.status();
  if (const absl::Status same = CheckSame(*stored, identity); !same.ok()) return same;
  return ServerKeys(stored->root, stored->salt, stored->generation);
}

absl::StatusOr<uint64_t> ServerKeys::BeginGeneration(storage::Engine& engine, RandomSource& random, uint64_t at_least) {
  for (int attempt = 0; attempt < kCommitAttempts; ++attempt) {
    absl::StatusOr<Stored> stored = ReadIdentity(engine);
    if (!stored.ok()) return stored.status();
    if (!stored->identity.has_value()) return errors::DataDamaged("the server's identity is missing");
    Identity& identity = *stored->identity;
    identity.generation = std::max(identity.generation + 1, at_least);
    identity.salt = crypto::RandomSecret(kSaltBytes, random);
    const storage::CommitResult result = CommitIdentity(engine, stored->position, Encode(identity));
    if (result.outcome == storage::CommitResult::Outcome::kCommitted) return identity.generation;
    if (result.outcome == storage::CommitResult::Outcome::kFailed) return result.error;
    // Unknown: another round raises it once more, which does no harm.
  }
  return errors::EngineUnavailable("the server's identity could not be written");
}

absl::StatusOr<ServerKeys> ServerKeys::Load(storage::Engine& engine) {
  const absl::StatusOr<Stored> stored = ReadIdentity(engine);
  if (!stored.ok()) return stored.status();
  if (!stored->identity.has_value()) return absl::NotFoundError("this store was never served: it has no keys");
  return ServerKeys(stored->identity->root, stored->identity->salt, stored->identity->generation);
}

ServerKeys::ServerKeys(const crypto::Secret& root, const crypto::Secret& salt, uint64_t generation)
    : generation_(generation),
      challenge_(MakeMacKey(root, salt, crypto::domains::kServerChallenge)),
      session_(MakeMacKey(root, salt, crypto::domains::kServerSession)),
      page_token_(crypto::Kdf(root, salt, crypto::domains::kServerPageToken)),
      ticket_(crypto::Kdf(root, salt, crypto::domains::kServerTicket)),
      pseudonym_(crypto::Kdf(root, "", crypto::domains::kServerPseudonym)),
      account_(crypto::Kdf(root, "", crypto::domains::kServerAccount)) {}

std::string ServerKeys::AccountPartition(std::string_view account_id) const {
  return crypto::Mac(account_id, account_).str();
}

}  // namespace labyrinth::service
