#include "service/handlers/history_service.h"

#include <memory>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "service/attachments/attachments.h"
#include "service/converters/attachments.h"
#include "service/converters/changes.h"
#include "service/converters/fields.h"
#include "service/converters/message_writer.h"
#include "service/converters/messages.h"
#include "service/handlers/change_watch.h"
#include "service/handlers/history_download.h"
#include "service/handlers/raw_request.h"

namespace labyrinth::service {

grpc::ServerUnaryReactor* HistoryServiceHandler::SaveMessages(grpc::CallbackServerContext* rpc,
                                                              const v1::SaveMessagesRequest* request,
                                                              v1::SaveMessagesResponse* response) {
  Call call(context_, rpc, "save_messages");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device();
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  const std::string partition = caller->partition;
  // The request is ours until the call ends, and its ciphertexts are large.
  auto save = ParseSave(*std::move(caller), const_cast<v1::SaveMessagesRequest&>(*request));
  if (!save.ok()) return call.Finish(save.status()), reactor;
  uint64_t bytes = 0;
  for (const mailbox::SaveMessage& message : save->messages) bytes += message.ciphertext.size();
  call.Count(save->messages.size(), bytes);
  const absl::Time deadline = call.deadline();
  auto operation = std::make_unique<mailbox::SaveMessagesOperation>(
      context_.policy, *std::move(save),
      [call = std::move(call), response](absl::StatusOr<mailbox::SaveResponse> result) mutable {
        if (result.ok()) {
          response->set_revision(result->revision);
          for (mailbox::SaveOutcome outcome : result->outcomes) response->add_results()->set_outcome(ToProto(outcome));
        }
        call.Finish(result.status());
      });
  operation->deadline = deadline;
  context_.sequencer.Submit(partition, std::move(operation));
  return reactor;
}

grpc::ServerUnaryReactor* HistoryServiceHandler::DeleteMessages(grpc::CallbackServerContext* rpc,
                                                                const v1::DeleteMessagesRequest* request,
                                                                v1::DeleteMessagesResponse* response) {
  Call call(context_, rpc, "delete_messages");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device();
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  auto deletion = ParseDelete(*caller, *request);
  if (!deletion.ok()) return call.Finish(deletion.status()), reactor;
  auto claims = ParseClaims(request->attachments(), "attachments");
  if (!claims.ok()) return call.Finish(claims.status()), reactor;
  const absl::Time deadline = call.deadline();
  auto operation = std::make_unique<mailbox::DeleteMessagesOperation>(
      *std::move(deletion), [this, caller = *caller, claims = *std::move(claims), deadline, call = std::move(call),
                             response](absl::StatusOr<mailbox::DeleteResponse> deleted) mutable {
        if (!deleted.ok()) return call.Finish(deleted.status());
        response->set_revision(deleted->revision);
        response->set_deleted_count(deleted->deleted_count);
        call.Count(deleted->deleted_count, 0);
        if (claims.empty()) return call.Finish(absl::OkStatus());
        // References go once their messages are gone for good. If that breaks off, a repeat of the call goes on with
        // it.
        context_.attachments.references.Delete(
            caller, std::move(claims), deadline,
            [call = std::move(call)](const absl::Status& status) mutable { call.Finish(status); });
      });
  operation->deadline = deadline;
  context_.sequencer.Submit(caller->partition, std::move(operation));
  return reactor;
}

grpc::ServerUnaryReactor* HistoryServiceHandler::BatchGetMessages(grpc::CallbackServerContext* rpc,
                                                                  const grpc::ByteBuffer* bytes,
                                                                  grpc::ByteBuffer* response) {
  Call call(context_, rpc, "batch_get_messages");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device();
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  v1::BatchGetMessagesRequest request;
  if (absl::Status parsed = ParseRequest(*bytes, request); !parsed.ok()) return call.Finish(parsed), reactor;
  if (request.message_ids().empty()) return call.Finish(errors::InvalidField("message_ids", "required")), reactor;
  if (request.message_ids_size() > static_cast<int>(limits::kGetMessages)) {
    return call.Finish(errors::LimitExceeded("message_ids", "get_messages", limits::kGetMessages)), reactor;
  }
  std::vector<std::string> ids;
  for (const std::string& id : request.message_ids()) {
    const auto status = CheckBytes(id, "message_ids", "message_id_bytes", limits::kMessageIdBytes);
    if (!status.ok()) return call.Finish(status), reactor;
    ids.push_back(id);
  }
  const absl::Time deadline = call.deadline();
  context_.history.BatchGet(*caller, std::move(ids), deadline,
                            [call = std::move(call), response](absl::StatusOr<mailbox::MessagesById> found) mutable {
                              if (!found.ok()) return call.Finish(found.status());
                              call.Count(found->messages.size(), CiphertextBytes(found->messages));
                              *response = WriteFound(*std::move(found));
                              call.Finish(absl::OkStatus());
                            });
  return reactor;
}

grpc::ServerUnaryReactor* HistoryServiceHandler::ListMessages(grpc::CallbackServerContext* rpc,
                                                              const grpc::ByteBuffer* bytes,
                                                              grpc::ByteBuffer* response) {
  Call call(context_, rpc, "list_messages");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device();
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  v1::ListMessagesRequest request;
  if (absl::Status parsed = ParseRequest(*bytes, request); !parsed.ok()) return call.Finish(parsed), reactor;
  absl::StatusOr<mailbox::MessageQuery> query = ParseQuery(request);
  if (!query.ok()) return call.Finish(query.status()), reactor;
  auto page = ParsePage(request.page_size(), request.page_token());
  if (!page.ok()) return call.Finish(page.status()), reactor;
  const absl::Time deadline = call.deadline();
  context_.history.ListMessages(
      *caller, *query, *std::move(page), deadline,
      [this, call = std::move(call), response](absl::StatusOr<mailbox::MessagePage> page) mutable {
        if (!page.ok()) return call.Finish(page.status());
        call.Count(page->messages.size(), CiphertextBytes(page->messages));
        *response = WritePage(*page, context_.keys.generation());
        call.Finish(absl::OkStatus());
      });
  return reactor;
}

grpc::ServerUnaryReactor* HistoryServiceHandler::ListThreads(grpc::CallbackServerContext* rpc,
                                                             const grpc::ByteBuffer* bytes,
                                                             grpc::ByteBuffer* response) {
  Call call(context_, rpc, "list_threads");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device();
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  v1::ListThreadsRequest request;
  if (absl::Status parsed = ParseRequest(*bytes, request); !parsed.ok()) return call.Finish(parsed), reactor;
  auto page = ParsePage(request.page_size(), request.page_token());
  if (!page.ok()) return call.Finish(page.status()), reactor;
  const absl::Time deadline = call.deadline();
  context_.history.ListThreads(
      *caller, *std::move(page), deadline,
      [this, call = std::move(call), response](absl::StatusOr<mailbox::MessagePage> page) mutable {
        if (!page.ok()) return call.Finish(page.status());
        call.Count(page->messages.size(), CiphertextBytes(page->messages));
        *response = WriteThreads(*page, context_.keys.generation());
        call.Finish(absl::OkStatus());
      });
  return reactor;
}

grpc::ServerUnaryReactor* HistoryServiceHandler::ListChanges(grpc::CallbackServerContext* rpc,
                                                             const v1::ListChangesRequest* request,
                                                             v1::ListChangesResponse* response) {
  Call call(context_, rpc, "list_changes");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device();
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  const auto query = ParseChanges(*request);
  if (!query.ok()) return call.Finish(query.status()), reactor;
  const absl::Time deadline = call.deadline();
  context_.changes.ListChanges(
      *caller, *query, deadline,
      [this, call = std::move(call), response](absl::StatusOr<mailbox::ChangePage> page) mutable {
        if (!page.ok()) return call.Finish(page.status());
        const ChangeCount count = ToProto(*std::move(page), context_.keys.generation(), *response);
        call.Count(count.entries, count.bytes);
        call.Finish(absl::OkStatus());
      });
  return reactor;
}

grpc::ServerWriteReactor<v1::WatchResponse>* HistoryServiceHandler::Watch(grpc::CallbackServerContext* rpc,
                                                                          const v1::WatchRequest* request) {
  const auto refuse = [&](const absl::Status& status) {
    return RefusedStream<v1::WatchResponse>::Begin(context_, context_.watches, rpc, "watch", status);
  };
  absl::StatusOr<SessionClaims> session = Credentials(context_.accounts, context_.sessions, *rpc).Session();
  if (!session.ok()) return refuse(session.status());
  const auto query = ParseChanges(*request);
  if (!query.ok()) return refuse(query.status());
  mailbox::Caller caller{std::move(session->partition), session->incarnation, session->device_id};
  return ChangeWatch::Begin(
      std::make_shared<ChangeWatch>(context_, rpc, std::move(caller), *query, session->expire_ms));
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* HistoryServiceHandler::DownloadHistory(grpc::CallbackServerContext* rpc,
                                                                                   const grpc::ByteBuffer* bytes) {
  const auto refuse = [&](const absl::Status& status) {
    return RefusedStream<grpc::ByteBuffer>::Begin(context_, context_.history_downloads, rpc, "download_history",
                                                  status);
  };
  absl::StatusOr<SessionClaims> session = Credentials(context_.accounts, context_.sessions, *rpc).Session();
  if (!session.ok()) return refuse(session.status());
  v1::DownloadHistoryRequest request;
  if (absl::Status parsed = ParseRequest(*bytes, request); !parsed.ok()) return refuse(parsed);
  if (request.thread_id().size() > limits::kThreadIdBytes) {
    return refuse(errors::LimitExceeded("thread_id", "thread_id_bytes", limits::kThreadIdBytes));
  }
  const mailbox::Caller caller{std::move(session->partition), session->incarnation, session->device_id};
  auto download = context_.downloads.Open(caller, request.thread_id(), request.resume_token());
  if (!download.ok()) return refuse(download.status());
  return HistoryDownload::Begin(
      std::make_shared<HistoryDownload>(context_, rpc, caller, *std::move(download), session->expire_ms));
}

}  // namespace labyrinth::service
