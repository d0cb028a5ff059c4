#include <grpcpp/support/status.h>

#include "client/convert.h"
#include "client/fingerprint.h"
#include "client/keychain_codec.h"
#include "client/transfer/chat_content.h"
#include "client/transfer/html_text.h"
#include "client/transfer/messenger_export.h"
#include "client/transfer/text.h"
#include "client/transfer/thread_file.h"
#include "common/errors.h"
#include "common/rpc_status.h"
#include "crypto/labyrinth/device_secrets.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/seeded_random.h"
#include "proto/labyrinth/v1/enrollment.pb.h"
#include "tests/fuzz/fuzz_target.h"

namespace labyrinth::fuzz {
namespace {

void RunKeychain(std::string_view input) {
  const auto state = client::DecodeKeychain(crypto::Secret::CopyOf(input));
  if (!state.ok()) return;
  const auto again = client::DecodeKeychain(client::EncodeKeychain(*state));
  Require(again.ok() && again->account_id == state->account_id, "a keychain reads as it was written");
  Require(again->one_time.guess_ms == state->one_time.guess_ms, "and keeps its counts");
}

std::vector<std::string> KeychainSeeds() {
  crypto::SeededRandom random(13);
  client::KeychainState state;
  state.server_name = "server";
  state.account_id = "account";
  state.pending_code =
      client::PendingRecoveryCode{crypto::Secret::CopyOf("request"), crypto::Secret::CopyOf("code"), {}};
  state.one_time = {*crypto::EnrollmentId::From("enrolment's id.."), 2, {11, 12}, {13}};
  return {std::string(client::EncodeKeychain(state).RevealSecret())};
}

void RunThreadFile(std::string_view input) {
  const auto file = client::ParseThreadFile(input, {});
  if (!file.ok()) return;
  int64_t newest = 0;
  for (const auto& message : file->messages) {
    Require(message.timestamp_ms >= newest, "messages come oldest first");
    newest = message.timestamp_ms;
  }
}

std::vector<std::string> ThreadFileSeeds() {
  return {
      R"({"participants":[{"name":"Ann"},{"name":"Zo\u00c3\u00ab"}],"messages":[{"sender_name":"Ann","timestamp_ms":1)"
      R"(,"content":"hi"},{"sender_name":"Ann","timestamp_ms":2,"photos":[{"uri":"a.jpg"}]}],"title":"Ann",)"
      R"("thread_path":"inbox/ann_1"})"};
}

void RunChatContent(std::string_view input) {
  if (const auto content = client::DecodeChatContent(input)) {
    const auto again = client::DecodeChatContent(client::EncodeChatContent(*content));
    Require(again && again->text == content->text && again->sender == content->sender, "content reads as written");
    Require(content->attachments.size() <= client::kChatAttachments, "a message has a bounded number of attachments");
    Require(again->attachments.size() == content->attachments.size(), "and they read as written");
  }
  (void)client::Printable(input);
  for (const std::string& html : {client::EscapeHtml(input), client::EscapeHtml(client::OneLine(input, 20))}) {
    Require(html.find_first_of("<>\"'") == std::string::npos && client::IsValidUtf8(html), "escaped text is no markup");
  }
}

std::vector<std::string> ChatContentSeeds() {
  client::ChatContent with_file{"Ann", "look", "Ann and Bob"};
  with_file.attachments.push_back({*crypto::AttachmentName::From(std::string(16, 'A')),
                                   crypto::Secret::CopyOf(std::string(crypto::kAttachmentKeyBytes, 'k')),
                                   crypto::Sha256("ciphertext"), 5, "a.txt", "text/plain"});
  return {client::EncodeChatContent({"Ann", "hello", "Ann and Bob"}), "\x1b[31mred\x07",
          client::EncodeChatContent(with_file)};
}

// A request to join, as the relay hands it to a member.
void RunJoinRequest(std::string_view input) {
  v1::WatchEnrollmentsResponse event;
  if (!event.ParseFromArray(input.data(), static_cast<int>(input.size()))) return;
  const auto keys = client::FromProto(event.keys());
  if (!keys.ok()) return;
  Require(client::DeviceFingerprint({"server", "account"}, *keys).size() == 19, "keys have a fingerprint");
  (void)crypto::VerifyDeviceSignatures(*keys);
}

std::vector<std::string> JoinRequestSeeds() {
  crypto::SeededRandom random(14);
  const auto secrets =
      crypto::DeviceSecrets::Generate(crypto::SubjectKind::kPhysical, crypto::OrfClientState::Generate(random), random);
  v1::WatchEnrollmentsResponse event;
  event.set_enrollment_id(random.Bytes(16));
  event.set_sequence(1);
  event.set_step(v1::ENROLLMENT_STEP_OPEN);
  event.set_payload(random.Bytes(16));
  client::ToProto(secrets->public_keys, *event.mutable_keys());
  return {event.SerializeAsString()};
}

// What a server answers instead of a result.
void RunRpcStatus(std::string_view input) {
  // gRPC itself makes UNKNOWN of other codes.
  const auto code = static_cast<grpc::StatusCode>(input.empty() ? 2 : static_cast<unsigned char>(input[0]) % 17);
  const absl::Status status = FromGrpc(grpc::Status(code, "text", std::string(input)));
  (void)ReasonOf(status);
}

std::vector<std::string> RpcStatusSeeds() {
  return {ToGrpc(errors::LimitExceeded("field", "limit", 5)).error_details(),
          ToGrpc(errors::InvalidField("field", "why")).error_details()};
}

constexpr FuzzTarget kTargets[] = {
    {"keychain", KeychainSeeds, RunKeychain},           {"thread_file", ThreadFileSeeds, RunThreadFile},
    {"chat_content", ChatContentSeeds, RunChatContent}, {"join_request", JoinRequestSeeds, RunJoinRequest},
    {"rpc_status", RpcStatusSeeds, RunRpcStatus},
};

}  // namespace

std::span<const FuzzTarget> ClientTargets() { return kTargets; }

}  // namespace labyrinth::fuzz
