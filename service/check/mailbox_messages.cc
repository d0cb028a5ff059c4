// Messages, and the indexes over them.
#include <optional>
#include <utility>
#include <vector>

#include "service/check/mailbox_check.h"
#include "service/mailbox/feed_upkeep.h"
#include "service/mailbox/records.h"

namespace labyrinth::check {

namespace keys = storage::keys;
using mailbox::FromRecord;

namespace {

// Whether the feed's row tells of the message at `place`.
bool Tells(const storage_v1::FeedRecord& feed, uint64_t revision, uint32_t thread, const storage::Place& place) {
  uint32_t ordinal = 0;
  for (const storage_v1::ChangeRecord& change : feed.changes()) {
    const bool numbered =
        change.kind() == storage_v1::CHANGE_KIND_SAVED || change.kind() == storage_v1::CHANGE_KIND_UNSPECIFIED;
    const uint32_t mine = ordinal;
    if (numbered) ++ordinal;
    if (change.thread_number() != thread) continue;
    if (change.kind() == storage_v1::CHANGE_KIND_SAVED && place.revision == revision && place.ordinal == mine &&
        change.place().timestamp_ms() == place.timestamp_ms) {
      return true;
    }
    if (change.kind() == storage_v1::CHANGE_KIND_REPLACED && FromRecord(change.place()) == place) return true;
  }
  return false;
}

bool LeadsTo(const storage_v1::MessageLocation& location, const keys::MessageKey& at) {
  return location.deleted_ms() == 0 && location.thread_number() == at.thread_number &&
         FromRecord(location.place()) == at.place;
}

}  // namespace

void MailboxCheck::CheckMessages() {
  const auto need = [](const Moment& moment, const Row& row, Wants& wants) {
    const auto at = keys::ParseMessage(row.key);
    storage_v1::MessageRecord record;
    if (!at.has_value() || !record.ParseFromString(row.value)) return;
    const std::string location_key = keys::MessageLocation(record.message_id());
    wants.Key(location_key);
    wants.Key(keys::MailboxTime(at->place));
    wants.Key(keys::Thread(at->thread_number));
    if (record.expire_ms() != 0) wants.Key(keys::Expiry(record.expire_ms(), at->thread_number, at->place));
    wants.Key(keys::Feed(mailbox::ToldAt(at->place, record)));
    // Where the id leads to, if not here.
    const auto location = moment.Get<storage_v1::MessageLocation>(location_key);
    if (!location.has_value() || location->deleted_ms() != 0 || LeadsTo(*location, *at)) return;
    wants.Key(keys::Message(location->thread_number(), FromRecord(location->place())));
  };
  const auto judge = [this](const Moment& moment, const Row& row) {
    const auto at = keys::ParseMessage(row.key);
    storage_v1::MessageRecord record;
    if (!at.has_value() || !record.ParseFromString(row.value)) {
      counters_known_ = false;
      return Primary("message_unreadable", row.key);
    }
    const std::string location_key = keys::MessageLocation(record.message_id());
    const auto location = moment.Get<storage_v1::MessageLocation>(location_key);
    if (location.has_value() && location->deleted_ms() != 0) {
      Primary("message_with_tombstone", location_key);
    } else if (!location.has_value() || !LeadsTo(*location, *at)) {
      std::optional<storage_v1::MessageRecord> other;
      if (location.has_value()) {
        other = moment.Get<storage_v1::MessageRecord>(
            keys::Message(location->thread_number(), FromRecord(location->place())));
      }
      if (other.has_value() && other->message_id() == record.message_id()) {
        Primary("two_messages_with_one_id", row.key);
      } else {
        Derived(moment.Has(location_key) ? "location_wrong" : "location_missing", location_key);
        storage_v1::MessageLocation right;
        right.set_thread_number(at->thread_number);
        mailbox::ToRecord(at->place, right.mutable_place());
        Put(location_key, right);
      }
    }
    const std::string time_key = keys::MailboxTime(at->place);
    const auto number = moment.Get<storage_v1::ThreadNumber>(time_key);
    if (!number.has_value() || number->number() != at->thread_number) {
      Derived(moment.Has(time_key) ? "time_index_wrong" : "time_index_missing", time_key);
      storage_v1::ThreadNumber right;
      right.set_number(at->thread_number);
      Put(time_key, right);
    }
    if (record.expire_ms() != 0) {
      const std::string expiry = keys::Expiry(record.expire_ms(), at->thread_number, at->place);
      if (!moment.HasMark(expiry)) {
        Derived("expiry_mark_missing", expiry);
        PutMark(expiry);
      }
    }
    const uint64_t told_at = mailbox::ToldAt(at->place, record);
    const auto feed = moment.Get<storage_v1::FeedRecord>(keys::Feed(told_at));
    // A row that can't be read is a finding of its own.
    const bool readable = feed.has_value() || !moment.Has(keys::Feed(told_at));
    if (readable && (!feed.has_value() || !Tells(*feed, told_at, at->thread_number, at->place))) {
      Primary("feed_lacks_message", row.key);
    }
    if (!moment.Has(keys::Thread(at->thread_number)) && !Reported(keys::Thread(at->thread_number))) {
      counters_known_ = false;
      Primary("messages_without_thread", keys::Thread(at->thread_number));
    }
  };
  const std::string example = keys::Message(0, {});
  Walk("messages_unreadable", TableBegin(example), TableEnd(example), need, judge);
}

void MailboxCheck::CheckMailboxTime() {
  const auto target = [](const Row& row) -> std::optional<std::string> {
    const auto place = keys::ParseMailboxTime(row.key);
    storage_v1::ThreadNumber number;
    if (!place.has_value() || !number.ParseFromString(row.value)) return std::nullopt;
    return keys::Message(number.number(), *place);
  };
  const auto need = [&](const Moment&, const Row& row, Wants& wants) {
    if (const auto message = target(row)) wants.Key(*message);
  };
  const auto judge = [&](const Moment& moment, const Row& row) {
    const auto message = target(row);
    if (message.has_value() && moment.Has(*message)) return;
    Derived("time_index_stray", row.key);
    Delete(row.key);
  };
  const std::string example = keys::MailboxTime({});
  Walk("time_index_unreadable", TableBegin(example), TableEnd(example), need, judge);
}

void MailboxCheck::CheckLocations() {
  // Rows of the feed that may tell of a deletion at that time, as far as `moment` says.
  const auto ages_of = [](int64_t deleted_ms) {
    return std::pair(keys::DeletionAge(deleted_ms, 0), keys::DeletionAge(deleted_ms + 1, 0));
  };
  const auto rows_of = [&](const Moment& moment, int64_t deleted_ms) {
    std::vector<std::string> rows;
    const auto [first, last] = unmarked_deletions_.equal_range(deleted_ms);
    for (auto unmarked = first; unmarked != last; ++unmarked) rows.push_back(keys::Feed(unmarked->second));
    const auto [begin, end] = ages_of(deleted_ms);
    const Page* ages = moment.PageOf(begin, end);
    if (ages == nullptr) return rows;
    for (const Row& age : ages->items) {
      if (const auto key = keys::ParseDeletionAge(age.key)) rows.push_back(keys::Feed(key->revision));
    }
    return rows;
  };
  const auto need = [&](const Moment& moment, const Row& row, Wants& wants) {
    storage_v1::MessageLocation location;
    if (!location.ParseFromString(row.value)) return;
    if (location.deleted_ms() == 0) {
      wants.Key(keys::Message(location.thread_number(), FromRecord(location.place())));
      return;
    }
    const auto [begin, end] = ages_of(location.deleted_ms());
    wants.Range(begin, end);
    for (const std::string& feed : rows_of(moment, location.deleted_ms())) wants.Key(feed);
  };
  const auto judge = [&](const Moment& moment, const Row& row) {
    storage_v1::MessageLocation location;
    const std::string id = row.key.substr(1);
    if (!location.ParseFromString(row.value)) return Primary("location_unreadable", row.key);
    if (location.deleted_ms() == 0) {
      const std::string message_key = keys::Message(location.thread_number(), FromRecord(location.place()));
      const auto message = moment.Get<storage_v1::MessageRecord>(message_key);
      // One that can't be read may well be the one.
      if (message.has_value() ? message->message_id() == id : moment.Has(message_key)) return;
      Derived("location_without_message", row.key);
      return Delete(row.key);
    }
    for (const std::string& key : rows_of(moment, location.deleted_ms())) {
      const auto feed = moment.Get<storage_v1::FeedRecord>(key);
      if (!feed.has_value() && moment.Has(key)) return;  // can't be read: a finding of its own
      if (!feed.has_value()) continue;
      for (const storage_v1::ChangeRecord& change : feed->changes()) {
        if (mailbox::IsDeletion(change) && change.message_id() == id) return;
      }
    }
    Primary("tombstone_without_deletion", row.key);
  };
  const std::string example = keys::MessageLocation("x");
  Walk("locations_unreadable", TableBegin(example), TableEnd(example), need, judge);
}

void MailboxCheck::CheckExpiries() {
  const auto need = [](const Moment&, const Row& row, Wants& wants) {
    const auto key = keys::ParseExpiry(row.key);
    if (key.has_value()) wants.Key(keys::Message(key->thread_number, key->place));
  };
  const auto judge = [this](const Moment& moment, const Row& row) {
    const auto key = keys::ParseExpiry(row.key);
    if (key.has_value()) {
      const std::string message_key = keys::Message(key->thread_number, key->place);
      const auto message = moment.Get<storage_v1::MessageRecord>(message_key);
      if (message.has_value() ? message->expire_ms() == key->expire_ms : moment.Has(message_key)) return;
    }
    Derived("expiry_mark_stray", row.key);
    Delete(row.key);
  };
  const std::string example = keys::Expiry(0, 0, {});
  Walk("expiries_unreadable", TableBegin(example), TableEnd(example), need, judge);
}

}  // namespace labyrinth::check
