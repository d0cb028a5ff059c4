#include "service/mailbox/testing/store_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "common/limits.h"
#include "crypto/statements/membership.h"
#include "proto/storage/v1/records.pb.h"
#include "service/mailbox/feed_upkeep.h"
#include "service/mailbox/records.h"
#include "storage/schema.h"

namespace labyrinth::mailbox::testing {

namespace keys = storage::keys;
using storage::Place;

namespace {

using Rows = std::map<std::string, std::string>;

class Checker {
 public:
  explicit Checker(const Rows& rows) : rows_(rows) {}

  std::vector<std::string> Run() {
    if (!rows_.contains(keys::Head())) {
      Expect(rows_.empty(), "rows without a head");
      return findings_;
    }
    head_ = Parse<storage_v1::MailboxHead>(keys::Head());
    CollectMessages();
    CheckThreads();
    CheckFeed();
    CheckDevices();
    CheckEpochs();
    CheckLog();
    CheckRequests();
    CheckWake();
    for (const auto& [key, value] : rows_) Expect(seen_.contains(key), "a row that nothing leads to", key);
    return findings_;
  }

 private:
  void Expect(bool ok, std::string_view what, std::string_view key = {}) {
    if (!ok) findings_.push_back(fmt::format("{} {}", what, ToHex(key)));
  }

  // The record at `key`, which is accounted for from now on.
  template <typename Record>
  Record Parse(const std::string& key) {
    seen_.insert(key);
    const auto row = rows_.find(key);
    Record record;
    Expect(row != rows_.end() && record.ParseFromString(row->second),
           fmt::format("no sound {}", Record::descriptor()->name()), key);
    return record;
  }
  void ExpectMark(const std::string& key, std::string_view what) {
    Expect(Parse<storage_v1::Mark>(key).version() == 1, what, key);
  }
  // Keys of the table whose tag `example` has.
  std::vector<std::string> Table(const std::string& example) const {
    std::vector<std::string> out;
    for (auto row = rows_.lower_bound(example.substr(0, 1)); row != rows_.end() && row->first[0] == example[0]; ++row) {
      out.push_back(row->first);
    }
    return out;
  }

  void CollectMessages() {
    std::set<std::string> ids;
    for (const std::string& key : Table(keys::Message(0, {}))) {
      const auto parsed = keys::ParseMessage(key);
      Expect(parsed.has_value(), "a message's key", key);
      if (!parsed.has_value()) continue;
      const auto record = Parse<storage_v1::MessageRecord>(key);
      messages_[parsed->thread_number].push_back(parsed->place);
      bytes_[parsed->thread_number] += record.ciphertext().size();
      Expect(ids.insert(record.message_id()).second, "two messages with one id", key);
      told_.insert({ToldAt(parsed->place, record), parsed->thread_number, parsed->place});
      const auto location = Parse<storage_v1::MessageLocation>(keys::MessageLocation(record.message_id()));
      Expect(location.deleted_ms() == 0 && location.thread_number() == parsed->thread_number &&
                 FromRecord(location.place()) == parsed->place,
             "a message whose location is elsewhere", key);
      const auto in_mailbox = Parse<storage_v1::ThreadNumber>(keys::MailboxTime(parsed->place));
      Expect(in_mailbox.number() == parsed->thread_number, "a mailbox-wide row of another thread", key);
      if (record.expire_ms() != 0) {
        ExpectMark(keys::Expiry(record.expire_ms(), parsed->thread_number, parsed->place), "an expiry row");
        due_ms_.insert(record.expire_ms() + limits::kExpirySlackMs);
      }
    }
    for (const std::string& key : Table(keys::MessageLocation("x"))) {
      if (seen_.contains(key)) continue;
      const auto location = Parse<storage_v1::MessageLocation>(key);
      Expect(location.deleted_ms() != 0 && !location.has_place(), "a location without its message", key);
      tombstones_.insert({key.substr(1), location.deleted_ms()});
    }
    Expect(head_.message_count() == ids.size(), "message_count");
    uint64_t bytes = 0;
    for (const auto& [number, in_thread] : bytes_) bytes += in_thread;
    Expect(head_.used_bytes() == bytes, "used_bytes");
  }

