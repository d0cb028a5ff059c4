#include "service/mailbox/delete_messages.h"

#include <algorithm>
#include <utility>

#include "service/mailbox/rules.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;

DeleteMessagesOperation::DeleteMessagesOperation(DeleteRequest request, Done done)
    : OperationWithResult(std::move(done)), request_(std::move(request)) {}

void DeleteMessagesOperation::Need(const BatchState& state, std::vector<std::string>& keys) const {
  keys.push_back(keys::Device(request_.caller.device_id));
  for (const std::string& id : request_.message_ids) keys.push_back(keys::MessageLocation(id));
  const auto targets = Targets(state, /*live_alone=*/false);
  if (targets.ok()) Removal(*targets).Need(keys);
}

void DeleteMessagesOperation::NeedScans(const BatchState& state, std::vector<storage::Scan>& scans) const {
  const auto targets = Targets(state, /*live_alone=*/true);
  if (targets.ok()) Removal(*targets).NeedScans(state, scans);
}

absl::Status DeleteMessagesOperation::Decide(Transaction& txn) {
  if (auto device = ActiveCaller(txn, request_.caller); !device.ok()) return device.status();
  auto targets = Targets(txn.state(), /*live_alone=*/true);
  if (!targets.ok()) return targets.status();
  result_ = {};
  result_.deleted_count = static_cast<uint32_t>(targets->size());
  return Removal(*std::move(targets)).Apply(txn, storage_v1::CHANGE_KIND_DELETED, request_.caller.device_id);
}

absl::StatusOr<std::vector<StoredAt>> DeleteMessagesOperation::Targets(const BatchState& state, bool live_alone) const {
  std::vector<StoredAt> targets;
  for (const std::string& id : request_.message_ids) {
    const std::optional<std::string>* found = state.Find(keys::MessageLocation(id));
    if (found == nullptr || !found->has_value()) continue;
    const auto location = ParseRecord<storage_v1::MessageLocation>(**found);
    if (!location.ok()) return location.status();
    if (location->deleted_ms() != 0) continue;
    const StoredAt at{location->thread_number(), FromRecord(location->place())};
    if (live_alone) {
      const std::optional<std::string>* row = state.Find(keys::Message(at.thread_number, at.place));
      if (row == nullptr) return absl::InternalError("a message that wasn't read yet");
      if (!row->has_value()) return errors::DataDamaged("a message that its location names");
      const auto message = ParseRecord<storage_v1::MessageRecord>(**row);
      if (!message.ok()) return message.status();
      if (IsExpired(message->expire_ms(), *state.head(), state.now_ms())) continue;
    }
    targets.push_back(at);
  }
  std::sort(targets.begin(), targets.end());
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  return targets;
}

}  // namespace labyrinth::mailbox
