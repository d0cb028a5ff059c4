#include "service/auth/dev_issuer.h"

#include <fmt/format.h>
#include <openssl/curve25519.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "common/bytes.h"
#include "common/errors.h"
#include "common/limits.h"
#include "service/auth/base64url.h"
#include "service/auth/key_file.h"

namespace labyrinth::service {
namespace {

constexpr std::size_t kSeedBytes = 32;
constexpr const char* kKeyId = "dev";

std::string Part(const nlohmann::json& object) { return EncodeBase64Url(object.dump()); }

}  // namespace

absl::StatusOr<DevIssuer> DevIssuer::LoadOrCreate(const std::string& path, RandomSource& random, const Clock& clock) {
  const absl::StatusOr<crypto::Secret> seed = LoadOrCreateKeyFile(path, kSeedBytes, random);
  if (!seed.ok()) return seed.status();
  std::string public_key(ED25519_PUBLIC_KEY_LEN, '\0');
  crypto::Secret private_key(ED25519_PRIVATE_KEY_LEN);
  ED25519_keypair_from_seed(reinterpret_cast<uint8_t*>(public_key.data()), private_key.MutableSecret().data(),
                            AsSpan(seed->RevealSecret()).data());
  auto key = JwsKey::Ed25519(public_key);
  if (!key.ok()) return key.status();
  return DevIssuer(std::move(private_key), JwkSet::Of(kKeyId, *std::move(key)), clock);
}

absl::StatusOr<std::string> DevIssuer::IssueToken(std::string_view account_id) const {
  if (account_id.empty()) return errors::InvalidField("account", "must not be empty");
  if (account_id.size() > limits::kAccountIdBytes) {
    return errors::LimitExceeded("account", "account_id_bytes", limits::kAccountIdBytes);
  }
  const int64_t now_s = clock_->NowMs() / 1000;
  std::string signing_input;
  try {
    signing_input = Part({{"alg", "EdDSA"}, {"typ", "JWT"}, {"kid", kKeyId}}) + "." +
                    Part({{"iss", kIssuer},
                          {"aud", kAudience},
                          {"sub", account_id},
                          {"iat", now_s},
                          {"auth_time", now_s},
                          {"exp", now_s + kTokenTtlMs / 1000}});
  } catch (const nlohmann::json::exception&) {
    return errors::InvalidField("account", "must be UTF-8");
  }
  std::string signature(ED25519_SIGNATURE_LEN, '\0');
  if (ED25519_sign(reinterpret_cast<uint8_t*>(signature.data()), AsSpan(signing_input).data(), signing_input.size(),
                   AsSpan(private_key_.RevealSecret()).data()) != 1) {
    return absl::InternalError("signing failed");
  }
  return fmt::format("{}.{}", signing_input, EncodeBase64Url(signature));
}

}  // namespace labyrinth::service
