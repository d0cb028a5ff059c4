#include "service/admin/mailbox_stats.h"

#include "common/errors.h"
#include "service/mailbox/records.h"
#include "storage/blocking.h"
#include "storage/schema.h"

namespace labyrinth::service {
namespace {

// Of all time: each revoked one leaves a row, which registering is limited by.
constexpr std::size_t kDevicesAPage = 1000;

}  // namespace

absl::StatusOr<MailboxOverview> ReadOverview(storage::Engine& engine, const std::string& partition,
                                             absl::Time deadline) {
  MailboxOverview overview;
  std::string begin = storage::keys::Devices().begin;
  for (;;) {
    const storage::Scan scan{begin, storage::keys::Devices().end, storage::Direction::kForward, kDevicesAPage};
    const auto read = storage::ReadAndWait(engine, {partition, {storage::keys::Head()}, {scan}, deadline});
    if (!read.ok()) return read.status();
    if (!read->values[0].has_value()) return errors::MailboxNotFound();
    auto head = mailbox::ParseHead(*read->values[0]);
    if (!head.ok()) return head.status();
    overview.head = *std::move(head);
    overview.position = read->position;
    for (const storage::Row& row : read->pages[0].items) {
      const auto id = storage::keys::ParseDevice(row.key);
      auto device = mailbox::ParseRecord<storage_v1::DeviceRecord>(row.value);
      if (!id.has_value()) return errors::DataDamaged("a device's key");
      if (!device.ok()) return device.status();
      overview.devices.emplace_back(*id, *std::move(device));
      begin = std::string(row.key) + '\0';
    }
    if (!read->pages[0].more) return overview;
  }
}

void ToProto(const MailboxOverview& overview, const std::string& partition, const Pseudonyms& pseudonyms,
             const mailbox::Policy& policy, bool reveal, v1::GetMailboxStatsResponse& response) {
  const storage_v1::MailboxHead& head = overview.head;
  response.set_pseudonym(pseudonyms.Of(partition).text());
  if (reveal) {
    response.set_mailbox_id(head.mailbox_id());
    response.set_partition(partition);
  }
  response.set_state(head.rotation_required() ? v1::MAILBOX_STATE_ROTATION_REQUIRED : v1::MAILBOX_STATE_ACTIVE);
  response.set_create_ms(head.create_ms());
  response.set_used_bytes(head.used_bytes());
  response.set_message_count(head.message_count());
  response.set_quota_bytes(head.quota_bytes() != 0 ? head.quota_bytes() : policy.quota_bytes);
  response.set_quota_messages(head.quota_messages() != 0 ? head.quota_messages() : policy.quota_messages);
  response.set_quota_is_default(head.quota_bytes() == 0 && head.quota_messages() == 0);
  response.set_epoch_sequence_id(head.current_sequence_id());
  response.set_log_count(head.log_count());
  response.set_revision(overview.position.revision);
  response.set_wake_at_ms(head.wake_at_ms());
  for (const auto& [id, record] : overview.devices) {
    v1::AdminDevice& device = *response.add_devices();
    device.set_handle(pseudonyms.DeviceHandle(partition, id));
    if (reveal) device.set_device_id(id.value());
    device.set_kind(record.kind() == storage_v1::DEVICE_KIND_VIRTUAL ? v1::DEVICE_KIND_VIRTUAL
                                                                     : v1::DEVICE_KIND_PHYSICAL);
    device.set_state(record.revoked() ? v1::DEVICE_STATE_REVOKED : v1::DEVICE_STATE_ACTIVE);
    device.set_create_ms(record.create_ms());
    device.set_last_seen_day(record.last_seen_day_ms());
  }
}

}  // namespace labyrinth::service
