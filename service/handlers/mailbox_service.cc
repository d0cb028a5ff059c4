#include "service/handlers/mailbox_service.h"

#include <memory>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/statements/session_statement.h"
#include "service/converters/fields.h"
#include "service/mailbox/mailbox_operations.h"

namespace labyrinth::service {

namespace {

constexpr absl::Duration kNoteSignInTimeout = absl::Seconds(10);

absl::StatusOr<mailbox::CreateMailboxRequest> ParseCreate(std::string partition,
                                                          const v1::CreateMailboxRequest& request) {
  auto key = ParseRequestKey(request.request_id(), "CreateMailbox", request);
  if (!key.ok()) return key.status();
  auto keys = ParseDeviceKeys(request.keys(), crypto::SubjectKind::kPhysical);
  if (!keys.ok()) return keys.status();
  auto mac = ParseFixed<crypto::MacTag>(request.epoch_device_mac(), "epoch_device_mac");
  if (!mac.ok()) return mac.status();
  auto status = CheckBytes(request.commitment(), "commitment", "commitment_bytes", limits::kCommitmentBytes);
  if (!status.ok()) return status;
  auto entry = ParseLogEntry(request.log_entry(), "log_entry");
  if (!entry.ok()) return entry.status();
  if (request.sealed_label().size() > limits::kSealedLabelBytes) {
    return errors::LimitExceeded("sealed_label", "sealed_label_bytes", limits::kSealedLabelBytes);
  }
  return mailbox::CreateMailboxRequest{
      std::move(partition),  *key, *std::move(keys), *mac, request.commitment(), *std::move(entry),
      request.sealed_label()};
}

}  // namespace

grpc::ServerUnaryReactor* MailboxServiceHandler::CreateChallenge(grpc::CallbackServerContext* rpc,
                                                                 const v1::CreateChallengeRequest* request,
                                                                 v1::CreateChallengeResponse* response) {
  Call call(context_, rpc, "create_challenge");
  const auto finish = [&](const absl::Status& status) {
    call.Finish(status);
    return call.reactor();
  };
  absl::StatusOr<AccountClaims> account = call.Account();
  if (!account.ok()) return finish(account.status());
  absl::StatusOr<DeviceId> device_id = ParseId<DeviceId>(request->device_id(), "device_id");
  if (!device_id.ok()) return finish(device_id.status());
  Challenge challenge = context_.challenges.Issue(account->account_id, *device_id);
  response->set_challenge(std::move(challenge.bytes));
  response->set_expire_ms(challenge.expire_ms);
  return finish(absl::OkStatus());
}

grpc::ServerUnaryReactor* MailboxServiceHandler::CreateSession(grpc::CallbackServerContext* rpc,
                                                               const v1::CreateSessionRequest* request,
                                                               v1::CreateSessionResponse* response) {
  Call call(context_, rpc, "create_session");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<AccountClaims> account = call.Account();
  if (!account.ok()) return call.Finish(account.status()), reactor;
  absl::StatusOr<DeviceId> device_id = ParseId<DeviceId>(request->device_id(), "device_id");
  if (!device_id.ok()) return call.Finish(device_id.status()), reactor;
  std::string partition = call.PartitionOf(*account);
  const absl::Time deadline = call.deadline();
  context_.directory.FindDevice(partition, *device_id, deadline,
                                [this, call = std::move(call), account = *std::move(account), partition, request,
                                 response](absl::StatusOr<mailbox::SignInView> found) mutable {
                                  if (!found.ok()) return call.Finish(found.status());
                                  call.Finish(SignIn(account, partition, *found, *request, *response));
                                });
  return reactor;
}

absl::Status MailboxServiceHandler::SignIn(const AccountClaims& account, const std::string& partition,
                                           const mailbox::SignInView& found, const v1::CreateSessionRequest& request,
                                           v1::CreateSessionResponse& response) {
  // Accepted within the leeway, but a session must not outlive the token and so would be none.
  if (account.expire_ms <= context_.clock.NowMs()) return errors::TokenInvalid("account token: expired");
  const DeviceId device_id(request.device_id());
  const v1::Proof& proof = request.proof();
  auto client_random = ParseFixed<crypto::ClientRandom>(proof.client_random(), "proof.client_random");
  if (!client_random.ok()) return client_random.status();
  auto signature = ParseFixed<crypto::Signature>(proof.signature(), "proof.signature");
  if (!signature.ok()) return signature.status();
  auto status = context_.challenges.Check(proof.challenge(), account.account_id, device_id);
  if (!status.ok()) return status;
  absl::StatusOr<crypto::DevicePublicKeys> keys = mailbox::KeysOf(found.device);
  if (!keys.ok()) return keys.status();
  const crypto::SessionStatement statement{
      context_.policy.server_name, account.account_id, found.mailbox_id, device_id, keys->kind(), keys->device_key,
      account.token_sha256,        proof.challenge(),  *client_random};
  if (status = crypto::VerifySession(statement, *signature); !status.ok()) return status;
  if (status = context_.challenges.Use(proof.challenge()); !status.ok()) return status;

  SessionClaims claims{partition, found.position.incarnation, device_id, keys->kind(), account.auth_time_ms};
  response.set_session_token(context_.sessions.Issue(claims, account));
  response.set_expire_ms(claims.expire_ms);
  response.mutable_head()->set_generation(context_.keys.generation());
  response.mutable_head()->set_revision(found.position.revision);
  if (found.device.last_seen_day_ms() != mailbox::NoteSignInOperation::DayOf(context_.clock.NowMs())) {
    // A courtesy to the owner's list of devices; the sign-in doesn't depend on it.
    auto note = std::make_unique<mailbox::NoteSignInOperation>(
        mailbox::Caller{partition, found.position.incarnation, device_id},
        [](const absl::StatusOr<std::monostate>&) {});
    note->deadline = absl::FromUnixMillis(context_.clock.NowMs()) + kNoteSignInTimeout;
    context_.sequencer.Submit(partition, std::move(note));
  }
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* MailboxServiceHandler::CreateMailbox(grpc::CallbackServerContext* rpc,
                                                               const v1::CreateMailboxRequest* request,
                                                               v1::CreateMailboxResponse* response) {
  Call call(context_, rpc, "create_mailbox");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<AccountClaims> account = call.Account();
  if (!account.ok()) return call.Finish(account.status()), reactor;
  const std::string partition = call.PartitionOf(*account);
  auto create = ParseCreate(partition, *request);
  if (!create.ok()) return call.Finish(create.status()), reactor;
  const absl::Time deadline = call.deadline();
  auto operation = std::make_unique<mailbox::CreateMailboxOperation>(
      context_.policy, *std::move(create), context_.random,
      [call = std::move(call), response](absl::StatusOr<mailbox::CreateMailboxResponse> result) mutable {
        if (result.ok()) {
          response->set_mailbox_id(result->mailbox_id.str());
          response->set_device_id(result->device_id.value());
          response->set_epoch_id(result->epoch_id.value());
        }
        call.Finish(result.status());
      });
  operation->deadline = deadline;
  context_.sequencer.Submit(partition, std::move(operation));
  return reactor;
}

grpc::ServerUnaryReactor* MailboxServiceHandler::GetMailbox(grpc::CallbackServerContext* rpc,
                                                            const v1::GetMailboxRequest*,
                                                            v1::GetMailboxResponse* response) {
  Call call(context_, rpc, "get_mailbox");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device(/*virtual_as_well=*/true);
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  const absl::Time deadline = call.deadline();
  context_.directory.GetMailbox(
      *caller, deadline, [this, call = std::move(call), response](absl::StatusOr<mailbox::MemberView> view) mutable {
        if (!view.ok()) return call.Finish(view.status());
        const storage_v1::MailboxHead& head = view->head;
        response->set_mailbox_id(head.mailbox_id());
        response->set_state(head.rotation_required() ? v1::MAILBOX_STATE_ROTATION_REQUIRED : v1::MAILBOX_STATE_ACTIVE);
        response->set_current_epoch_id(head.current_epoch_id());
        response->set_current_sequence_id(head.current_sequence_id());
        response->mutable_head()->set_generation(context_.keys.generation());
        response->mutable_head()->set_revision(view->position.revision);
        response->set_used_bytes(head.used_bytes());
        response->set_quota_bytes(head.quota_bytes() != 0 ? head.quota_bytes() : context_.policy.quota_bytes);
        response->set_message_count(head.message_count());
        response->set_quota_messages(head.quota_messages() != 0 ? head.quota_messages()
                                                                : context_.policy.quota_messages);
        response->set_server_time_ms(context_.clock.NowMs());
        response->set_log_index(head.log_count() - 1);
        response->set_log_head(head.log_head());
        call.Finish(absl::OkStatus());
      });
  return reactor;
}

grpc::ServerUnaryReactor* MailboxServiceHandler::DeleteMailbox(grpc::CallbackServerContext* rpc,
                                                               const v1::DeleteMailboxRequest* request,
                                                               v1::DeleteMailboxResponse*) {
  Call call(context_, rpc, "delete_mailbox");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device();
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  // Nothing is left that could remember it: a repeat is known by its session, which is of the deleted mailbox.
  auto request_id = ParseFixed<RequestId>(request->request_id(), "request_id");
  if (!request_id.ok()) return call.Finish(request_id.status()), reactor;
  auto entry = ParseLogEntry(request->log_entry(), "log_entry");
  if (!entry.ok()) return call.Finish(entry.status()), reactor;
  const std::string partition = caller->partition;
  const absl::Time deadline = call.deadline();
  auto operation = std::make_unique<mailbox::DeleteMailboxOperation>(
      context_.policy, mailbox::DeleteMailboxRequest{*std::move(caller), *std::move(entry)},
      [this, call = std::move(call), partition](absl::StatusOr<std::monostate> result) mutable {
        if (result.ok()) context_.enrollments.MailboxDeleted(partition);
        call.Finish(result.status());
      });
  operation->deadline = deadline;
  context_.sequencer.Submit(partition, std::move(operation));
  return reactor;
}

grpc::ServerUnaryReactor* MailboxServiceHandler::ListLog(grpc::CallbackServerContext* rpc,
                                                         const v1::ListLogRequest* request,
                                                         v1::ListLogResponse* response) {
  Call call(context_, rpc, "list_log");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device(/*virtual_as_well=*/true);
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  auto page = ParsePage(request->page_size(), request->page_token());
  if (!page.ok()) return call.Finish(page.status()), reactor;
  // The greatest index has no entry above it.
  const bool none = request->has_after_index() && request->after_index() == ~uint64_t{0};
  if (none) return call.Finish(errors::InvalidField("after_index", "out of range")), reactor;
  const uint64_t first = request->has_after_index() ? request->after_index() + 1 : 0;
  const absl::Time deadline = call.deadline();
  context_.directory.ListLog(*caller, first, *std::move(page), deadline,
                             [call = std::move(call), response](absl::StatusOr<mailbox::LogPage> log) mutable {
                               if (!log.ok()) return call.Finish(log.status());
                               for (const storage_v1::LogRecord& record : log->entries) {
                                 v1::LogEntry& entry = *response->add_log_entries();
                                 entry.set_entry(record.entry());
                                 entry.set_signature(record.signature());
                               }
                               response->set_next_page_token(log->next_token);
                               response->set_head_index(log->head.log_count() - 1);
                               response->set_head(log->head.log_head());
                               call.Finish(absl::OkStatus());
                             });
  return reactor;
}

}  // namespace labyrinth::service
