#include "common/clock.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/ristretto.h"
#include "crypto/primitives/seeded_random.h"
#include "proto/labyrinth/v1/attachment.pb.h"
#include "proto/labyrinth/v1/device.pb.h"
#include "proto/labyrinth/v1/history.pb.h"
#include "service/attachments/tickets.h"
#include "service/auth/base64url.h"
#include "service/auth/challenge.h"
#include "service/auth/jwks.h"
#include "service/auth/jwt.h"
#include "service/auth/jwt_testing.h"
#include "service/auth/session.h"
#include "service/auth/strict_json.h"
#include "service/config/listen_address.h"
#include "service/config/toml_file.h"
#include "service/converters/attachments.h"
#include "service/converters/fields.h"
#include "service/converters/messages.h"
#include "service/mailbox/page_token.h"
#include "storage/memory/memory_engine.h"
#include "tests/fuzz/fuzz_target.h"

namespace labyrinth::fuzz {
namespace {

namespace testing = service::testing;

constexpr int64_t kNowMs = 1'700'000'000'000;

void RunBase64Url(std::string_view input) {
  const auto bytes = service::DecodeBase64Url(input);
  Require(!bytes || service::EncodeBase64Url(*bytes) == input, "bytes have one base64url form");
}

std::vector<std::string> Base64UrlSeeds() { return {"", "AA", "-_8", "c2VlZA"}; }

void RunStrictJson(std::string_view input) {
  const auto object = service::ParseStrictObject(input);
  Require(!object || object->is_object(), "only objects are accepted");
}

std::vector<std::string> StrictJsonSeeds() {
  return {R"({"iss":"a","exp":1700000000,"aud":["b"],"n":{"x":[1,2.5,null,true]}})", R"({"a":"\u00e9"})"};
}

void RunJwks(std::string_view input) {
  const auto keys = service::JwkSet::Parse(input);
  Require(!keys.ok() || *keys != nullptr, "an accepted set exists");
}

std::vector<std::string> JwksSeeds() {
  return {nlohmann::json{{"keys", {testing::Ed25519Jwk(), testing::P256Jwk(), testing::RsaJwk()}}}.dump()};
}

void RunJwt(std::string_view input) {
  static const auto keys = *service::JwkSet::Parse(JwksSeeds()[0]);
  service::FixedKeySource source(keys);
  const ManualClock clock(kNowMs);
  const nlohmann::json claims = testing::GoodDraft("EdDSA", kNowMs).claims;
  const std::string audience = claims["aud"].is_array() ? claims["aud"][0] : claims["aud"];
  const service::JwtVerifier verifier({claims["iss"], audience, 0}, source, clock);
  const auto account = verifier.Verify(input);
  Require(!account.ok() || account->expire_ms > kNowMs, "an accepted token is alive");
}

std::vector<std::string> JwtSeeds() {
  return {testing::GoodDraft("EdDSA", kNowMs).Token(), testing::GoodDraft("ES256", kNowMs).Token(),
          testing::GoodDraft("RS256", kNowMs).Token()};
}

// What the server seals for itself comes back through hostile hands.
struct Tokens {
  crypto::SeededRandom random{12};
  storage::MemoryEngine engine;
  ManualClock clock{kNowMs};
  service::ServerKeys keys = *service::ServerKeys::LoadOrCreate(engine, random, {"server", false});
  service::Sessions sessions{keys, clock};
  service::Challenges challenges{keys.challenge(), "server", clock, random};
  mailbox::PageTokens pages{keys.page_token().Clone(), keys.generation(), random};
  attachments::Tickets tickets{keys.ticket().Clone(), keys.generation(), clock, random};
  mailbox::Caller caller{std::string(32, 'p'), 1, DeviceId(9)};
  crypto::Sha256Digest query = mailbox::QueryHash("List").Done();

