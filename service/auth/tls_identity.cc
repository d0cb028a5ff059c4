#include "service/auth/tls_identity.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <fstream>
#include <sstream>

#include "crypto/primitives/secret.h"

namespace labyrinth::service {
namespace {

absl::Status Bad(const std::string& path, std::string_view why) {
  ERR_clear_error();
  return absl::FailedPreconditionError(fmt::format("{}: {}", path, why));
}

absl::StatusOr<crypto::Secret> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in.is_open() || !text) return Bad(path, "can't be read, or is empty");
  return crypto::Secret::TakeAndWipe(text.str());
}

bssl::UniquePtr<BIO> Over(const crypto::Secret& bytes) {
  const std::string_view view = bytes.RevealSecret();
  return bssl::UniquePtr<BIO>(BIO_new_mem_buf(view.data(), static_cast<int>(view.size())));
}

// A key with a passphrase would otherwise ask for it on the terminal.
int NoPassphrase(char*, int, int, void*) { return 0; }

// Seconds from the epoch to `time`.
absl::StatusOr<int64_t> UnixSeconds(const ASN1_TIME* time) {
  const bssl::UniquePtr<ASN1_TIME> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0, seconds = 0;
  if (!epoch || ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) {
    return absl::FailedPreconditionError("not a date");
  }
  return int64_t{days} * 24 * 3600 + seconds;
}

}  // namespace

absl::StatusOr<int64_t> CheckTlsIdentity(const std::string& cert_file, const std::string& key_file, int64_t now_ms) {
  const auto cert_text = ReadFile(cert_file), key_text = ReadFile(key_file);
  if (!cert_text.ok()) return cert_text.status();
  if (!key_text.ok()) return key_text.status();
  const bssl::UniquePtr<X509> cert(PEM_read_bio_X509(Over(*cert_text).get(), nullptr, NoPassphrase, nullptr));
  if (!cert) return Bad(cert_file, "holds no PEM certificate");
  const bssl::UniquePtr<EVP_PKEY> key(PEM_read_bio_PrivateKey(Over(*key_text).get(), nullptr, NoPassphrase, nullptr));
  if (!key) return Bad(key_file, "holds no PEM private key without a passphrase");
  if (X509_check_private_key(cert.get(), key.get()) != 1) {
    return Bad(key_file, fmt::format("isn't the key of {}", cert_file));
  }
  const auto expire_s = UnixSeconds(X509_get0_notAfter(cert.get()));
  if (!expire_s.ok()) return Bad(cert_file, "its expiry is no date");
  if (*expire_s * 1000 <= now_ms) return Bad(cert_file, "the certificate has expired");
  return *expire_s * 1000;
}

}  // namespace labyrinth::service
