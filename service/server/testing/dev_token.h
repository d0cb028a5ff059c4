// Account tokens of a development server's issuer. testonly.
#ifndef LABYRINTH_SERVICE_SERVER_TESTING_DEV_TOKEN_H_
#define LABYRINTH_SERVICE_SERVER_TESTING_DEV_TOKEN_H_

#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "proto/labyrinth/dev/v1/dev_issuer.grpc.pb.h"

namespace labyrinth::service::testing {

// The test fails unless there is one.
inline std::string DevToken(const std::shared_ptr<grpc::Channel>& channel, const std::string& account) {
  grpc::ClientContext context;
  dev::v1::IssueTokenRequest request;
  dev::v1::IssueTokenResponse response;
  request.set_account(account);
  const grpc::Status status = dev::v1::DevIssuerService::Stub(channel).IssueToken(&context, request, &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  return response.token();
}

}  // namespace labyrinth::service::testing

#endif  // LABYRINTH_SERVICE_SERVER_TESTING_DEV_TOKEN_H_
