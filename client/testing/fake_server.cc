#include "client/testing/fake_server.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>

#include <algorithm>
#include <set>

#include "absl/strings/escaping.h"
#include "client/convert.h"
#include "common/bytes.h"
#include "common/errors.h"
#include "common/rpc_status.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/session_statement.h"
#include "crypto/statements/virtual_device_check.h"

namespace labyrinth::client::testing {
namespace {

constexpr int64_t kSessionMs = 15 * 60 * 1000;

// Tokens of all listings are offsets.
template <typename Row, typename Add>
std::string Page(const std::vector<Row>& rows, const std::string& token, int size, Add add) {
  std::size_t at = token.empty() ? 0 : std::stoul(token);
  for (int i = 0; i < size && at < rows.size(); ++i) add(rows[at++]);
  return at < rows.size() ? std::to_string(at) : "";
}

std::string Metadata(grpc::ServerContext* context, const char* name) {
  const auto it = context->client_metadata().find(name);
  return it == context->client_metadata().end() ? "" : std::string(it->second.data(), it->second.size());
}

v1::ChangeEntry DeviceEntry(v1::ChangeKind kind, uint64_t device_id) {
  v1::ChangeEntry entry;
  entry.set_kind(kind);
  entry.set_device_id(device_id);
  return entry;
}

}  // namespace

FakeServer::FakeServer(std::string account_id, grpc::Service* more, bool listen) : account_id_(std::move(account_id)) {
  grpc::ServerBuilder builder;
  builder.RegisterService(static_cast<v1::MailboxService::Service*>(this));
  builder.RegisterService(static_cast<v1::DeviceService::Service*>(this));
  builder.RegisterService(static_cast<v1::EpochService::Service*>(this));
  builder.RegisterService(static_cast<v1::HistoryService::Service*>(this));
  if (more != nullptr) builder.RegisterService(more);
  if (listen) builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  server_ = builder.BuildAndStart();
}

FakeServer::~FakeServer() {
  Locked([this](FakeStore&) { stopping_ = true; });
  server_->Shutdown();
}

void FakeServer::Locked(const std::function<void(FakeStore&)>& change) {
  absl::MutexLock lock(&mutex_);
  change(store);
}

std::shared_ptr<grpc::Channel> FakeServer::Channel() { return server_->InProcessChannel({}); }

grpc::Status FakeServer::Serve(const char* method, const std::function<absl::Status()>& body) {
  absl::MutexLock lock(&mutex_);
  ++calls[method];
  absl::Status status = before ? before(method) : absl::OkStatus();
  if (status.ok()) {
    status = body();
    if (status.ok() && before) status = before(std::string("after:") + method);
  }
  return ToGrpc(status);
}

absl::StatusOr<uint64_t> FakeServer::Caller(grpc::ServerContext* context) {
  std::string token;
  const std::string header = Metadata(context, "x-labyrinth-session");
  absl::WebSafeBase64Unescape({header.data(), header.size()}, &token);
  const auto it = sessions_.find(token);
  if (it == sessions_.end()) return errors::TokenInvalid("session: unknown");
  if (store.devices.at(it->second).row.state() != v1::DEVICE_STATE_ACTIVE) return errors::DeviceRevoked();
  return it->second;
}

absl::Status FakeServer::AppendLog(const v1::LogEntry& entry) {
  const auto decoded = crypto::DecodeLogEntry(entry.entry());
  if (!decoded.ok()) return decoded.status();
  const crypto::LogHead head = store.heads.empty() ? crypto::LogHead() : store.heads.back();
  if (decoded->index != store.log.size() || decoded->previous_head != head) {
    return errors::LogStale(store.log.empty() ? 0 : store.log.size() - 1, head.view());
  }
  store.log.push_back(entry);
  store.heads.push_back(crypto::HeadOf(entry.entry(), *crypto::Signature::From(entry.signature())));
  return absl::OkStatus();
}

absl::Status FakeServer::CheckEpoch(uint64_t epoch_id) {
  if (store.epoch().epoch_id() == epoch_id) return absl::OkStatus();
  return errors::EpochStale(EpochId(store.epoch().epoch_id()), store.epoch().sequence_id());
}

uint64_t FakeServer::AddDevice(FakeStore::Device device, v1::DeviceKind kind, const v1::DeviceKeys& keys,
                               const std::string& epoch_device_mac) {
  const uint64_t id = ++next_id_;
  device.row.set_device_id(id);
  *device.row.mutable_keys() = keys;
  device.row.set_kind(kind);
  device.row.set_state(v1::DEVICE_STATE_ACTIVE);
  store.devices[id] = device;
  v1::Member& member = *store.epoch().add_members();
  member.set_device_id(id);
  member.set_epoch_device_mac(epoch_device_mac);
  return id;
}

template <typename Response>
bool FakeServer::Answered(const std::string& request_id, Response* response) {
  const auto it = store.answers.find(request_id);
  return it != store.answers.end() && response->ParseFromString(it->second);
}

template <typename Response>
void FakeServer::Remember(const std::string& request_id, const Response& response,
                          std::vector<v1::ChangeEntry> entries) {
  store.answers[request_id] = response.SerializeAsString();
  store.Commit(std::move(entries));
}

// --- MailboxService ---

grpc::Status FakeServer::CreateChallenge(grpc::ServerContext* context, const v1::CreateChallengeRequest* request,
                                         v1::CreateChallengeResponse* response) {
  return Serve("CreateChallenge", [&]() -> absl::Status {
    if (Metadata(context, "authorization") != "Bearer token") return errors::TokenInvalid("account token");
    response->set_challenge("challenge-" + std::to_string(++next_id_));
    challenges_[response->challenge()] = request->device_id();
    return absl::OkStatus();
  });
}

grpc::Status FakeServer::CreateSession(grpc::ServerContext*, const v1::CreateSessionRequest* request,
                                       v1::CreateSessionResponse* response) {
  return Serve("CreateSession", [&]() -> absl::Status {
    if (challenges_.erase(request->proof().challenge()) == 0) return errors::ProofInvalid("challenge: unknown");
    const auto it = store.devices.find(request->device_id());
    if (it == store.devices.end()) return errors::ProofInvalid("device");
    const v1::Device& row = it->second.row;
    if (row.state() != v1::DEVICE_STATE_ACTIVE) return errors::DeviceRevoked();
    const auto keys = FromProto(row.keys());
    const crypto::SessionStatement statement{
        .server_name = kServerName,
        .account_id = account_id_,
        .mailbox_id = *MailboxId::From(store.mailbox_id),
        .device_id = DeviceId(request->device_id()),
        .kind = keys->kind(),
        .device_key = keys->device_key,
        .account_token_hash = crypto::Sha256("token"),
        .challenge = request->proof().challenge(),
        .client_random = crypto::ClientRandom::From(request->proof().client_random()).value()};
    const auto signature = crypto::Signature::From(request->proof().signature()).value();
    if (absl::Status s = crypto::VerifySession(statement, signature); !s.ok()) return s;
    response->set_session_token("session-" + std::to_string(++next_id_));
    response->set_expire_ms(kSessionMs);
    sessions_[response->session_token()] = request->device_id();
    if (on_session) on_session(*response);
    return absl::OkStatus();
  });
}

grpc::Status FakeServer::CreateMailbox(grpc::ServerContext*, const v1::CreateMailboxRequest* request,
                                       v1::CreateMailboxResponse* response) {
  return Serve("CreateMailbox", [&]() -> absl::Status {
    if (Answered(request->request_id(), response)) return absl::OkStatus();
    if (store.exists) return errors::MailboxExists();
    if (absl::Status s = AppendLog(request->log_entry()); !s.ok()) return s;
    store.exists = true;
    store.mailbox_id = std::string(16, 'm');
    v1::Epoch& epoch = store.epochs.emplace_back();
    epoch.set_epoch_id(++next_id_);
    epoch.set_commitment(request->commitment());
    const uint64_t id = AddDevice({}, v1::DEVICE_KIND_PHYSICAL, request->keys(), request->epoch_device_mac());
    *epoch.mutable_opener() = store.devices[id].row;
    response->set_mailbox_id(store.mailbox_id);
    response->set_device_id(id);
    response->set_epoch_id(epoch.epoch_id());
    Remember(request->request_id(), *response);
    return absl::OkStatus();
  });
}

grpc::Status FakeServer::GetMailbox(grpc::ServerContext* context, const v1::GetMailboxRequest*,
                                    v1::GetMailboxResponse* response) {
  return Serve("GetMailbox", [&]() -> absl::Status {
    if (auto caller = Caller(context); !caller.ok()) return caller.status();
    response->set_mailbox_id(store.mailbox_id);
    response->set_state(store.rotation_required ? v1::MAILBOX_STATE_ROTATION_REQUIRED : v1::MAILBOX_STATE_ACTIVE);
    response->set_message_count(store.messages.size());
    response->mutable_head()->set_generation(store.generation);
    response->mutable_head()->set_revision(store.revision);
    if (on_mailbox) on_mailbox(*response);
    return absl::OkStatus();
  });
}

grpc::Status FakeServer::DeleteMailbox(grpc::ServerContext* context, const v1::DeleteMailboxRequest* request,
                                       v1::DeleteMailboxResponse*) {
  return Serve("DeleteMailbox", [&]() -> absl::Status {
    if (auto caller = Caller(context); !caller.ok()) return caller.status();
    if (absl::Status s = AppendLog(request->log_entry()); !s.ok()) return s;
    store = FakeStore();
    return absl::OkStatus();
  });
}

grpc::Status FakeServer::ListLog(grpc::ServerContext* context, const v1::ListLogRequest* request,
                                 v1::ListLogResponse* response) {
  return Serve("ListLog", [&]() -> absl::Status {
    if (auto caller = Caller(context); !caller.ok()) return caller.status();
    std::vector<v1::LogEntry> rows;
    const uint64_t first = request->has_after_index() ? request->after_index() + 1 : 0;
    for (uint64_t i = first; i < store.log.size(); ++i) rows.push_back(store.log[i]);
    response->set_next_page_token(Page(rows, request->page_token(), page_size,
                                       [&](const v1::LogEntry& row) { *response->add_log_entries() = row; }));
    response->set_head_index(store.log.size() - 1);
    response->set_head(store.heads.back().str());
    if (on_list_log) on_list_log(*request, *response);
    return absl::OkStatus();
  });
}

// --- DeviceService ---

grpc::Status FakeServer::ListDevices(grpc::ServerContext* context, const v1::ListDevicesRequest* request,
                                     v1::ListDevicesResponse* response) {
  return Serve("ListDevices", [&]() -> absl::Status {
    if (auto caller = Caller(context); !caller.ok()) return caller.status();
    std::vector<v1::Device> rows;
    for (const auto& [id, device] : store.devices) rows.push_back(device.row);
    response->set_next_page_token(
        Page(rows, request->page_token(), page_size, [&](const v1::Device& row) { *response->add_devices() = row; }));
    if (on_list_devices) on_list_devices(*response);
    return absl::OkStatus();
  });
}

grpc::Status FakeServer::RegisterDevice(grpc::ServerContext*, const v1::RegisterDeviceRequest* request,
                                        v1::RegisterDeviceResponse* response) {
  return Serve("RegisterDevice", [&]() -> absl::Status {
    if (Answered(request->request_id(), response)) return absl::OkStatus();
    if (absl::Status s = CheckEpoch(request->epoch_id()); !s.ok()) return s;
    if (absl::Status s = AppendLog(request->log_entry()); !s.ok()) return s;
    response->set_device_id(AddDevice({}, v1::DEVICE_KIND_PHYSICAL, request->keys(), request->epoch_device_mac()));
    response->set_mailbox_id(store.mailbox_id);
    Remember(request->request_id(), *response, {DeviceEntry(v1::CHANGE_KIND_DEVICE_ADDED, response->device_id())});
    return absl::OkStatus();
  });
}

grpc::Status FakeServer::CreateVirtualDevice(grpc::ServerContext* context,
                                             const v1::CreateVirtualDeviceRequest* request,
                                             v1::CreateVirtualDeviceResponse* response) {
  return Serve("CreateVirtualDevice", [&]() -> absl::Status {
    if (auto caller = Caller(context); !caller.ok()) return caller.status();
    if (Answered(request->request_id(), response)) return absl::OkStatus();
    if (store.rotation_required) return errors::RotationRequired();
    if (absl::Status s = CheckEpoch(request->epoch_id()); !s.ok()) return s;
    if (absl::Status s = AppendLog(request->log_entry()); !s.ok()) return s;
    FakeStore::Device device;
    device.virtual_device_id = request->virtual_device_id();
    device.secrets = request->secrets();
    device.epoch_id = request->epoch_id();
    response->set_device_id(AddDevice(device, v1::DEVICE_KIND_VIRTUAL, request->keys(), request->epoch_device_mac()));
    Remember(request->request_id(), *response, {DeviceEntry(v1::CHANGE_KIND_DEVICE_ADDED, response->device_id())});
    return absl::OkStatus();
  });
}

grpc::Status FakeServer::GetVirtualDevice(grpc::ServerContext*, const v1::GetVirtualDeviceRequest* request,
                                          v1::GetVirtualDeviceResponse* response) {
  return Serve("GetVirtualDevice", [&]() -> absl::Status {
    for (const auto& [id, device] : store.devices) {
      if (device.virtual_device_id != request->virtual_device_id()) continue;
      response->set_device_id(id);
      response->set_mailbox_id(store.mailbox_id);
      *response->mutable_keys() = device.row.keys();
      *response->mutable_secrets() = device.secrets;
      response->set_epoch_id(device.epoch_id);
      if (on_virtual_device) on_virtual_device(*response);
      return absl::OkStatus();
    }
    return errors::VirtualDeviceNotFound();
  });
}

grpc::Status FakeServer::ListVirtualDeviceChecks(grpc::ServerContext*, const v1::ListVirtualDeviceChecksRequest*,
                                                 v1::ListVirtualDeviceChecksResponse* response) {
  return Serve("ListVirtualDeviceChecks", [&]() -> absl::Status {
    for (const auto& [id, device] : store.devices) {
      if (!device.virtual_device_id.empty()) response->add_checks(crypto::CheckOf(device.virtual_device_id).str());
    }
    return absl::OkStatus();
  });
}

grpc::Status FakeServer::RevokeDevice(grpc::ServerContext* context, const v1::RevokeDeviceRequest* request,
                                      v1::RevokeDeviceResponse* response) {
  return Serve("RevokeDevice", [&]() -> absl::Status {
    if (auto caller = Caller(context); !caller.ok()) return caller.status();
    if (Answered(request->request_id(), response)) return absl::OkStatus();
    if (!store.devices.contains(request->device_id())) return errors::DeviceNotFound();
    if (absl::Status s = AppendLog(request->log_entry()); !s.ok()) return s;
    store.devices[request->device_id()].row.set_state(v1::DEVICE_STATE_REVOKED);
    store.rotation_required = true;
    Remember(request->request_id(), *response, {DeviceEntry(v1::CHANGE_KIND_DEVICE_REVOKED, request->device_id())});
    return absl::OkStatus();
  });
}

// --- EpochService ---

grpc::Status FakeServer::OpenEpoch(grpc::ServerContext* context, const v1::OpenEpochRequest* request,
                                   v1::OpenEpochResponse* response) {
  return Serve("OpenEpoch", [&]() -> absl::Status {
    const auto caller = Caller(context);
    if (!caller.ok()) return caller.status();
    if (Answered(request->request_id(), response)) return absl::OkStatus();
    if (absl::Status s = CheckEpoch(request->expected_epoch_id()); !s.ok()) return s;
    std::set<uint64_t> expected;
    for (const auto& [id, device] : store.devices) {
      if (device.row.state() == v1::DEVICE_STATE_ACTIVE) expected.insert(id);
    }
    for (const uint64_t id : request->revoke_device_ids()) expected.erase(id);
    std::set<uint64_t> named;
    for (const v1::Member& member : request->members()) named.insert(member.device_id());
    if (named != expected) return errors::MembersMismatch("", "");
    for (const v1::LogEntry& entry : request->log_entries()) {
      if (absl::Status s = AppendLog(entry); !s.ok()) return s;
    }
    for (const uint64_t id : request->revoke_device_ids()) {
      store.devices[id].row.set_state(v1::DEVICE_STATE_REVOKED);
    }
    v1::Epoch& epoch = store.epochs.emplace_back();
    epoch.set_epoch_id(++next_id_);
    epoch.set_sequence_id(request->sequence_id());
    *epoch.mutable_opener() = store.devices[*caller].row;
    epoch.set_opener_previous_mac(request->opener_previous_mac());
    epoch.set_enc_prev_sequence(request->enc_prev_sequence());
    epoch.set_enc_prev_root(request->enc_prev_root());
    epoch.set_commitment(request->commitment());
    *epoch.mutable_members() = request->members();
    store.rotation_required = false;
    response->set_epoch_id(epoch.epoch_id());
    v1::ChangeEntry entry;
    entry.set_kind(v1::CHANGE_KIND_EPOCH_OPENED);
    entry.set_epoch_id(epoch.epoch_id());
    entry.set_by_device_id(*caller);
    Remember(request->request_id(), *response, {entry});
    return absl::OkStatus();
  });
}

grpc::Status FakeServer::ListEpochs(grpc::ServerContext* context, const v1::ListEpochsRequest* request,
                                    v1::ListEpochsResponse* response) {
  return Serve("ListEpochs", [&]() -> absl::Status {
    const auto caller = Caller(context);
    if (!caller.ok()) return caller.status();
    const bool backward = request->range_case() == v1::ListEpochsRequest::kBeforeSequenceId;
    std::vector<v1::Epoch> rows;
    for (v1::Epoch epoch : store.epochs) {
      const bool forward_from = request->range_case() == v1::ListEpochsRequest::kAfterSequenceId;
      if (backward && epoch.sequence_id() >= request->before_sequence_id()) continue;
      if (forward_from && epoch.sequence_id() <= request->after_sequence_id()) continue;
      if (backward) epoch.clear_members();
      for (v1::Member& member : *epoch.mutable_members()) {
        if (member.device_id() != *caller) member.clear_encrypted_entropy();
      }
      rows.push_back(epoch);
    }
    if (backward) std::reverse(rows.begin(), rows.end());
    response->set_next_page_token(
        Page(rows, request->page_token(), page_size, [&](const v1::Epoch& row) { *response->add_epochs() = row; }));
    if (on_list_epochs) on_list_epochs(*request, *response);
    return absl::OkStatus();
  });
}

// --- HistoryService ---

grpc::Status FakeServer::SaveMessages(grpc::ServerContext* context, const v1::SaveMessagesRequest* request,
                                      v1::SaveMessagesResponse* response) {
  return Serve("SaveMessages", [&]() -> absl::Status {
    if (auto caller = Caller(context); !caller.ok()) return caller.status();
    if (store.rotation_required) return errors::RotationRequired();
    if (absl::Status s = CheckEpoch(request->epoch_id()); !s.ok()) return s;
    std::vector<v1::ChangeEntry> entries;
    for (v1::Message message : request->messages()) {
      const auto known = std::find_if(store.messages.begin(), store.messages.end(),
                                      [&](const auto& m) { return m.message_id() == message.message_id(); });
      const bool replace = known != store.messages.end() && request->on_conflict() == v1::ON_CONFLICT_REPLACE;
      v1::SaveOutcome outcome = v1::SAVE_OUTCOME_CREATED;
      if (known != store.messages.end()) outcome = replace ? v1::SAVE_OUTCOME_REPLACED : v1::SAVE_OUTCOME_KEPT_EXISTING;
      if (store.deleted.contains(message.message_id())) outcome = v1::SAVE_OUTCOME_WAS_DELETED;
      response->add_results()->set_outcome(outcome);
      if (outcome != v1::SAVE_OUTCOME_CREATED && outcome != v1::SAVE_OUTCOME_REPLACED) continue;
      message.set_epoch_id(request->epoch_id());
      message.set_cipher_version(request->cipher_version());
      message.set_revision(store.revision + 1);
      v1::ChangeEntry& entry = entries.emplace_back();
      entry.set_kind(replace ? v1::CHANGE_KIND_REPLACED : v1::CHANGE_KIND_SAVED);
      entry.set_thread_id(message.thread_id());
      entry.set_message_id(message.message_id());
      entry.set_timestamp_ms(message.timestamp_ms());
      if (replace) {
        *known = message;
      } else {
        store.messages.push_back(message);
      }
    }
    if (!entries.empty()) store.Commit(std::move(entries));
    response->set_revision(store.revision);
    if (on_save) on_save(*response);
    return absl::OkStatus();
  });
}

grpc::Status FakeServer::BatchGetMessages(grpc::ServerContext* context, const v1::BatchGetMessagesRequest* request,
                                          v1::BatchGetMessagesResponse* response) {
  return Serve("BatchGetMessages", [&]() -> absl::Status {
    if (auto caller = Caller(context); !caller.ok()) return caller.status();
    for (const std::string& id : request->message_ids()) {
      const auto it = std::find_if(store.messages.begin(), store.messages.end(),
                                   [&](const auto& m) { return m.message_id() == id; });
      // Pretends that a reply has room for a page alone.
      if (it != store.messages.end() && response->messages_size() < page_size) {
        *response->add_messages() = *it;
      } else {
        response->add_missing_message_ids(id);
      }
    }
    if (on_batch_get) on_batch_get(*response);
    return absl::OkStatus();
  });
}

std::vector<v1::Message> FakeServer::InOrder(const v1::ListMessagesRequest& request) const {
  std::vector<v1::Message> rows;
  for (const v1::Message& message : store.messages) {
    const bool in_thread = request.thread_id().empty() || message.thread_id() == request.thread_id();
    const bool in_range = message.timestamp_ms() >= request.start_ms() &&
                          (request.end_ms() == 0 || message.timestamp_ms() < request.end_ms());
    if (in_thread && in_range) rows.push_back(message);
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.timestamp_ms() < b.timestamp_ms(); });
  if (request.order() != v1::ORDER_OLDEST_FIRST) std::reverse(rows.begin(), rows.end());
  return rows;
}

