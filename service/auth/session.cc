#include "service/auth/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/codec.h"

namespace labyrinth::service {
namespace {

constexpr uint8_t kVersion = 1;
constexpr std::size_t kPartitionBytes = crypto::MacTag::kSize;
constexpr std::size_t kGenerationOffset = 1 + 4 + kPartitionBytes + 8 + 8 + 1 + 8;
constexpr std::size_t kBodyBytes = kGenerationOffset + 8 + 8;

// Its time, and as much again for clocks that differ.
constexpr int64_t kMostLeftMs = 2 * limits::kSessionTtlMs;

absl::Status Refuse(std::string_view why) { return errors::TokenInvalid(fmt::format("session: {}", why)); }

}  // namespace

std::string Sessions::Issue(SessionClaims& claims, const AccountClaims& account) const {
  claims.auth_time_ms = account.auth_time_ms;
  claims.expire_ms = std::min(clock_.NowMs() + limits::kSessionTtlMs, account.expire_ms);
  std::string out;
  crypto::AppendU8(out, kVersion);
  crypto::AppendU32(out, keys_.session().id);
  out.append(claims.partition);
  crypto::AppendU64(out, claims.incarnation);
  crypto::AppendU64(out, claims.device_id.value());
  crypto::AppendU8(out, static_cast<uint8_t>(claims.kind));
  crypto::AppendI64(out, claims.auth_time_ms.value_or(0));
  crypto::AppendU64(out, keys_.generation());
  crypto::AppendI64(out, claims.expire_ms);
  out.append(crypto::Mac(out, keys_.session().key).view());
  return out;
}

absl::StatusOr<SessionClaims> Sessions::Verify(std::string_view token) const {
  if (token.size() != kBodyBytes + crypto::MacTag::kSize) return Refuse("malformed");
  crypto::ByteReader in(token);
  if (in.U8() != kVersion) return Refuse("another version");
  // A restore renews the key, so of a session from before it nothing can be verified. That it says so is enough to tell
  // an honest client what happened, and tells others no more than any sign-in does.
  const uint64_t generation = crypto::ByteReader(token.substr(kGenerationOffset)).U64();
  if (generation != 0 && generation < keys_.generation()) return errors::SessionOfRestoredStore(keys_.generation());
  if (in.U32() != keys_.session().id) return Refuse("made with another key");
  if (!crypto::VerifyMac(token.substr(0, kBodyBytes), keys_.session().key, token.substr(kBodyBytes))) {
    return Refuse("not genuine");
  }
  SessionClaims claims;
  claims.partition = std::string(in.Bytes(kPartitionBytes));
  claims.incarnation = in.U64();
  claims.device_id = DeviceId(in.U64());
  claims.kind = static_cast<crypto::SubjectKind>(in.U8());
  const int64_t auth_time_ms = in.I64();
  if (auth_time_ms != 0) claims.auth_time_ms = auth_time_ms;
  if (in.U64() != keys_.generation()) return Refuse("of another generation of the store");
  claims.expire_ms = in.I64();
  const int64_t now_ms = clock_.NowMs();
  if (claims.expire_ms <= now_ms) return Refuse("expired");
  if (claims.expire_ms - now_ms > kMostLeftMs) return Refuse("from before the clock was set back");
  return claims;
}

}  // namespace labyrinth::service
