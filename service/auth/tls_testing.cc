#include "service/auth/tls_testing.h"

#include <openssl/bio.h>
#include <openssl/ec_key.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>

namespace labyrinth::service::testing {
namespace {

std::string Contents(BIO* bio) {
  const uint8_t* data = nullptr;
  size_t size = 0;
  REQUIRE(BIO_mem_contents(bio, &data, &size) == 1);
  return {reinterpret_cast<const char*>(data), size};
}

void AddName(X509* cert) {
  X509_NAME* const name = X509_get_subject_name(cert);
  const auto* text = reinterpret_cast<const uint8_t*>("localhost");
  REQUIRE(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1);
  REQUIRE(X509_set_issuer_name(cert, name) == 1);
  const bssl::UniquePtr<X509_EXTENSION> alternative(
      X509V3_EXT_nconf_nid(nullptr, nullptr, NID_subject_alt_name, const_cast<char*>("DNS:localhost")));
  REQUIRE(alternative != nullptr);
  REQUIRE(X509_add_ext(cert, alternative.get(), -1) == 1);
}

}  // namespace

SelfSigned::SelfSigned(int64_t not_after_s) : key_(EVP_PKEY_new()) {
  const bssl::UniquePtr<EC_KEY> ec(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  REQUIRE(EC_KEY_generate_key(ec.get()) == 1);
  REQUIRE(EVP_PKEY_set1_EC_KEY(key_.get(), ec.get()) == 1);
  const bssl::UniquePtr<X509> cert(X509_new());
  REQUIRE(X509_set_version(cert.get(), X509_VERSION_3) == 1);
  REQUIRE(ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), 1) == 1);
  REQUIRE(ASN1_TIME_set(X509_getm_notBefore(cert.get()), 0) != nullptr);
  REQUIRE(ASN1_TIME_set(X509_getm_notAfter(cert.get()), not_after_s) != nullptr);
  REQUIRE(X509_set_pubkey(cert.get(), key_.get()) == 1);
  AddName(cert.get());
  REQUIRE(X509_sign(cert.get(), key_.get(), EVP_sha256()) > 0);
  const bssl::UniquePtr<BIO> out(BIO_new(BIO_s_mem()));
  REQUIRE(PEM_write_bio_X509(out.get(), cert.get()) == 1);
  cert_pem_ = Contents(out.get());
}

std::string SelfSigned::KeyPem(const std::string& passphrase) const {
  const bssl::UniquePtr<BIO> out(BIO_new(BIO_s_mem()));
  const EVP_CIPHER* cipher = passphrase.empty() ? nullptr : EVP_aes_256_cbc();
  REQUIRE(PEM_write_bio_PKCS8PrivateKey(out.get(), key_.get(), cipher, const_cast<char*>(passphrase.data()),
                                        static_cast<int>(passphrase.size()), nullptr, nullptr) == 1);
  return Contents(out.get());
}

}  // namespace labyrinth::service::testing
