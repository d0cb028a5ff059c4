#include "service/auth/challenge.h"

#include <algorithm>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/codec.h"

namespace labyrinth::service {
namespace {

constexpr uint8_t kVersion = 1;
constexpr std::size_t kNonceBytes = 16;
constexpr std::size_t kBodyBytes = 1 + 4 + kNonceBytes + 8;

struct Body {
  uint8_t version = 0;
  uint32_t key_id = 0;
  std::string_view nonce;
  int64_t expire_ms = 0;
};

Body ReadBody(std::string_view challenge) {
  crypto::ByteReader in(challenge.substr(0, kBodyBytes));
  return {.version = in.U8(), .key_id = in.U32(), .nonce = in.Bytes(kNonceBytes), .expire_ms = in.I64()};
}

}  // namespace

Challenge Challenges::Issue(std::string_view account_id, DeviceId device_id) const {
  Challenge out;
  out.expire_ms = clock_.NowMs() + limits::kChallengeTtlMs;
  crypto::AppendU8(out.bytes, kVersion);
  crypto::AppendU32(out.bytes, key_.id);
  out.bytes.append(random_.Bytes(kNonceBytes));
  crypto::AppendI64(out.bytes, out.expire_ms);
  out.bytes.append(Tag(out.bytes, account_id, device_id).view());
  return out;
}

absl::Status Challenges::Check(std::string_view challenge, std::string_view account_id, DeviceId device_id) const {
  if (challenge.size() != kBodyBytes + crypto::MacTag::kSize) return errors::ProofInvalid("challenge: malformed");
  const Body body = ReadBody(challenge);
  if (body.version != kVersion) return errors::ProofInvalid("challenge: another version");
  if (body.key_id != key_.id) return errors::ProofInvalid("challenge: made with another key");
  const crypto::MacTag tag = Tag(challenge.substr(0, kBodyBytes), account_id, device_id);
  if (!crypto::ConstantTimeEquals(tag.view(), challenge.substr(kBodyBytes))) {
    return errors::ProofInvalid("challenge: not made for this account and device");
  }
  const absl::MutexLock lock(&mutex_);
  if (body.expire_ms <= std::max(clock_.NowMs(), forgotten_through_ms_)) {
    return errors::ProofInvalid("challenge: expired");
  }
  if (used_.contains({body.expire_ms, std::string(body.nonce)})) return errors::ProofInvalid("challenge: already used");
  return absl::OkStatus();
}

absl::Status Challenges::Use(std::string_view challenge) {
  const Body body = ReadBody(challenge);
  const absl::MutexLock lock(&mutex_);
  forgotten_through_ms_ = std::max(forgotten_through_ms_, clock_.NowMs());
  while (!used_.empty() && used_.begin()->expire_ms <= forgotten_through_ms_) used_.erase(used_.begin());
  if (body.expire_ms <= forgotten_through_ms_) return errors::ProofInvalid("challenge: expired");
  if (used_.size() >= limits::kUsedChallenges) return errors::RateLimited("sign_ins", limits::kChallengeTtlMs);
  if (!used_.insert({body.expire_ms, std::string(body.nonce)}).second) {
    return errors::ProofInvalid("challenge: already used");
  }
  return absl::OkStatus();
}

crypto::MacTag Challenges::Tag(std::string_view body, std::string_view account_id, DeviceId device_id) const {
  std::string data(body);
  crypto::AppendLv(data, account_id);
  crypto::AppendU64(data, device_id.value());
  crypto::AppendLv(data, server_name_);
  return crypto::Mac(data, key_.key);
}

}  // namespace labyrinth::service