  void CheckThreads() {
    std::set<uint32_t> numbers;
    for (const std::string& key : Table(keys::ThreadById("x"))) {
      const uint32_t number = Parse<storage_v1::ThreadNumber>(key).number();
      Expect(numbers.insert(number).second, "two threads with one number", key);
      Expect(number >= 1 && number <= head_.thread_count(), "a thread's number", key);
      const auto thread = Parse<storage_v1::ThreadRecord>(keys::Thread(number));
      Expect(keys::ThreadById(thread.thread_id()) == key, "a thread with another id", key);
      const std::vector<Place>& places = messages_[number];
      Expect(thread.message_count() == places.size(), "a thread's message_count", key);
      Expect(thread.used_bytes() == bytes_[number], "a thread's used_bytes", key);
      if (places.empty()) {
        Expect(false, "a thread without messages", key);
        continue;
      }
      const Place newest = *std::max_element(places.begin(), places.end());
      Expect(FromRecord(thread.newest()) == newest, "a thread's newest", key);
      ExpectMark(keys::ThreadActivity(newest, number), "a thread's activity");
    }
    for (const auto& [number, places] : messages_) Expect(numbers.contains(number), "messages without a thread");
  }

  // Each live message is told of by one entry, each deletion by one as long as its tombstone stands; what else the feed
  // says of messages is marked to be taken out.
  void CheckFeed() {
    std::set<std::pair<uint64_t, Place>> to_void;  // by the row's revision
    for (const std::string& key : Table(keys::VoidEntry(0, 0, {}))) {
      ExpectMark(key, "a mark of what is void");
      const auto parsed = keys::ParseVoidEntry(key);
      if (!parsed.has_value()) return Expect(false, "a key of what is void", key);
      Expect(to_void.insert({parsed->revision, parsed->place}).second, "an entry marked twice", key);
      due_ms_.insert(parsed->void_ms + limits::kUpkeepSlackMs);
    }
    for (const std::string& key : Table(keys::Feed(0))) CheckFeedRow(key, to_void);
    Expect(to_void.empty(), "a mark without its entry");
    Expect(told_.empty(), "a message that the feed lacks");
    Expect(tombstones_.empty(), "a deletion that the feed lacks");
  }

  void CheckFeedRow(const std::string& key, std::set<std::pair<uint64_t, Place>>& to_void) {
    const uint64_t revision = keys::ParseFeed(key).value_or(0);
    Expect(revision != 0, "a feed key", key);
    const auto feed = Parse<storage_v1::FeedRecord>(key);
    Expect(feed.writer_node() != 0 && feed.writer_batch() != 0, "a feed row without its writer", key);
    Expect(feed.commit_ms() != 0, "a feed row without its time", key);
    const bool ends_well =
        feed.changes_size() > 0 && feed.changes().rbegin()->kind() != storage_v1::CHANGE_KIND_UNSPECIFIED;
    Expect(ends_well, "a feed row that tells nothing", key);
    uint32_t ordinal = 0;
    bool deletes = false;
    for (const storage_v1::ChangeRecord& change : feed.changes()) {
      switch (change.kind()) {
        case storage_v1::CHANGE_KIND_UNSPECIFIED:
          Expect(change.ByteSizeLong() == 0, "a void entry that says something", key);
          ++ordinal;
          break;
        case storage_v1::CHANGE_KIND_SAVED:
        case storage_v1::CHANGE_KIND_REPLACED: {
          Place place = FromRecord(change.place());
          if (change.kind() == storage_v1::CHANGE_KIND_SAVED) place = {place.timestamp_ms, revision, ordinal++};
          const bool live = told_.erase({revision, change.thread_number(), place}) == 1;
          const bool goes = to_void.erase({revision, place}) == 1;
          Expect(live != goes, "an entry that should be void, or shouldn't", key);
          break;
        }
        case storage_v1::CHANGE_KIND_DELETED:
        case storage_v1::CHANGE_KIND_EXPIRED:
          deletes = true;
          Expect(tombstones_.erase({change.message_id(), feed.commit_ms()}) == 1, "a deletion without its tombstone",
                 key);
          break;
        case storage_v1::CHANGE_KIND_DEVICE_ADDED:
          Expect(added_.insert(change.device_id()).second, "a device added twice", key);
          break;
        case storage_v1::CHANGE_KIND_DEVICE_REVOKED:
          Expect(revoked_.insert(change.device_id()).second, "a device revoked twice", key);
          break;
        case storage_v1::CHANGE_KIND_EPOCH_OPENED:
          Expect(opened_.insert(change.sequence_id()).second, "an epoch opened twice", key);
          break;
        default:
          Expect(false, "an entry of no kind", key);
      }
    }
    if (!deletes) return;
    ExpectMark(keys::DeletionAge(feed.commit_ms(), revision), "the age of deletions");
    due_ms_.insert(feed.commit_ms() + limits::kTombstoneMs + limits::kUpkeepSlackMs);
  }

