#include "client/session.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "client/stubs.h"
#include "common/errors.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/session_statement.h"

namespace labyrinth::client {
namespace {

constexpr char kSessionHeader[] = "x-labyrinth-session";
constexpr std::size_t kMaxChallengeBytes = 256;
constexpr std::size_t kMaxSessionTokenBytes = 512;

// A challenge is answered once, so a lost reply costs a new challenge.
constexpr int kSignInAttempts = 3;

constexpr int64_t kRenewBeforeMs = 60'000;

// What a new session may cure: it was refused, or is from before the server's store was restored.
bool SessionIsOver(const absl::Status& status) {
  if (ReasonOf(status) == Reason::kStoreRestored) {
    const auto details = DetailsOf(status);
    const auto of = details.find("of");
    return of != details.end() && of->second == "session";
  }
  // A ticket's end says nothing about the session.
  return absl::IsUnauthenticated(status) && ReasonOf(status) != Reason::kTicketExpired;
}

}  // namespace

bool Session::Fresh() const {
  if (header_.empty()) return false;
  const int64_t now_ms = connection_.clock().NowMs();
  // The second clause keeps a device whose clock runs ahead from signing in for every call.
  return now_ms < expire_ms_ - kRenewBeforeMs || (now_ms >= signed_in_ms_ && now_ms < signed_in_ms_ + kRenewBeforeMs);
}

absl::Status Session::AnswerChallenge(bool renew_token) {
  const auto token = connection_.Token(renew_token);
  if (!token.ok()) return token.status();

  v1::CreateChallengeRequest challenge_request;
  challenge_request.set_device_id(identity_.device_id.value());
  v1::CreateChallengeResponse challenge;
  absl::Status status = connection_.caller().Run([&](grpc::ClientContext& context) {
    AddToken(*token, context);
    return connection_.stubs().mailbox.CreateChallenge(&context, challenge_request, &challenge);
  });
  if (!status.ok()) return status;
  if (challenge.challenge().empty() || challenge.challenge().size() > kMaxChallengeBytes) {
    return absl::DataLossError("sign-in: the server's challenge is malformed");
  }

  crypto::SessionStatement statement{.server_name = identity_.server_name,
                                     .account_id = identity_.account_id,
                                     .mailbox_id = identity_.mailbox_id,
                                     .device_id = identity_.device_id,
                                     .kind = identity_.kind,
                                     .device_key = identity_.device_key.public_key,
                                     .account_token_hash = crypto::Sha256(token->RevealSecret()),
                                     .challenge = challenge.challenge(),
                                     .client_random = {}};
  connection_.random().Fill({statement.client_random.data(), statement.client_random.kSize});
  const auto signature = crypto::SignSession(statement, identity_.device_key.private_key, connection_.random());
  if (!signature.ok()) return signature.status();

  v1::CreateSessionRequest request;
  request.set_device_id(identity_.device_id.value());
  request.mutable_proof()->set_challenge(challenge.challenge());
  request.mutable_proof()->set_client_random(statement.client_random.str());
  request.mutable_proof()->set_signature(signature->str());
  v1::CreateSessionResponse session;
  status = connection_.caller().Run([&](grpc::ClientContext& context) {
    AddToken(*token, context);
    return connection_.stubs().mailbox.CreateSession(&context, request, &session);
  });
  if (!status.ok()) return status;
  if (session.session_token().empty() || session.session_token().size() > kMaxSessionTokenBytes) {
    return absl::DataLossError("sign-in: the server's session token is malformed");
  }
  std::string header;
  absl::WebSafeBase64Escape({session.session_token().data(), session.session_token().size()}, &header);
  header_ = std::move(header);
  expire_ms_ = session.expire_ms();
  generation_ = session.head().generation();
  signed_in_ms_ = connection_.clock().NowMs();
  return absl::OkStatus();
}

absl::Status Session::SignIn() {
  header_.clear();
  bool renew_token = false;
  absl::Status status;
  for (int attempt = 0; attempt < kSignInAttempts; ++attempt) {
    status = AnswerChallenge(renew_token);
    const auto reason = ReasonOf(status);
    const bool token_refused = reason == Reason::kTokenInvalid;
    if (token_refused ? renew_token : reason != Reason::kProofInvalid) return status;
    renew_token = renew_token || token_refused;
  }
  return status;
}

absl::Status Session::EnsureSignedIn() { return Fresh() ? absl::OkStatus() : SignIn(); }

absl::Status Session::Authorize(grpc::ClientContext& context) {
  if (revoked_) return errors::DeviceRevoked();
  const absl::Status status = EnsureSignedIn();
  if (status.ok()) context.AddMetadata(kSessionHeader, header_);
  NoteEnd(status);
  return status;
}

void Session::NoteEnd(const absl::Status& status) {
  if (ReasonOf(status) == Reason::kTokenInvalid || SessionIsOver(status)) header_.clear();
  if (ReasonOf(status) == Reason::kDeviceRevoked) revoked_ = true;
}

absl::Status Session::Call(absl::FunctionRef<grpc::Status(grpc::ClientContext&)> attempt) {
  if (revoked_) return errors::DeviceRevoked();
  absl::Status status;
  for (const bool last : {false, true}) {
    status = EnsureSignedIn();
    if (!status.ok()) break;
    status = connection_.caller().Run([&](grpc::ClientContext& context) {
      context.AddMetadata(kSessionHeader, header_);
      return attempt(context);
    });
    if (last || !SessionIsOver(status)) break;
    header_.clear();
  }
  if (ReasonOf(status) == Reason::kDeviceRevoked) revoked_ = true;
  return status;
}

}  // namespace labyrinth::client
