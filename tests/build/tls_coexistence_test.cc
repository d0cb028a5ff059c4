// Our BoringSSL and the OpenSSL 3 inside Debian's gRPC live in one process: each keeps to its own symbols while both
// work at once. Without the prefix (third_party/boringssl) the TLS server below dies at its first handshake.

#include <dlfcn.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using VersionFunction = const char* (*)(int);

// The OpenSSL_version that a library loaded at run time finds, which is gRPC's.
VersionFunction GlobalOpenSslVersion() {
  return reinterpret_cast<VersionFunction>(dlsym(RTLD_DEFAULT, "OpenSSL_version"));
}

struct Identity {
  std::string key_pem;
  std::string certificate_pem;
};

std::string ReadAll(BIO* bio) {
  const uint8_t* data = nullptr;
  size_t size_bytes = 0;
  REQUIRE(BIO_mem_contents(bio, &data, &size_bytes) == 1);
  return std::string(reinterpret_cast<const char*>(data), size_bytes);
}

// A P-256 key and a certificate for "localhost" signed by it, good for an hour, made by BoringSSL.
Identity MakeSelfSignedIdentity() {
  bssl::UniquePtr<EC_KEY> ec_key(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  REQUIRE(EC_KEY_generate_key(ec_key.get()) == 1);
  bssl::UniquePtr<EVP_PKEY> key(EVP_PKEY_new());
  REQUIRE(EVP_PKEY_set1_EC_KEY(key.get(), ec_key.get()) == 1);

  bssl::UniquePtr<X509> certificate(X509_new());
  REQUIRE(X509_set_version(certificate.get(), X509_VERSION_3) == 1);
  REQUIRE(ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1) == 1);
  REQUIRE(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60) != nullptr);
  REQUIRE(X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600) != nullptr);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  REQUIRE(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const uint8_t*>("localhost"), -1, -1,
                                     0) == 1);
  REQUIRE(X509_set_issuer_name(certificate.get(), name) == 1);
  REQUIRE(X509_set_pubkey(certificate.get(), key.get()) == 1);
  REQUIRE(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0);

  bssl::UniquePtr<BIO> key_bio(BIO_new(BIO_s_mem()));
  REQUIRE(PEM_write_bio_PrivateKey(key_bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  bssl::UniquePtr<BIO> certificate_bio(BIO_new(BIO_s_mem()));
  REQUIRE(PEM_write_bio_X509(certificate_bio.get(), certificate.get()) == 1);
  return {ReadAll(key_bio.get()), ReadAll(certificate_bio.get())};
}

// HMAC-SHA-256 by BoringSSL: work of our own between the records that OpenSSL encrypts.
std::string Mac(std::string_view text) {
  std::string mac(EVP_MAX_MD_SIZE, '\0');
  unsigned int size_bytes = 0;
  HMAC(EVP_sha256(), "key", 3, reinterpret_cast<const uint8_t*>(text.data()), text.size(),
       reinterpret_cast<uint8_t*>(mac.data()), &size_bytes);
  mac.resize(size_bytes);
  return mac;
}

std::string Text(const grpc::ByteBuffer& buffer) {
  grpc::Slice slice;
  if (!buffer.DumpToSingleSlice(&slice).ok()) return "";
  return std::string(reinterpret_cast<const char*>(slice.begin()), slice.size());
}

grpc::ByteBuffer Buffer(const std::string& text) {
  const grpc::Slice slice(text);
  return grpc::ByteBuffer(&slice, 1);
}

// Answers one message with its MAC.
class MacReactor : public grpc::ServerGenericBidiReactor {
 public:
  MacReactor() { StartRead(&request_); }

  void OnReadDone(bool ok) override {
    if (!ok) return Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no message"));
    response_ = Buffer(Mac(Text(request_)));
    StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
  }
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
};

class MacService : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override {
    return new MacReactor();  // deletes itself when the call is done
  }
};

// Calls the service `count` times over a TLS connection of its own; returns how many answers were right.
int CountRightAnswers(const std::string& target, const std::string& root_pem, int thread_index, int count) {
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = root_pem;
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("localhost");
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  grpc::GenericStub stub(grpc::CreateCustomChannel(target, grpc::SslCredentials(tls), arguments));

  int right_count = 0;
  for (int i = 0; i < count; ++i) {
    const std::string text = "call " + std::to_string(thread_index) + "." + std::to_string(i);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    grpc::CompletionQueue queue;
    const auto call = stub.PrepareUnaryCall(&context, "/labyrinth.test.Mac/Sign", Buffer(text), &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    if (queue.Next(&tag, &ok) && status.ok() && Text(response) == Mac(text)) ++right_count;
  }
  return right_count;
}

TEST_CASE("our objects see BoringSSL, libraries loaded at run time see OpenSSL 3") {
  CHECK(std::string_view(OpenSSL_version(OPENSSL_VERSION)) == "BoringSSL");
  const VersionFunction global = GlobalOpenSslVersion();
  REQUIRE(global != nullptr);
  CHECK(std::string_view(global(0)).substr(0, 10) == "OpenSSL 3.");
  CHECK(global != &OpenSSL_version);
}

TEST_CASE("gRPC serves TLS by OpenSSL while BoringSSL computes on the same threads") {
  const Identity identity = MakeSelfSignedIdentity();
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back({identity.key_pem, identity.certificate_pem});
  MacService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::SslServerCredentials(tls), &port);
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  REQUIRE(server != nullptr);
  REQUIRE(port > 0);

  constexpr int kThreadCount = 4;
  constexpr int kCallCount = 50;
  const std::string target = "127.0.0.1:" + std::to_string(port);
  std::atomic<int> right_count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreadCount; ++t) {
    threads.emplace_back([&, t] { right_count += CountRightAnswers(target, identity.certificate_pem, t, kCallCount); });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right_count == kThreadCount * kCallCount);

  // A client that does not know the certificate gets nothing: the calls above were TLS indeed.
  CHECK(CountRightAnswers(target, MakeSelfSignedIdentity().certificate_pem, kThreadCount, 1) == 0);
  server->Shutdown();
}

}  // namespace
