// One device's calls of HistoryService, with whatever ciphertexts a test says. testonly.
#ifndef LABYRINTH_SERVICE_SERVER_TESTING_API_HISTORY_H_
#define LABYRINTH_SERVICE_SERVER_TESTING_API_HISTORY_H_

#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "service/server/testing/api_device.h"

namespace labyrinth::service::testing {

// A server stream, read by hand. It fails after four minutes rather than hang. Thread-compatible.
template <typename Response>
class StreamReader {
 public:
  // `start` begins the call and returns gRPC's reader. Returns when the server has sent its headers.
  template <typename Start>
  StreamReader(const std::string& session, Start start) {
    Authorize(context_, "", session);
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(4));
    reader_ = start(&context_);
    reader_->WaitForInitialMetadata();
  }
  ~StreamReader() { Break(); }

  // The next response, waited for; nullopt at the stream's end.
  std::optional<Response> Next() {
    Response response;
    if (!reader_->Read(&response)) return std::nullopt;
    return response;
  }
  Response MustNext() {
    std::optional<Response> response = Next();
    if (!response.has_value()) {
      INFO(Finish().error_message());
      REQUIRE(response.has_value());
    }
    return *std::move(response);
  }
  // How it ended; waits for that, and fails the test if a response comes first.
  grpc::Status End() {
    CHECK_FALSE(Next().has_value());
    return Finish();
  }
  // As a client does that goes away.
  void Break() {
    if (ended_) return;
    context_.TryCancel();
    while (Next().has_value()) {
    }
    Finish();
  }

 private:
  grpc::Status Finish() {
    ended_ = true;
    return reader_->Finish();
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<Response>> reader_;
  bool ended_ = false;
};

using WatchReader = StreamReader<v1::WatchResponse>;
using DownloadReader = StreamReader<v1::DownloadHistoryResponse>;

// Ids of the messages that a response's changes tell of, or brings.
std::vector<std::string> IdsIn(const v1::WatchResponse& response);
std::vector<std::string> IdsIn(const v1::DownloadHistoryResponse& response);

// Thread-compatible.
class HistoryCaller {
 public:
  HistoryCaller(std::shared_ptr<grpc::Channel> channel, std::string session, EpochId epoch_id)
      : session_(std::move(session)), epoch_id_(epoch_id), stub_(v1::HistoryService::NewStub(std::move(channel))) {}

  // A message of `size_bytes`, filled with `fill`, replacing what has its id. Returns the commit's revision; the test
  // fails unless it is saved.
  uint64_t Save(const std::string& id, const std::string& thread, int64_t timestamp_ms, std::size_t size_bytes = 44,
                char fill = 'c') const;
  // At most 100 at once.
  uint64_t Save(const std::vector<v1::Message>& messages) const;
  v1::ListMessagesResponse ListAll() const;
  grpc::Status ListChanges(const v1::ListChangesRequest& request, v1::ListChangesResponse& response) const;
  std::unique_ptr<WatchReader> Watch(const v1::WatchRequest& request) const;
  std::unique_ptr<WatchReader> Watch(const v1::Cursor& since, bool include_messages = false) const;
  std::unique_ptr<DownloadReader> Download(const std::string& thread, const std::string& resume_token = "") const;

 private:
  const std::string session_;
  const EpochId epoch_id_;
  const std::unique_ptr<v1::HistoryService::Stub> stub_;
};

}  // namespace labyrinth::service::testing

#endif  // LABYRINTH_SERVICE_SERVER_TESTING_API_HISTORY_H_
