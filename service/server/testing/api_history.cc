#include "service/server/testing/api_history.h"

namespace labyrinth::service::testing {

std::vector<std::string> IdsIn(const v1::WatchResponse& response) {
  std::vector<std::string> ids;
  for (const v1::Change& change : response.changes()) {
    for (const v1::ChangeEntry& entry : change.entries()) {
      if (!entry.message_id().empty()) ids.push_back(entry.message_id());
    }
  }
  return ids;
}

std::vector<std::string> IdsIn(const v1::DownloadHistoryResponse& response) {
  std::vector<std::string> ids;
  for (const v1::Message& message : response.messages()) ids.push_back(message.message_id());
  return ids;
}

uint64_t HistoryCaller::Save(const std::string& id, const std::string& thread, int64_t timestamp_ms,
                             std::size_t size_bytes, char fill) const {
  v1::Message message;
  message.set_message_id(id);
  message.set_thread_id(thread);
  message.set_timestamp_ms(timestamp_ms);
  message.set_ciphertext(std::string(size_bytes, fill));
  return Save({std::move(message)});
}

uint64_t HistoryCaller::Save(const std::vector<v1::Message>& messages) const {
  grpc::ClientContext context;
  Authorize(context, "", session_);
  v1::SaveMessagesRequest request;
  request.set_epoch_id(epoch_id_.value());
  request.set_cipher_version(3);
  request.set_on_conflict(v1::ON_CONFLICT_REPLACE);
  *request.mutable_messages() = {messages.begin(), messages.end()};
  v1::SaveMessagesResponse response;
  const grpc::Status status = stub_->SaveMessages(&context, request, &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  return response.revision();
}

v1::ListMessagesResponse HistoryCaller::ListAll() const {
  grpc::ClientContext context;
  Authorize(context, "", session_);
  v1::ListMessagesRequest request;
  request.set_page_size(500);
  v1::ListMessagesResponse response;
  REQUIRE(stub_->ListMessages(&context, request, &response).ok());
  return response;
}

grpc::Status HistoryCaller::ListChanges(const v1::ListChangesRequest& request,
                                        v1::ListChangesResponse& response) const {
  grpc::ClientContext context;
  Authorize(context, "", session_);
  return stub_->ListChanges(&context, request, &response);
}

std::unique_ptr<WatchReader> HistoryCaller::Watch(const v1::WatchRequest& request) const {
  return std::make_unique<WatchReader>(session_,
                                       [&](grpc::ClientContext* context) { return stub_->Watch(context, request); });
}

std::unique_ptr<WatchReader> HistoryCaller::Watch(const v1::Cursor& since, bool include_messages) const {
  v1::WatchRequest request;
  *request.mutable_since() = since;
  request.set_include_messages(include_messages);
  return Watch(request);
}

std::unique_ptr<DownloadReader> HistoryCaller::Download(const std::string& thread,
                                                        const std::string& resume_token) const {
  v1::DownloadHistoryRequest request;
  request.set_thread_id(thread);
  request.set_resume_token(resume_token);
  return std::make_unique<DownloadReader>(
      session_, [&](grpc::ClientContext* context) { return stub_->DownloadHistory(context, request); });
}

}  // namespace labyrinth::service::testing
