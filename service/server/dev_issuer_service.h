// Tokens for whoever asks: registered on development servers alone.
#ifndef LABYRINTH_SERVICE_SERVER_DEV_ISSUER_SERVICE_H_
#define LABYRINTH_SERVICE_SERVER_DEV_ISSUER_SERVICE_H_

#include "common/clock.h"
#include "common/rpc_status.h"
#include "proto/labyrinth/dev/v1/dev_issuer.grpc.pb.h"
#include "service/auth/dev_issuer.h"

namespace labyrinth::service {

// Thread-safe; both outlive it.
class DevIssuerServiceHandler final : public dev::v1::DevIssuerService::CallbackService {
 public:
  DevIssuerServiceHandler(const DevIssuer& issuer, const Clock& clock) : issuer_(issuer), clock_(clock) {}

  grpc::ServerUnaryReactor* IssueToken(grpc::CallbackServerContext* rpc, const dev::v1::IssueTokenRequest* request,
                                       dev::v1::IssueTokenResponse* response) override {
    absl::StatusOr<std::string> token = issuer_.IssueToken(request->account());
    if (token.ok()) {
      response->set_token(*std::move(token));
      response->set_expire_ms(clock_.NowMs() + DevIssuer::kTokenTtlMs);
    }
    grpc::ServerUnaryReactor* reactor = rpc->DefaultReactor();
    reactor->Finish(ToGrpc(token.status()));
    return reactor;
  }

 private:
  const DevIssuer& issuer_;
  const Clock& clock_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_SERVER_DEV_ISSUER_SERVICE_H_
