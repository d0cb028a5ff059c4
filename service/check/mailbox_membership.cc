// Devices, epochs and the log, at one moment: they are small.
#include <algorithm>
#include <optional>

#include "crypto/statements/membership.h"
#include "service/check/mailbox_check.h"
#include "service/mailbox/records.h"

namespace labyrinth::check {

namespace keys = storage::keys;

namespace {

constexpr char kBegin[] = "\x01";  // the head
constexpr char kEnd[] = "\x0a";    // beyond the device keys

template <typename Ids>
bool Contains(const Ids& ids, uint64_t id) {
  return std::find(ids.begin(), ids.end(), id) != ids.end();
}

// Keys of one table, as they were at that moment.
std::vector<std::string> Table(const Page& page, const std::string& example) {
  std::vector<std::string> out;
  for (const Row& row : page.items) {
    if (row.key[0] == example[0]) out.push_back(row.key);
  }
  return out;
}

}  // namespace

void MailboxCheck::CheckMembership() {
  const auto judge_devices = [this](const Moment& moment, const Page& page, const storage_v1::MailboxHead& head,
                                    std::set<std::string>& log_members) {
    storage_v1::Roster roster;
    if (moment.Has(keys::Roster())) {
      const auto stored = moment.Get<storage_v1::Roster>(keys::Roster());
      if (!stored.has_value()) {
        membership_known_ = false;
        return Primary("roster_unreadable", keys::Roster());
      }
      roster = *stored;
    }
    const auto& active = roster.active_device_ids();
    if (std::adjacent_find(active.begin(), active.end(), std::greater_equal<>()) != active.end()) {
      Primary("roster_out_of_order", keys::Roster());
    }
    std::set<uint64_t> unknown(active.begin(), active.end());
    unknown.insert(roster.unsigned_removal_ids().begin(), roster.unsigned_removal_ids().end());
    std::set<std::string> owned;  // rows that a device accounts for
    for (const std::string& key : Table(page, keys::Device(DeviceId()))) {
      const auto id = keys::ParseDevice(key);
      const auto device = moment.Get<storage_v1::DeviceRecord>(key);
      if (!id.has_value() || !device.has_value()) {
        if (id.has_value()) unknown.erase(id->value());
        Primary("device_unreadable", key);
        continue;
      }
      unknown.erase(id->value());
      devices_.insert(id->value());
      if (device->revoked()) revoked_.insert(id->value());
      const bool is_active = Contains(active, id->value());
      const bool unsigned_removal = Contains(roster.unsigned_removal_ids(), id->value());
      if (is_active == device->revoked() || (unsigned_removal && !device->revoked())) {
        Primary("device_unlike_roster", key);
      }
      if (!device->revoked() || unsigned_removal) log_members.insert(device->device_key());
      const std::string by_key = keys::DeviceKey(device->device_key());
      owned.insert(by_key);
      const auto owner = moment.Get<storage_v1::DeviceKeyRecord>(by_key);
      if (!owner.has_value() || owner->device_id() != id->value()) {
        if (owner.has_value() && devices_.contains(owner->device_id())) {
          Primary("device_key_of_two_devices", by_key);
        } else {
          Derived(moment.Has(by_key) ? "device_key_wrong" : "device_key_missing", by_key);
          storage_v1::DeviceKeyRecord record;
          record.set_device_id(id->value());
          Put(by_key, record);
        }
      }
      if (device->revoked()) continue;
      const auto scalar = moment.Get<storage_v1::OrfServerRecord>(keys::OrfServer(*id));
      owned.insert(keys::OrfServer(*id));
      if (!scalar.has_value() || scalar->scalar().size() != 32) Primary("orf_scalar_lost", keys::OrfServer(*id));
      const std::string member = keys::Member(head.current_sequence_id(), *id);
      if (!moment.Has(member)) Primary("member_missing", member);
      if (device->kind() != storage_v1::DEVICE_KIND_VIRTUAL) continue;
      const auto virtual_id = VirtualDeviceId::From(device->virtual_device_id());
      if (!virtual_id.has_value()) {
        Primary("device_unreadable", key);
        continue;
      }
      const auto secrets = moment.Get<storage_v1::VirtualDeviceRecord>(keys::VirtualDevice(*virtual_id));
      owned.insert(keys::VirtualDevice(*virtual_id));
      if (!secrets.has_value() || secrets->device_id() != id->value()) {
        Primary("sealed_secrets_lost", keys::VirtualDevice(*virtual_id));
      }
    }
    if (!unknown.empty()) Primary("roster_of_unknown_device", keys::Roster());
    // A scalar or sealed secrets that a revocation left would still serve whoever it removed.
    const std::pair<std::string, std::string_view> tables[] = {
        {keys::OrfServer(DeviceId()), "orf_scalar_stray"},
        {keys::VirtualDevice(VirtualDeviceId()), "sealed_secrets_stray"},
        {keys::DeviceKey(""), "device_key_stray"}};
    for (const Row& row : page.items) {
      // Of a device that a restore knows to be removed, and knows nothing else of (restore_mailbox.h).
      storage_v1::DeviceKeyRecord record;
      if (!row.key.starts_with(keys::DeviceKey("")) || !record.ParseFromString(row.value)) continue;
      if (record.barred() && record.device_id() == 0) owned.insert(row.key);
    }
    for (const auto& [example, name] : tables) {
      for (const std::string& key : Table(page, example)) {
        if (owned.contains(key)) continue;
        // A restore bars keys of devices that the backup doesn't know.
        const auto barred = moment.Get<storage_v1::DeviceKeyRecord>(key);
        if (name == "device_key_stray" && barred.has_value() && barred->barred()) continue;
        Primary(name, key);
      }
    }
  };

  const auto judge_epochs = [this](const Moment& moment, const Page& page, const storage_v1::MailboxHead& head) {
    for (uint32_t sequence = 0; sequence <= head.current_sequence_id(); ++sequence) {
      const std::string key = keys::Epoch(sequence);
      epochs_.insert(sequence);
      const auto epoch = moment.Get<storage_v1::EpochRecord>(key);
      if (!epoch.has_value()) {
        // The first alone: a head that is wrong may name billions.
        membership_known_ = false;
        return Primary(moment.Has(key) ? "epoch_unreadable" : "epoch_missing", key);
      }
      const DeviceId opener(epoch->opener_device_id());
      if (!moment.Has(keys::Device(opener))) Primary("epoch_of_unknown_device", key);
      if (!moment.Has(keys::Member(sequence, opener))) Primary("member_missing", keys::Member(sequence, opener));
      if (sequence == head.current_sequence_id() && epoch->epoch_id() != head.current_epoch_id()) {
        Primary("current_epoch_wrong", keys::Head());
      }
    }
    for (const std::string& key : Table(page, keys::Epoch(0))) {
      const auto sequence = keys::ParseEpoch(key);
      if (!sequence.has_value() || *sequence > head.current_sequence_id()) Primary("epoch_beyond_current", key);
    }
    for (const std::string& key : Table(page, keys::Member(0, DeviceId()))) {
      const auto member = keys::ParseMember(key);
      if (!member.has_value() || member->sequence_id > head.current_sequence_id()) {
        Primary("member_of_no_epoch", key);
      } else if (!moment.Get<storage_v1::MemberRecord>(key).has_value()) {
        Primary("member_unreadable", key);
      }
    }
  };

  const auto judge_log = [this](const Moment& moment, const Page& page, const storage_v1::MailboxHead& head,
                                const std::set<std::string>& members) {
    std::optional<crypto::MembershipState> state;
    for (uint64_t index = 0; index < head.log_count(); ++index) {
      const std::string key = keys::Log(index);
      const auto record = moment.Get<storage_v1::LogRecord>(key);
      if (!record.has_value()) return Primary(moment.Has(key) ? "log_entry_unreadable" : "log_entry_missing", key);
      const auto entry = crypto::DecodeLogEntry(record->entry());
      const auto signature = crypto::Signature::From(record->signature());
      if (!entry.ok() || !signature.has_value()) return Primary("log_entry_unreadable", key);
      if (!state.has_value()) state.emplace(crypto::LogNames{entry->server_name, entry->account_id});
      // Chain of hashes, signatures, and who may do what.
      if (!state->Apply({record->entry(), *signature}).ok()) return Primary("log_entry_invalid", key);
    }
    for (const std::string& key : Table(page, keys::Log(0))) {
      const auto index = keys::ParseLog(key);
      if (!index.has_value() || *index >= head.log_count()) Primary("log_entry_beyond_head", key);
    }
    if (!state.has_value()) return Primary("log_entry_missing", keys::Log(0));
    if (state->position().head.view() != head.log_head()) return Primary("log_head_wrong", keys::Head());
    if (state->epoch_sequence() != head.current_sequence_id()) return Primary("log_of_other_epoch", keys::Head());
    std::set<std::string> in_log;
    for (const crypto::LogMember& member : state->ActiveMembers()) in_log.insert(member.device_key.str());
    if (in_log != members) Primary("log_unlike_roster", keys::Roster());
  };

  bool first = true;
  Once(
      "membership_unreadable", [](const Moment&, Wants& wants) { wants.Range(kBegin, kEnd); },
      [&](const Moment& moment) {
        devices_.clear();
        revoked_.clear();
        epochs_.clear();
        const Page& page = *moment.PageOf(kBegin, kEnd);
        membership_revision_ = moment.position().revision;
        summary_.rows += first ? page.items.size() : 0;
        first = false;
        if (!moment.Has(keys::Head())) {
          if (moment.position().revision != 0) Primary("head_missing", keys::Head());
          return;
        }
        const auto head = mailbox::ParseHead(**moment.Find(keys::Head()));
        if (!head.ok()) return Primary("head_unreadable", keys::Head());
        has_mailbox_ = true;
        membership_known_ = !page.more;
        if (page.more) {  // thousands of epochs with all their members
          ++summary_.unjudged;
          return;
        }
        std::set<std::string> log_members;
        judge_devices(moment, page, *head, log_members);
        judge_epochs(moment, page, *head);
        judge_log(moment, page, *head, log_members);
      });
}

// The feed keeps what it tells of devices and epochs for ever, so what it told up to that moment must be exactly what
// there was.
void MailboxCheck::CheckFeedOfMembership() {
  if (stopped() || !membership_known_ || !feed_known_) return;
  std::map<std::pair<int, uint64_t>, int> times;
  for (const auto& [kind, id, revision] : told_) {
    if (revision <= membership_revision_) ++times[{kind, id}];
  }
  Once(
      "feed_unreadable", [](const Moment&, Wants& wants) { wants.Key(keys::Head()); },
      [&](const Moment&) {
        const auto expect = [&](int kind, uint64_t id, const std::string& key) {
          const auto told = times.find({kind, id});
          if (told == times.end()) return Primary("feed_lacks_membership", key);
          if (told->second > 1) Primary("feed_repeats_membership", key);
          times.erase(told);
        };
        for (const uint64_t id : devices_) {
          expect(storage_v1::CHANGE_KIND_DEVICE_ADDED, id, keys::Device(DeviceId(id)));
        }
        for (const uint64_t id : revoked_) {
          expect(storage_v1::CHANGE_KIND_DEVICE_REVOKED, id, keys::Device(DeviceId(id)));
        }
        for (const uint32_t sequence : epochs_) {
          expect(storage_v1::CHANGE_KIND_EPOCH_OPENED, sequence, keys::Epoch(sequence));
        }
        for (const auto& [told, count] : times) {
          const bool of_epoch = told.first == storage_v1::CHANGE_KIND_EPOCH_OPENED;
          Primary("feed_of_unknown_membership",
                  of_epoch ? keys::Epoch(static_cast<uint32_t>(told.second)) : keys::Device(DeviceId(told.second)));
        }
      });
}

}  // namespace labyrinth::check
