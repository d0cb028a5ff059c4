// A TLS key and a certificate by itself, for tests. testonly.
#ifndef LABYRINTH_SERVICE_AUTH_TLS_TESTING_H_
#define LABYRINTH_SERVICE_AUTH_TLS_TESTING_H_

#include <openssl/evp.h>

#include <cstdint>
#include <string>

namespace labyrinth::service::testing {

// For "localhost", P-256, drawn anew (nothing may depend on which), valid from 1970 until `not_after_s`.
class SelfSigned {
 public:
  explicit SelfSigned(int64_t not_after_s);

  const std::string& cert_pem() const { return cert_pem_; }
  // Encrypted if there is a passphrase.
  std::string KeyPem(const std::string& passphrase = "") const;

 private:
  bssl::UniquePtr<EVP_PKEY> key_;
  std::string cert_pem_;
};

}  // namespace labyrinth::service::testing

#endif  // LABYRINTH_SERVICE_AUTH_TLS_TESTING_H_
