#include "service/handlers/epoch_service.h"

#include <memory>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "service/converters/fields.h"
#include "service/mailbox/open_epoch.h"

namespace labyrinth::service {

namespace {

absl::StatusOr<mailbox::EpochMember> ParseMember(const v1::Member& member, int index) {
  const auto field = [index](std::string_view name) { return fmt::format("members[{}].{}", index, name); };
  auto device_id = ParseId<DeviceId>(member.device_id(), field("device_id"));
  if (!device_id.ok()) return device_id.status();
  auto mac = ParseFixed<crypto::MacTag>(member.epoch_device_mac(), field("epoch_device_mac"));
  if (!mac.ok()) return mac.status();
  auto status = CheckBytes(member.encrypted_entropy(), field("encrypted_entropy"), "encrypted_entropy_bytes",
                           limits::kEncryptedEntropyBytes);
  if (!status.ok()) return status;
  return mailbox::EpochMember{*device_id, *mac, member.encrypted_entropy()};
}

absl::StatusOr<mailbox::OpenEpochRequest> ParseOpen(mailbox::Caller caller, const v1::OpenEpochRequest& request) {
  mailbox::OpenEpochRequest out;
  out.caller = std::move(caller);
  auto key = ParseRequestKey(request.request_id(), "OpenEpoch", request);
  if (!key.ok()) return key.status();
  out.request = *key;
  auto expected = ParseId<EpochId>(request.expected_epoch_id(), "expected_epoch_id");
  if (!expected.ok()) return expected.status();
  out.expected_epoch_id = *expected;
  out.sequence_id = request.sequence_id();
  const struct {
    const std::string& bytes;
    std::string_view field;
    std::string_view limit;
    uint32_t limit_bytes;
  } opaque[] = {
      {request.enc_prev_sequence(), "enc_prev_sequence", "encrypted_previous_bytes", limits::kEncryptedPreviousBytes},
      {request.enc_prev_root(), "enc_prev_root", "encrypted_previous_bytes", limits::kEncryptedPreviousBytes},
      {request.commitment(), "commitment", "commitment_bytes", limits::kCommitmentBytes},
  };
  for (const auto& value : opaque) {
    if (auto status = CheckBytes(value.bytes, value.field, value.limit, value.limit_bytes); !status.ok()) return status;
  }
  out.enc_prev_sequence = request.enc_prev_sequence();
  out.enc_prev_root = request.enc_prev_root();
  out.commitment = request.commitment();
  auto opener_mac = ParseFixed<crypto::MacTag>(request.opener_previous_mac(), "opener_previous_mac");
  if (!opener_mac.ok()) return opener_mac.status();
  out.opener_previous_mac = *opener_mac;

  const int most = limits::kDevices;
  if (request.revoke_device_ids_size() > most) return errors::LimitExceeded("revoke_device_ids", "devices", most);
  for (uint64_t id : request.revoke_device_ids()) {
    auto device_id = ParseId<DeviceId>(id, "revoke_device_ids");
    if (!device_id.ok()) return device_id.status();
    out.revoke_device_ids.push_back(*device_id);
  }
  if (request.members().empty()) return errors::InvalidField("members", "required");
  if (request.members_size() > most) return errors::LimitExceeded("members", "devices", most);
  for (int i = 0; i < request.members_size(); ++i) {
    auto member = ParseMember(request.members(i), i);
    if (!member.ok()) return member.status();
    out.members.push_back(*std::move(member));
  }
  if (request.log_entries_size() > static_cast<int>(limits::kLogEntriesPerEpoch)) {
    return errors::LimitExceeded("log_entries", "log_entries_per_epoch", limits::kLogEntriesPerEpoch);
  }
  for (int i = 0; i < request.log_entries_size(); ++i) {
    auto entry = ParseLogEntry(request.log_entries(i), fmt::format("log_entries[{}]", i));
    if (!entry.ok()) return entry.status();
    out.log_entries.push_back(*std::move(entry));
  }
  return out;
}

absl::StatusOr<mailbox::EpochQuery> ParseQuery(const v1::ListEpochsRequest& request) {
  mailbox::EpochQuery query;
  if (request.range_case() == v1::ListEpochsRequest::kBeforeSequenceId) {
    query.forward = false;
    query.bound = request.before_sequence_id();
  } else if (request.range_case() == v1::ListEpochsRequest::kAfterSequenceId) {
    if (request.after_sequence_id() > limits::kEpochSequence) {
      return errors::InvalidField("after_sequence_id", "out of range");
    }
    query.bound = request.after_sequence_id() + 1;
  }
  if (request.recipient_device_id() != 0) {
    auto recipient = ParseId<DeviceId>(request.recipient_device_id(), "recipient_device_id");
    if (!recipient.ok()) return recipient.status();
    query.recipient = *recipient;
  }
  return query;
}

void FillEpoch(const mailbox::EpochView& view, v1::Epoch& epoch) {
  epoch.set_epoch_id(view.epoch.epoch_id());
  epoch.set_sequence_id(view.sequence_id);
  ToProto(DeviceId(view.epoch.opener_device_id()), view.opener, *epoch.mutable_opener());
  epoch.set_opener_previous_mac(view.epoch.opener_previous_mac());
  epoch.set_enc_prev_sequence(view.epoch.enc_prev_sequence());
  epoch.set_enc_prev_root(view.epoch.enc_prev_root());
  epoch.set_commitment(view.epoch.commitment());
  epoch.set_revision(view.epoch.revision());
  for (const auto& [id, record] : view.members) {
    v1::Member& member = *epoch.add_members();
    member.set_device_id(id.value());
    member.set_epoch_device_mac(record.epoch_device_mac());
    member.set_encrypted_entropy(record.encrypted_entropy());
  }
}

}  // namespace

grpc::ServerUnaryReactor* EpochServiceHandler::OpenEpoch(grpc::CallbackServerContext* rpc,
                                                         const v1::OpenEpochRequest* request,
                                                         v1::OpenEpochResponse* response) {
  Call call(context_, rpc, "open_epoch");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device();
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  const std::string partition = caller->partition;
  auto open = ParseOpen(*std::move(caller), *request);
  if (!open.ok()) return call.Finish(open.status()), reactor;
  const std::vector<DeviceId> revoked = open->revoke_device_ids;
  const absl::Time deadline = call.deadline();
  auto operation =
      std::make_unique<mailbox::OpenEpochOperation>(context_.policy, *std::move(open), context_.random,
                                                    [this, call = std::move(call), partition, revoked, response](
                                                        absl::StatusOr<mailbox::OpenEpochResponse> result) mutable {
                                                      if (result.ok()) {
                                                        for (const DeviceId id : revoked)
                                                          context_.enrollments.MemberRemoved(partition, id);
                                                        response->set_epoch_id(result->epoch_id.value());
                                                        response->set_revision(result->revision);
                                                      }
                                                      call.Finish(result.status());
                                                    });
  operation->deadline = deadline;
  context_.sequencer.Submit(partition, std::move(operation));
  return reactor;
}

grpc::ServerUnaryReactor* EpochServiceHandler::ListEpochs(grpc::CallbackServerContext* rpc,
                                                          const v1::ListEpochsRequest* request,
                                                          v1::ListEpochsResponse* response) {
  Call call(context_, rpc, "list_epochs");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device(/*virtual_as_well=*/true);
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  absl::StatusOr<mailbox::EpochQuery> query = ParseQuery(*request);
  if (!query.ok()) return call.Finish(query.status()), reactor;
  auto page = ParsePage(request->page_size(), request->page_token());
  if (!page.ok()) return call.Finish(page.status()), reactor;
  const absl::Time deadline = call.deadline();
  context_.directory.ListEpochs(*caller, *query, *std::move(page), deadline,
                                [call = std::move(call), response](absl::StatusOr<mailbox::EpochPage> epochs) mutable {
                                  if (!epochs.ok()) return call.Finish(epochs.status());
                                  for (const mailbox::EpochView& view : epochs->epochs)
                                    FillEpoch(view, *response->add_epochs());
                                  response->set_next_page_token(epochs->next_token);
                                  call.Finish(absl::OkStatus());
                                });
  return reactor;
}

}  // namespace labyrinth::service
