#include "service/auth/jwks.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "service/auth/base64url.h"
#include "service/auth/strict_json.h"

namespace labyrinth::service {
namespace {

using nlohmann::json;

std::optional<std::string> BytesMember(const json& key, const char* name) {
  const std::optional<std::string> text = StringMember(key, name);
  return text.has_value() ? DecodeBase64Url(*text) : std::nullopt;
}

absl::StatusOr<std::shared_ptr<const JwsKey>> MakeKey(const json& key) {
  const std::string type = StringMember(key, "kty").value_or("");
  const std::string curve = StringMember(key, "crv").value_or("");
  const absl::Status malformed = absl::InvalidArgumentError("a member is missing or isn't base64url");
  if (type == "OKP" && curve == "Ed25519") {
    const auto x = BytesMember(key, "x");
    return x.has_value() ? JwsKey::Ed25519(*x) : malformed;
  }
  if (type == "EC" && curve == "P-256") {
    const auto x = BytesMember(key, "x"), y = BytesMember(key, "y");
    return x.has_value() && y.has_value() ? JwsKey::P256(*x, *y) : malformed;
  }
  if (type == "RSA") {
    const auto n = BytesMember(key, "n"), e = BytesMember(key, "e");
    return n.has_value() && e.has_value() ? JwsKey::Rsa(*n, *e) : malformed;
  }
  return absl::InvalidArgumentError("neither Ed25519, P-256 nor RSA");
}

// The usable key, or why it isn't.
absl::StatusOr<std::shared_ptr<const JwsKey>> UsableKey(const json& key) {
  if (!StringMember(key, "kid").has_value()) return absl::InvalidArgumentError("no kid");
  if (key.contains("use") && StringMember(key, "use") != "sig") return absl::InvalidArgumentError("not for signatures");
  if (const auto operations = key.find("key_ops"); operations != key.end()) {
    if (!operations->is_array() || std::find(operations->begin(), operations->end(), "verify") == operations->end()) {
      return absl::InvalidArgumentError("not for verifying");
    }
  }
  auto made = MakeKey(key);
  if (made.ok() && key.contains("alg") &&
      ParseJwsAlgorithm(StringMember(key, "alg").value_or("")) != (*made)->algorithm()) {
    return absl::InvalidArgumentError("alg isn't EdDSA, ES256 or RS256, or isn't the key's type");
  }
  return made;
}

bool HoldsPrivateMaterial(const json& key) {
  return key.contains("d") || key.contains("k") || key.contains("p") || StringMember(key, "kty") == "oct";
}

std::string Text(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

absl::StatusOr<std::shared_ptr<const JwkSet>> JwkSet::Parse(std::string_view text) {
  const std::optional<json> document = ParseStrictObject(text);
  if (!document.has_value()) return absl::InvalidArgumentError("not a JSON object, or a member name occurs twice");
  const auto keys = document->find("keys");
  if (keys == document->end() || !keys->is_array()) return absl::InvalidArgumentError("no array \"keys\"");
  auto set = std::make_shared<JwkSet>();
  for (std::size_t i = 0; i < keys->size(); ++i) {
    const json& entry = (*keys)[i];
    if (!entry.is_object()) return absl::InvalidArgumentError(fmt::format("keys[{}]: not an object", i));
    if (HoldsPrivateMaterial(entry)) {
      return absl::InvalidArgumentError(
          fmt::format("keys[{}]: a private or symmetric key; publish public keys only", i));
    }
    auto key = UsableKey(entry);
    if (!key.ok()) {
      set->skipped_.push_back(fmt::format("keys[{}]: {}", i, Text(key.status())));
      continue;
    }
    if (!set->keys_.emplace(*StringMember(entry, "kid"), *std::move(key)).second) {
      return absl::InvalidArgumentError(fmt::format("keys[{}]: its kid occurs twice", i));
    }
  }
  if (set->keys_.empty()) {
    return absl::InvalidArgumentError(
        set->skipped_.empty() ? "no keys" : fmt::format("no usable key ({})", fmt::join(set->skipped_, "; ")));
  }
  return std::shared_ptr<const JwkSet>(std::move(set));
}

std::shared_ptr<const JwkSet> JwkSet::Of(std::string kid, std::shared_ptr<const JwsKey> key) {
  auto set = std::make_shared<JwkSet>();
  set->keys_.emplace(std::move(kid), std::move(key));
  return set;
}

const JwsKey* JwkSet::Find(const std::string& kid) const {
  const auto it = keys_.find(kid);
  return it == keys_.end() ? nullptr : it->second.get();
}

}  // namespace labyrinth::service
