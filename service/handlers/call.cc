#include "service/handlers/call.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/errors.h"
#include "common/rpc_status.h"

namespace labyrinth::service {

namespace {

constexpr absl::Duration kLongestCall = absl::Seconds(30);

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

absl::StatusOr<AccountClaims> Call::Account() { return credentials().Account(); }

std::string Call::PartitionOf(const AccountClaims& claims) {
  record_.partition = context_->policy.partition_of(claims.account_id);
  return record_.partition;
}

bool Call::HasSession() const { return credentials().HasSession(); }

absl::StatusOr<mailbox::Caller> Call::Device(bool virtual_as_well) {
  absl::StatusOr<SessionClaims> claims = credentials().Session(virtual_as_well);
  if (!claims.ok()) return claims.status();
  record_.partition = claims->partition;
  return mailbox::Caller{std::move(claims->partition), claims->incarnation, claims->device_id};
}

grpc::Status AnswerOf(const absl::Status& status, RequestTag tag) {
  if (absl::IsCancelled(status)) return grpc::Status::CANCELLED;
  if (status.ok() || ReasonOf(status).has_value()) return ToGrpc(status);
  return {grpc::StatusCode::INTERNAL, fmt::format("internal error (req={:08x})", tag.value())};
}

void Call::Finish(const absl::Status& status) {
  record_.status = status;
  record_.took = std::chrono::steady_clock::now() - start_;
  context_->log.OnCall(record_);
  reactor_->Finish(AnswerOf(status, record_.tag));
}

}  // namespace labyrinth::service