  void CheckDevices() {
    seen_.insert(keys::Roster());
    storage_v1::Roster roster;
    if (rows_.contains(keys::Roster())) roster = Parse<storage_v1::Roster>(keys::Roster());
    Expect(std::is_sorted(roster.active_device_ids().begin(), roster.active_device_ids().end()), "the roster's order");
    active_.insert(roster.active_device_ids().begin(), roster.active_device_ids().end());
    std::set<uint64_t> cut_off(roster.unsigned_removal_ids().begin(), roster.unsigned_removal_ids().end());
    Expect(active_.size() == static_cast<std::size_t>(roster.active_device_ids_size()), "a device twice in the roster");
    for (const std::string& key : Table(keys::DeviceKey(""))) {
      storage_v1::DeviceKeyRecord record;
      if (!record.ParseFromString(rows_.at(key)) || !record.barred()) continue;
      Expect(Parse<storage_v1::DeviceKeyRecord>(key).device_id() == 0, "a barred key with a device", key);
    }
    for (const std::string& key : Table(keys::Device(DeviceId()))) {
      const uint64_t id = keys::ParseDevice(key)->value();
      const auto device = Parse<storage_v1::DeviceRecord>(key);
      Expect(active_.contains(id) != device.revoked(), "a device that the roster sees otherwise", key);
      Expect(added_.erase(id) == 1 && (revoked_.erase(id) == 1) == device.revoked(), "a device that the feed lacks",
             key);
      Expect(Parse<storage_v1::DeviceKeyRecord>(keys::DeviceKey(device.device_key())).device_id() == id,
             "a device key of another device", key);
      if (cut_off.erase(id) == 1) Expect(device.revoked(), "an active device to be removed", key);
      const bool removed_in_log = device.revoked() && !Contains(roster.unsigned_removal_ids(), id);
      if (!removed_in_log) log_members_.insert(device.device_key());
      if (device.revoked()) continue;
      Expect(Parse<storage_v1::OrfServerRecord>(keys::OrfServer(DeviceId(id))).scalar().size() == 32, "an ORF scalar");
      Parse<storage_v1::MemberRecord>(keys::Member(head_.current_sequence_id(), DeviceId(id)));
      if (device.kind() != storage_v1::DEVICE_KIND_VIRTUAL) continue;
      const auto virtual_id = VirtualDeviceId::From(device.virtual_device_id());
      Expect(virtual_id.has_value(), "a virtual device's id", key);
      if (!virtual_id.has_value()) continue;
      Expect(Parse<storage_v1::VirtualDeviceRecord>(keys::VirtualDevice(*virtual_id)).device_id() == id,
             "sealed secrets of another device", key);
    }
    Expect(cut_off.empty(), "a removal of an unknown device");
    Expect(added_.empty() && revoked_.empty(), "the feed of an unknown device");
  }

