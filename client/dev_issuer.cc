#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <utility>

#include "client/token_source.h"
#include "common/rpc_status.h"
#include "proto/labyrinth/dev/v1/dev_issuer.grpc.pb.h"

namespace labyrinth::client {
namespace {

constexpr int64_t kTimeoutMs = 10'000;

// Asks anew each time: a token is needed once in a session.
class DevIssuerTokenSource final : public AccountTokenSource {
 public:
  DevIssuerTokenSource(std::shared_ptr<grpc::Channel> channel, std::string account_id)
      : stub_(dev::v1::DevIssuerService::NewStub(std::move(channel))), account_id_(std::move(account_id)) {}

  absl::StatusOr<crypto::Secret> Token(bool) override {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(kTimeoutMs));
    dev::v1::IssueTokenRequest request;
    request.set_account(account_id_);
    dev::v1::IssueTokenResponse response;
    const absl::Status status = FromGrpc(stub_->IssueToken(&context, request, &response));
    if (!status.ok()) return status;
    return crypto::Secret::TakeAndWipe(std::move(*response.mutable_token()));
  }

 private:
  const std::unique_ptr<dev::v1::DevIssuerService::Stub> stub_;
  const std::string account_id_;
};

}  // namespace

std::unique_ptr<AccountTokenSource> TokenFromDevIssuer(std::shared_ptr<grpc::Channel> channel, std::string account_id) {
  return std::make_unique<DevIssuerTokenSource>(std::move(channel), std::move(account_id));
}

}  // namespace labyrinth::client