  std::string Session() {
    service::SessionClaims claims{caller.partition, 1, caller.device_id, crypto::SubjectKind::kPhysical, kNowMs, 0};
    service::AccountClaims account{"account", kNowMs, kNowMs + 60'000, {}};
    return sessions.Issue(claims, account);
  }
  attachments::UploadTicket upload{*storage::AttachmentBlob::From(std::string(32, 'b')), 10, kNowMs + 60'000};
  std::string UploadTicket() { return *tickets.Seal(upload); }
  std::string DownloadTicket() {
    return *tickets.Seal(attachments::DownloadTicket{upload.blob, 10, kNowMs + 60'000, caller});
  }
};

void RunServerTokens(std::string_view input) {
  if (input.empty()) return;  // no page token: the first page
  static Tokens t;
  static const std::string session = t.Session();
  Require(!t.sessions.Verify(input).ok() || input == session, "no session token but the one that was issued");
  Require(!t.pages.Open(t.caller, t.query, input).ok() || input.size() > 28, "a page token is sealed");
  Require(!t.tickets.OpenUpload(input).ok() || !t.tickets.OpenDownload(input).ok(), "a ticket is of one kind");
  (void)t.challenges.Check(input, "account", DeviceId(9));
}

std::vector<std::string> ServerTokenSeeds() {
  Tokens t;
  return {t.Session(), *t.pages.Seal(t.caller, t.query, "last key"), t.challenges.Issue("account", DeviceId(9)).bytes,
          t.UploadTicket(), t.DownloadTicket()};
}

void RunSaveRequest(std::string_view input) {
  v1::SaveMessagesRequest request;
  if (!request.ParseFromArray(input.data(), static_cast<int>(input.size()))) return;
  const int count = request.messages_size();
  const auto save = service::ParseSave({std::string(32, 'p'), 1, DeviceId(9)}, request);
  Require(!save.ok() || count > 0, "an accepted batch isn't empty");
}

std::vector<std::string> SaveRequestSeeds() {
  v1::SaveMessagesRequest request;
  request.set_epoch_id(7);
  request.set_cipher_version(3);
  request.set_on_conflict(v1::ON_CONFLICT_KEEP_EXISTING);
  auto& message = *request.add_messages();
  message.set_thread_id("thread");
  message.set_message_id("message");
  message.set_timestamp_ms(kNowMs);
  message.set_ciphertext(std::string(64, 'c'));
  return {request.SerializeAsString()};
}

void RunReferenceRequest(std::string_view input) {
  v1::CreateReferenceRequest request;
  if (!request.ParseFromArray(input.data(), static_cast<int>(input.size()))) return;
  const auto claim = service::ParseClaim(request.attachment(), "attachment");
  if (!claim.ok()) return;
  Require(crypto::ParsePoint(claim->point.view()).ok() && crypto::ParsePoint(claim->mac_point.view()).ok(),
          "an accepted claim has two points");
  Require(!claim->thread_id.empty() && !claim->message_id.empty(), "and names a message");
}

std::vector<std::string> ReferenceRequestSeeds() {
  v1::CreateReferenceRequest request;
  auto& attachment = *request.mutable_attachment();
  attachment.set_point(crypto::HashToCurve("reference").str());
  attachment.set_mac_point(crypto::HashToCurve("owner").str());
  attachment.set_thread_id("thread");
  attachment.set_message_id("message");
  request.set_upload_ticket(std::string(110, 't'));
  request.set_sealed_name("name");
  return {request.SerializeAsString()};
}

void RunRegisterRequest(std::string_view input) {
  v1::RegisterDeviceRequest request;
  if (!request.ParseFromArray(input.data(), static_cast<int>(input.size()))) return;
  (void)service::ParseRequestKey(request.request_id(), "RegisterDevice", request);
  (void)service::ParseDeviceKeys(request.keys(), crypto::SubjectKind::kPhysical);
  (void)service::ParseDeviceKeys(request.keys(), crypto::SubjectKind::kVirtual);
  (void)service::ParseLogEntry(request.log_entry(), "log_entry");
}

std::vector<std::string> RegisterRequestSeeds() {
  v1::RegisterDeviceRequest request;
  request.set_request_id(std::string(16, 'r'));
  request.mutable_keys()->set_device_key(std::string(32, 'd'));
  request.mutable_keys()->set_epoch_storage_key(std::string(32, 's'));
  request.mutable_keys()->set_sig_30(std::string(64, '3'));
  request.mutable_log_entry()->set_entry(std::string(250, 'e'));
  request.mutable_log_entry()->set_signature(std::string(64, 'g'));
  return {request.SerializeAsString()};
}

void RunConfiguration(std::string_view input) {
  service::ServerConfig config;
  (void)service::ReadToml(input, "fuzz.toml", config);
  if (const auto address = service::ListenAddress::Parse(input)) {
    const auto again = service::ListenAddress::Parse(address->ToString());
    Require(again && again->host == address->host && again->port == address->port, "an address reads as it prints");
  }
}

std::vector<std::string> ConfigurationSeeds() {
  return {"server_name = \"s\"\nlisten = \"127.0.0.1:7420\"\n[tls]\ncert_file = \"c\"\n[quota]\nbytes = 5\n",
          "[::1]:7420"};
}

constexpr FuzzTarget kTargets[] = {
    {"base64url", Base64UrlSeeds, RunBase64Url},
    {"strict_json", StrictJsonSeeds, RunStrictJson},
    {"jwks", JwksSeeds, RunJwks},
    {"jwt", JwtSeeds, RunJwt},
    {"server_tokens", ServerTokenSeeds, RunServerTokens},
    {"save_request", SaveRequestSeeds, RunSaveRequest},
    {"reference_request", ReferenceRequestSeeds, RunReferenceRequest},
    {"register_request", RegisterRequestSeeds, RunRegisterRequest},
    {"configuration", ConfigurationSeeds, RunConfiguration},
};

}  // namespace

std::span<const FuzzTarget> ServerTargets() { return kTargets; }

}  // namespace labyrinth::fuzz
