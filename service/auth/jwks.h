// The set of keys that an issuer of account tokens publishes (JSON Web Key Set, RFC 7517).
#ifndef LABYRINTH_SERVICE_AUTH_JWKS_H_
#define LABYRINTH_SERVICE_AUTH_JWKS_H_

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "service/auth/jws_key.h"

namespace labyrinth::service {

// Immutable, thread-safe.
class JwkSet {
 public:
  // INVALID_ARGUMENT, in one line that holds no key material: not JSON or not a set; a private or symmetric key, which
  // has no business here; two keys of one kid; no usable key at all. A key that can't be used (another type, curve, use
  // or algorithm, no kid, too weak, malformed) is left out and named in skipped(): issuers publish keys for others,
  // too.
  static absl::StatusOr<std::shared_ptr<const JwkSet>> Parse(std::string_view json);

  // Of one key.
  static std::shared_ptr<const JwkSet> Of(std::string kid, std::shared_ptr<const JwsKey> key);

  // nullptr if there is none.
  const JwsKey* Find(const std::string& kid) const;

  std::size_t size() const { return keys_.size(); }
  // "keys[2]: an RSA modulus of fewer than 2048 bits", and so on.
  const std::vector<std::string>& skipped() const { return skipped_; }

 private:
  std::map<std::string, std::shared_ptr<const JwsKey>> keys_;
  std::vector<std::string> skipped_;
};

// Where the verifier takes the keys of the moment from. Thread-safe.
class KeySource {
 public:
  virtual ~KeySource() = default;
  virtual std::shared_ptr<const JwkSet> Current() = 0;
};

class FixedKeySource final : public KeySource {
 public:
  explicit FixedKeySource(std::shared_ptr<const JwkSet> keys) : keys_(std::move(keys)) {}
  std::shared_ptr<const JwkSet> Current() override { return keys_; }

 private:
  const std::shared_ptr<const JwkSet> keys_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_AUTH_JWKS_H_
