#include "service/mailbox/member_read.h"

#include <utility>

#include "common/errors.h"
#include "service/mailbox/records.h"
#include "storage/schema.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;

namespace {

absl::StatusOr<MemberView> ToView(const Caller& caller, Access access, storage::ReadResult result) {
  std::optional<std::string>& head = result.values[0];
  std::optional<std::string>& device = result.values[1];
  if (!head.has_value() || result.position.incarnation != caller.incarnation) return errors::MailboxNotFound();
  if (!device.has_value()) return errors::DeviceRevoked();
  MemberView view;
  view.position = result.position;
  auto device_record = ParseRecord<storage_v1::DeviceRecord>(*device);
  if (!device_record.ok()) return device_record.status();
  view.device = *std::move(device_record);
  if (view.device.revoked()) return errors::DeviceRevoked();
  if (access != Access::kVirtualAsWell && view.device.kind() != storage_v1::DEVICE_KIND_PHYSICAL) {
    return errors::TokenInvalid("session: a recovery code's device may not make this call");
  }
  auto head_record = ParseHead(*head);
  if (!head_record.ok()) return head_record.status();
  view.head = *std::move(head_record);
  view.values.assign(std::make_move_iterator(result.values.begin() + 2), std::make_move_iterator(result.values.end()));
  view.pages = std::move(result.pages);
  return view;
}

}  // namespace

void MemberRead(storage::Engine& engine, MemberReadRequest request, MemberViewCallback done) {
  storage::ReadRequest read;
  read.partition = request.caller.partition;
  read.keys.reserve(request.keys.size() + 2);
  read.keys.push_back(keys::Head());
  read.keys.push_back(keys::Device(request.caller.device_id));
  for (std::string& key : request.keys) read.keys.push_back(std::move(key));
  read.scans = std::move(request.scans);
  read.deadline = request.deadline;
  engine.Read(std::move(read), [caller = std::move(request.caller), access = request.access,
                                done = std::move(done)](absl::StatusOr<storage::ReadResult> result) mutable {
    if (!result.ok()) return std::move(done)(result.status());
    std::move(done)(ToView(caller, access, *std::move(result)));
  });
}

}  // namespace labyrinth::mailbox
