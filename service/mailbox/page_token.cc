#include "service/mailbox/page_token.h"

#include "absl/strings/escaping.h"
#include "common/errors.h"
#include "common/limits.h"
#include "crypto/primitives/aead.h"
#include "crypto/statements/codec.h"

namespace labyrinth::mailbox {

namespace {

constexpr char kVersion = 1;
// A sealed key of the longest kind, in Base64: anything longer isn't ours.
constexpr std::size_t kMaxTokenChars = 512;

}  // namespace

QueryHash& QueryHash::Add(std::string_view field) {
  crypto::AppendLv(bytes_, field);
  return *this;
}

QueryHash& QueryHash::Add(uint64_t field) {
  crypto::AppendU64(bytes_, field);
  return *this;
}

std::string PageTokens::BoundTo(const Caller& caller, const crypto::Sha256Digest& query) const {
  std::string bound(1, kVersion);
  crypto::AppendLv(bound, caller.partition);
  crypto::AppendU64(bound, caller.incarnation);
  crypto::AppendU64(bound, generation_);
  bound.append(query.view());
  return bound;
}

absl::StatusOr<std::string> PageTokens::Seal(const Caller& caller, const crypto::Sha256Digest& query,
                                             std::string_view last_key) const {
  absl::StatusOr<std::string> sealed = crypto::Encrypt(key_, BoundTo(caller, query), last_key, random_);
  if (!sealed.ok()) return sealed.status();
  return absl::WebSafeBase64Escape(*sealed);
}

absl::StatusOr<std::string> PageTokens::Open(const Caller& caller, const crypto::Sha256Digest& query,
                                             std::string_view token) const {
  if (token.empty()) return std::string();
  std::string sealed;
  // Spelled exactly as Seal() does: the decoder alone would let padding, spaces and unused bits of the last character
  // pass.
  if (token.size() > kMaxTokenChars ||
      !absl::WebSafeBase64Unescape(absl::string_view(token.data(), token.size()), &sealed) ||
      absl::WebSafeBase64Escape(sealed) != absl::string_view(token.data(), token.size())) {
    return errors::PageTokenInvalid("malformed");
  }
  absl::StatusOr<crypto::Secret> key = crypto::Decrypt(key_, BoundTo(caller, query), sealed);
  if (!key.ok()) return errors::PageTokenInvalid("altered, or made for another query, mailbox or restored store");
  return std::string(key->RevealSecret());
}

}  // namespace labyrinth::mailbox
