#include "service/admin/admin_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/synchronization/notification.h"
#include "common/errors.h"
#include "common/rpc_status.h"
#include "service/admin/mailbox_stats.h"
#include "service/converters/fields.h"
#include "service/mailbox/device_operations.h"
#include "service/mailbox/set_quota.h"

namespace labyrinth::service {
namespace {

constexpr std::size_t kJustificationBytes = 200;
constexpr int64_t kMaxDrainMs = 60 * 60 * 1000;
constexpr absl::Duration kDrainPoll = absl::Milliseconds(100);
constexpr int64_t kRetryMs = 1000;

// Runs an operation through the sequencer and waits for it.
template <typename Result, typename Operation, typename... Args>
absl::StatusOr<Result> Do(mailbox::Sequencer& sequencer, const std::string& partition, absl::Time deadline,
                          Args&&... args) {
  absl::Notification done;
  absl::StatusOr<Result> result;
  auto operation = std::make_unique<Operation>(std::forward<Args>(args)..., [&](absl::StatusOr<Result> got) {
    result = std::move(got);
    done.Notify();
  });
  operation->deadline = deadline;
  sequencer.Submit(partition, std::move(operation));
  done.WaitForNotification();
  return result;
}

// One line, in characters that a log and a terminal show as they are.
absl::Status CheckJustification(const std::string& text) {
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (text.empty() || text.size() > kJustificationBytes || !printable) {
    return errors::InvalidField("justification", "must be 1 to 200 printable ASCII characters");
  }
  return absl::OkStatus();
}

LogLevel LevelOf(const absl::Status& status) { return status.ok() ? LogLevel::kInfo : LogLevel::kWarn; }

// What changes something leaves a line, whatever came of it.
LogLine Report(const AdminContext& context, Word event, const absl::Status& status, const std::string& partition) {
  LogLine line = context.log.Event(LevelOf(status), event);
  if (!partition.empty()) line.Mailbox(context.pseudonyms.Of(partition));
  line.Code(status.code());
  if (const auto reason = ReasonOf(status); reason.has_value()) line.Why(*reason);
  return line;
}

}  // namespace

bool TaskSlot::Take(std::string_view kind) {
  const absl::MutexLock lock(&mutex_);
  if (!running_.empty()) return false;
  running_ = kind;
  return true;
}

void TaskSlot::Free() {
  const absl::MutexLock lock(&mutex_);
  running_ = {};
}

std::string_view TaskSlot::running() const {
  const absl::MutexLock lock(&mutex_);
  return running_;
}

absl::Status AdminServiceHandler::Start(Access needed, absl::AnyInvocable<void() &&> call) {
  if (access_ != Access::kAll && needed == Access::kAll) {
    return absl::PermissionDeniedError("the status socket answers questions alone: use the admin socket");
  }
  if (!threads_.Run(std::move(call))) return errors::RateLimited("admin_calls", kRetryMs);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* AdminServiceHandler::Answer(grpc::CallbackServerContext* rpc, Access needed,
                                                      std::function<absl::Status()> answer) {
  grpc::ServerUnaryReactor* reactor = rpc->DefaultReactor();
  const absl::Status started =
      Start(needed, [reactor, answer = std::move(answer)] { reactor->Finish(ToGrpc(answer())); });
  if (!started.ok()) reactor->Finish(ToGrpc(started));
  return reactor;
}

grpc::ServerUnaryReactor* AdminServiceHandler::GetServer(grpc::CallbackServerContext* rpc, const v1::GetServerRequest*,
                                                         v1::GetServerResponse* response) {
  return Answer(rpc, Access::kStatus, [=, this] {
    context_.host.Describe(*response);
    response->set_running_task(std::string(tasks_.running()));
    return absl::OkStatus();
  });
}

absl::Status AdminServiceHandler::ReadStats(const v1::GetMailboxStatsRequest& request,
                                            v1::GetMailboxStatsResponse& response) {
  const auto partition = finder_.Find(request.mailbox());
  if (!partition.ok()) return partition.status();
  const auto overview = ReadOverview(context_.engine, *partition, Deadline());
  if (!overview.ok()) return overview.status();
  ToProto(*overview, *partition, context_.pseudonyms, context_.policy, request.reveal(), response);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* AdminServiceHandler::GetMailboxStats(grpc::CallbackServerContext* rpc,
                                                               const v1::GetMailboxStatsRequest* request,
                                                               v1::GetMailboxStatsResponse* response) {
  return Answer(rpc, request->reveal() ? Access::kAll : Access::kStatus,
                [=, this] { return ReadStats(*request, *response); });
}

grpc::ServerUnaryReactor* AdminServiceHandler::SetQuota(grpc::CallbackServerContext* rpc,
                                                        const v1::SetQuotaRequest* request,
                                                        v1::SetQuotaResponse* response) {
  return Answer(rpc, Access::kAll, [=, this] { return Change(*request, *response); });
}

absl::Status AdminServiceHandler::Change(const v1::SetQuotaRequest& request, v1::SetQuotaResponse& response) {
  if (!request.has_quota_bytes() && !request.has_quota_messages()) {
    return errors::InvalidField("quota_bytes", "give a bound of bytes, of messages, or both");
  }
  const auto partition = finder_.Find(request.mailbox());
  if (!partition.ok()) return partition.status();
  mailbox::Quota quota;
  if (request.has_quota_bytes()) quota.bytes = request.quota_bytes();
  if (request.has_quota_messages()) quota.messages = request.quota_messages();

  absl::StatusOr<storage_v1::MailboxHead> head;
  if (request.validate_only()) {
    const auto overview = ReadOverview(context_.engine, *partition, Deadline());
    if (!overview.ok()) return overview.status();
    head = overview->head;
    head->set_quota_bytes(quota.bytes.value_or(head->quota_bytes()));
    head->set_quota_messages(quota.messages.value_or(head->quota_messages()));
  } else {
    head = Do<storage_v1::MailboxHead, mailbox::SetQuotaOperation>(context_.sequencer, *partition, Deadline(), quota);
    Report(context_, "admin_set_quota", head.status(), *partition);
  }
  if (!head.ok()) return head.status();
  response.set_pseudonym(context_.pseudonyms.Of(*partition).text());
  response.set_quota_bytes(head->quota_bytes() != 0 ? head->quota_bytes() : context_.policy.quota_bytes);
  response.set_quota_messages(head->quota_messages() != 0 ? head->quota_messages() : context_.policy.quota_messages);
  response.set_used_bytes(head->used_bytes());
  response.set_message_count(head->message_count());
  return absl::OkStatus();
}

absl::StatusOr<DeviceId> AdminServiceHandler::DeviceOf(const std::string& partition,
                                                       const v1::AdminRevokeDeviceRequest& request) {
  if (request.device_case() == v1::AdminRevokeDeviceRequest::kDeviceId) {
    return ParseId<DeviceId>(request.device_id(), "device_id");
  }
  if (request.device_handle().empty()) return errors::InvalidField("device_handle", "required, or device_id");
  const auto overview = ReadOverview(context_.engine, partition, Deadline());
  if (!overview.ok()) return overview.status();
  std::optional<DeviceId> found;
  for (const auto& [id, record] : overview->devices) {
    if (context_.pseudonyms.DeviceHandle(partition, id) != request.device_handle()) continue;
    if (found.has_value()) return errors::InvalidField("device_handle", "two devices have it: name device_id");
    found = id;
  }
  if (!found.has_value()) return errors::DeviceNotFound();
  return *found;
}

absl::Status AdminServiceHandler::Revoke(const v1::AdminRevokeDeviceRequest& request,
                                         v1::AdminRevokeDeviceResponse& response) {
  const auto key = ParseRequestKey(request.request_id(), "AdminRevokeDevice", request);
  if (!key.ok()) return key.status();
  if (const auto status = CheckJustification(request.justification()); !status.ok()) return status;
  const auto partition = finder_.Find(request.mailbox());
  if (!partition.ok()) return partition.status();
  const auto device = DeviceOf(*partition, request);
  if (!device.ok()) return device.status();
  response.set_pseudonym(context_.pseudonyms.Of(*partition).text());
  response.set_device_handle(context_.pseudonyms.DeviceHandle(*partition, *device));
  if (request.validate_only()) return absl::OkStatus();
  const auto revision = Do<uint64_t, mailbox::RevokeDeviceOperation>(
      context_.sequencer, *partition, Deadline(), context_.policy,
      mailbox::RevokeDeviceRequest{*partition, *key, *device, std::nullopt, std::nullopt});
  Report(context_, "admin_revoke_device", revision.status(), *partition).About(OperatorText(request.justification()));
  if (!revision.ok()) return revision.status();
  context_.enrollments.MemberRemoved(*partition, *device);
  response.set_revision(*revision);
  return absl::OkStatus();
}

grpc::ServerUnaryReactor* AdminServiceHandler::AdminRevokeDevice(grpc::CallbackServerContext* rpc,
                                                                 const v1::AdminRevokeDeviceRequest* request,
                                                                 v1::AdminRevokeDeviceResponse* response) {
  return Answer(rpc, Access::kAll, [=, this] { return Revoke(*request, *response); });
}

grpc::ServerUnaryReactor* AdminServiceHandler::Drain(grpc::CallbackServerContext* rpc, const v1::DrainRequest* request,
                                                     v1::DrainResponse* response) {
  return Answer(rpc, Access::kAll, [=, this] { return DrainUntil(*request, *rpc, *response); });
}

absl::Status AdminServiceHandler::DrainUntil(const v1::DrainRequest& request, const grpc::CallbackServerContext& rpc,
                                             v1::DrainResponse& response) {
  if (request.deadline_ms() < 0 || request.deadline_ms() > kMaxDrainMs) {
    return errors::InvalidField("deadline_ms", "must be 0 to 3600000");
  }
  context_.host.SetDraining(!request.undo());
  context_.log.Event(LogLevel::kInfo, request.undo() ? Word("admin_drain_undone") : Word("admin_drain"));
  const absl::Time until = absl::Now() + absl::Milliseconds(request.deadline_ms());
  ServerLoad load = context_.host.Load();
  while (!request.undo() && load.pending_operations + load.open_streams > 0 && absl::Now() < until &&
         !rpc.IsCancelled()) {
    absl::SleepFor(kDrainPoll);
    load = context_.host.Load();
  }
  response.set_draining(!request.undo());
  response.set_pending_operations(load.pending_operations);
  response.set_open_streams(load.open_streams);
  return absl::OkStatus();
}

}  // namespace labyrinth::service
