#include "service/handlers/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "common/errors.h"
#include "common/rpc_status.h"
#include "service/auth/base64url.h"

namespace labyrinth::service {

namespace {

constexpr absl::Duration kLongestCall = absl::Seconds(30);
constexpr std::string_view kBearer = "Bearer ";

}  // namespace

Call::Call(const HandlerContext& context, grpc::CallbackServerContext* rpc, Word method)
    : context_(&context),
      rpc_(rpc),
      reactor_(rpc->DefaultReactor()),
      start_(std::chrono::steady_clock::now()),
      record_{method, RequestTag::Draw(context.random), {}, {}, 0, 0, {}} {
  // How long is left by gRPC's clock, carried over to ours.
  const absl::Duration left = std::min(absl::FromChrono(rpc->deadline()) - absl::Now(), kLongestCall);
  deadline_ = absl::FromUnixMillis(context.clock.NowMs()) + left;
}

std::string_view Call::Metadata(const char* key) const {
  const auto [first, last] = rpc_->client_metadata().equal_range(key);
  if (std::distance(first, last) != 1) return {};
  return {first->second.data(), first->second.size()};
}

absl::StatusOr<AccountClaims> Call::Account() {
  std::string_view token = Metadata("authorization");
  if (token.empty()) return errors::TokenInvalid("account token: missing, or there are several");
  if (!token.starts_with(kBearer)) return errors::TokenInvalid("account token: not a bearer token");
  token.remove_prefix(kBearer.size());
  return context_->accounts.Verify(token);
}

std::string Call::PartitionOf(const AccountClaims& claims) {
  record_.partition = context_->policy.partition_of(claims.account_id);
  return record_.partition;
}

bool Call::HasSession() const { return !Metadata("x-labyrinth-session").empty(); }

absl::StatusOr<mailbox::Caller> Call::Device(bool virtual_as_well) {
  const std::string_view text = Metadata("x-labyrinth-session");
  if (text.empty()) return errors::TokenInvalid("session: missing, or there are several");
  const auto token = DecodeBase64Url(text);
  if (!token.has_value()) return errors::TokenInvalid("session: malformed");
  absl::StatusOr<SessionClaims> claims = context_->sessions.Verify(*token);
  if (!claims.ok()) return claims.status();
  if (claims->kind != crypto::SubjectKind::kPhysical && !virtual_as_well) {
    return errors::TokenInvalid("session: a recovery code's device may not make this call");
  }
  record_.partition = claims->partition;
  return mailbox::Caller{std::move(claims->partition), claims->incarnation, claims->device_id};
}

void Call::Finish(const absl::Status& status) {
  record_.status = status;
  record_.took = std::chrono::steady_clock::now() - start_;
  context_->log.OnCall(record_);
  if (status.ok() || ReasonOf(status).has_value()) return reactor_->Finish(ToGrpc(status));
  reactor_->Finish({grpc::StatusCode::INTERNAL, fmt::format("internal error (req={:08x})", record_.tag.value())});
}

}  // namespace labyrinth::service