grpc::Status FakeServer::ListMessages(grpc::ServerContext* context, const v1::ListMessagesRequest* request,
                                      v1::ListMessagesResponse* response) {
  return Serve("ListMessages", [&]() -> absl::Status {
    if (auto caller = Caller(context); !caller.ok()) return caller.status();
    response->set_next_page_token(Page(InOrder(*request), request->page_token(), page_size,
                                       [&](const v1::Message& row) { *response->add_messages() = row; }));
    if (on_list_messages) on_list_messages(*request, *response);
    return absl::OkStatus();
  });
}

grpc::Status FakeServer::ListThreads(grpc::ServerContext* context, const v1::ListThreadsRequest* request,
                                     v1::ListThreadsResponse* response) {
  return Serve("ListThreads", [&]() -> absl::Status {
    if (auto caller = Caller(context); !caller.ok()) return caller.status();
    std::vector<v1::Message> rows;
    std::set<std::string> threads;
    for (const v1::Message& message : InOrder({})) {
      if (threads.insert(message.thread_id()).second) rows.push_back(message);
    }
    response->set_next_page_token(Page(rows, request->page_token(), page_size,
                                       [&](const v1::Message& row) { *response->add_newest_messages() = row; }));
    if (on_list_threads) on_list_threads(*response);
    return absl::OkStatus();
  });
}

}  // namespace labyrinth::client::testing
