// Any unary call of the public API, with whatever credentials. testonly.
#ifndef LABYRINTH_SERVICE_SERVER_TESTING_API_CALL_H_
#define LABYRINTH_SERVICE_SERVER_TESTING_API_CALL_H_

#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "service/server/testing/api_device.h"
#include "service/server/testing/api_server.h"

namespace labyrinth::service::testing {

// What came of a call.
template <typename Response>
struct Answer {
  grpc::Status status;
  Response body;

  bool ok() const { return status.ok(); }
  std::optional<Reason> reason() const { return ReasonOfCall(status); }
  std::string detail(const std::string& key) const { return DetailOf(status, key); }
  std::string field() const { return FieldOf(status); }
};

// Somebody with a connection and credentials, of which either may be empty. Thread-compatible.
class ApiCaller {
 public:
  ApiCaller(std::shared_ptr<grpc::Channel> channel, std::string token, std::string session)
      : channel_(std::move(channel)), token_(std::move(token)), session_(std::move(session)) {}

  // Ask(&v1::HistoryService::Stub::ListThreads, request). Fails after a minute rather than hang.
  template <typename Stub, typename Request, typename Response>
  Answer<Response> Ask(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                       const std::type_identity_t<Request>& request = {}) const {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    Authorize(context, token_, session_);
    Answer<Response> answer;
    Stub stub(channel_);
    answer.status = (stub.*method)(&context, request, &answer.body);
    return answer;
  }
  // The test fails unless the server agrees.
  template <typename Stub, typename Request, typename Response>
  Response Must(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                const std::type_identity_t<Request>& request = {}) const {
    Answer<Response> answer = Ask(method, request);
    INFO(answer.status.error_message());
    REQUIRE(answer.ok());
    return std::move(answer.body);
  }

  // How a server stream ends, and all that it brings until then.
  template <typename Stub, typename Request, typename Response>
  grpc::Status EndOf(std::unique_ptr<grpc::ClientReader<Response>> (Stub::*method)(grpc::ClientContext*,
                                                                                   const Request&),
                     const std::type_identity_t<Request>& request = {},
                     std::vector<std::type_identity_t<Response>>* brought = nullptr) const {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    Authorize(context, token_, session_);
    Stub stub(channel_);
    const auto reader = (stub.*method)(&context, request);
    Response response;
    while (reader->Read(&response)) {
      if (brought != nullptr) brought->push_back(response);
    }
    return reader->Finish();
  }

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const std::string& session() const { return session_; }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::string token_;
  std::string session_;
};

}  // namespace labyrinth::service::testing

#endif  // LABYRINTH_SERVICE_SERVER_TESTING_API_CALL_H_