  static bool Contains(const google::protobuf::RepeatedField<uint64_t>& ids, uint64_t id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  }

  void CheckEpochs() {
    for (uint32_t sequence = 0; sequence <= head_.current_sequence_id(); ++sequence) {
      const auto epoch = Parse<storage_v1::EpochRecord>(keys::Epoch(sequence));
      const DeviceId opener(epoch.opener_device_id());
      Expect(rows_.contains(keys::Device(opener)), "an epoch without its opener", keys::Epoch(sequence));
      Expect(opened_.erase(sequence) == 1, "an epoch that the feed lacks", keys::Epoch(sequence));
      Expect(rows_.contains(keys::Member(sequence, opener)), "an opener that isn't a member", keys::Epoch(sequence));
      if (sequence == head_.current_sequence_id()) {
        Expect(epoch.epoch_id() == head_.current_epoch_id(), "current_epoch_id");
      }
    }
    Expect(opened_.empty(), "the feed of an unknown epoch");
    for (const std::string& key : Table(keys::Member(0, DeviceId()))) {
      Parse<storage_v1::MemberRecord>(key);
      const auto parsed = keys::ParseMember(key);
      Expect(parsed.has_value() && parsed->sequence_id <= head_.current_sequence_id(), "a member of no epoch", key);
    }
  }

  void CheckLog() {
    std::optional<crypto::MembershipState> state;
    for (uint64_t index = 0; index < head_.log_count(); ++index) {
      const auto record = Parse<storage_v1::LogRecord>(keys::Log(index));
      const auto entry = crypto::DecodeLogEntry(record.entry());
      const auto signature = crypto::Signature::From(record.signature());
      if (!entry.ok() || !signature.has_value()) return Expect(false, "a log entry", keys::Log(index));
      if (!state.has_value()) state.emplace(crypto::LogNames{entry->server_name, entry->account_id});
      const auto applied = state->Apply({record.entry(), *signature});
      Expect(applied.ok(), applied.status().ToString(), keys::Log(index));
    }
    if (!state.has_value()) return Expect(false, "no log");
    Expect(state->position().head.view() == head_.log_head(), "log_head");
    Expect(state->epoch_sequence() == head_.current_sequence_id(), "the log's epoch");
    std::set<std::string> members;
    for (const crypto::LogMember& member : state->ActiveMembers()) members.insert(member.device_key.str());
    Expect(members == log_members_, "the log's members");
  }

  void CheckRequests() {
    for (const std::string& key : Table(keys::Request({}))) {
      const auto record = Parse<storage_v1::RequestRecord>(key);
      ExpectMark(keys::RequestAge(record.create_ms(), *RequestId::From(key.substr(1))), "a request's age");
      due_ms_.insert(record.create_ms() + limits::kRequestIdTtlMs + limits::kUpkeepSlackMs);
    }
  }

  void CheckWake() {
    if (due_ms_.empty()) return;
    Expect(head_.wake_at_ms() != 0 && head_.wake_at_ms() <= *due_ms_.begin(), "a wake time that comes too late");
  }

  const Rows& rows_;
  storage_v1::MailboxHead head_;
  std::map<uint32_t, std::vector<Place>> messages_;       // by thread number
  std::map<uint32_t, uint64_t> bytes_;                    // of ciphertext, by thread number
  std::set<std::tuple<uint64_t, uint32_t, Place>> told_;  // where the feed is to tell of each message: row, thread
  std::set<std::pair<std::string, int64_t>> tombstones_;  // by message id: since when
  std::set<uint64_t> added_, revoked_, opened_;           // devices and epochs of which the feed tells
  std::set<int64_t> due_ms_;                              // when the mailbox has to have been woken
  std::set<uint64_t> active_;
  std::set<std::string> log_members_;  // device keys that the log still has in it
  std::set<std::string> seen_;
  std::vector<std::string> findings_;
};

}  // namespace

std::vector<std::string> CheckStore(const Rows& rows) { return Checker(rows).Run(); }

}  // namespace labyrinth::mailbox::testing
