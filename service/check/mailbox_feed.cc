// The feed, what it forgets and when, requests, and the wake time.
#include <algorithm>

#include "common/limits.h"
#include "service/check/mailbox_check.h"
#include "service/mailbox/feed_upkeep.h"
#include "service/mailbox/records.h"

namespace labyrinth::check {

namespace keys = storage::keys;
using mailbox::FromRecord;
using storage::Place;

namespace {

// An entry about a message: where that is, if it is still there.
struct Told {
  uint32_t thread_number;
  Place place;
};

std::vector<Told> ToldBy(const storage_v1::FeedRecord& feed, uint64_t revision) {
  std::vector<Told> out;
  uint32_t ordinal = 0;
  for (const storage_v1::ChangeRecord& change : feed.changes()) {
    switch (change.kind()) {
      case storage_v1::CHANGE_KIND_UNSPECIFIED:
        ++ordinal;
        break;
      case storage_v1::CHANGE_KIND_SAVED:
        out.push_back({change.thread_number(), {change.place().timestamp_ms(), revision, ordinal++}});
        break;
      case storage_v1::CHANGE_KIND_REPLACED:
        out.push_back({change.thread_number(), FromRecord(change.place())});
        break;
      default:
        break;
    }
  }
  return out;
}

// Whether the entry in the row of `revision` tells of its message as it is. One that can't be read may be it.
bool IsLive(const Moment& moment, const Told& told, uint64_t revision, bool* unreadable) {
  const std::string key = keys::Message(told.thread_number, told.place);
  const auto message = moment.Get<storage_v1::MessageRecord>(key);
  *unreadable = !message.has_value() && moment.Has(key);
  return message.has_value() && mailbox::ToldAt(told.place, *message) == revision;
}

bool IsDeletion(const storage_v1::ChangeRecord& change) { return mailbox::IsDeletion(change); }

std::string VoidBegin() { return TableBegin(keys::VoidEntry(0, 0, {})); }
std::string VoidEnd() { return TableEnd(keys::VoidEntry(0, 0, {})); }

}  // namespace

void MailboxCheck::CheckVoidMarks() {
  const auto need = [](const Moment& moment, const Row& row, Wants& wants) {
    const auto key = keys::ParseVoidEntry(row.key);
    if (!key.has_value()) return;
    wants.Key(keys::Feed(key->revision));
    const auto feed = moment.Get<storage_v1::FeedRecord>(keys::Feed(key->revision));
    if (!feed.has_value()) return;
    for (const Told& told : ToldBy(*feed, key->revision)) {
      if (told.place == key->place) wants.Key(keys::Message(told.thread_number, told.place));
    }
  };
  const auto judge = [this](const Moment& moment, const Row& row) {
    const auto key = keys::ParseVoidEntry(row.key);
    bool right = false;
    if (key.has_value()) {
      const std::string feed_key = keys::Feed(key->revision);
      const auto feed = moment.Get<storage_v1::FeedRecord>(feed_key);
      right = !feed.has_value() && moment.Has(feed_key);  // can't be read: a finding of its own
      for (const Told& told : feed.has_value() ? ToldBy(*feed, key->revision) : std::vector<Told>()) {
        bool unreadable = false;
        if (told.place == key->place) right = !IsLive(moment, told, key->revision, &unreadable);
      }
    }
    // One entry has one mark. A page that is judged twice meets its own again.
    if (right && void_marks_.try_emplace({key->revision, key->place}, row.key).first->second == row.key) {
      if (moment.HasMark(row.key)) return;
      Derived("void_mark_unreadable", row.key);
      return PutMark(row.key);
    }
    Derived("void_mark_stray", row.key);
    Delete(row.key);
  };
  Walk("void_marks_unreadable", VoidBegin(), VoidEnd(), need, judge);
}

void MailboxCheck::CheckFeed() {
  bool with_marks = false;  // as they are at the page's moment, for what isn't among those that were met
  std::set<std::pair<uint64_t, Place>> marks_now;
  const Moment* marks_of = nullptr;  // the moment that marks_now is of; none once it is read anew
  const auto need = [&](const Moment&, const Row& row, Wants& wants) {
    if (with_marks) wants.Range(VoidBegin(), VoidEnd());
    marks_of = nullptr;
    const uint64_t revision = keys::ParseFeed(row.key).value_or(0);
    storage_v1::FeedRecord feed;
    if (!feed.ParseFromString(row.value)) return;
    for (const Told& told : ToldBy(feed, revision)) wants.Key(keys::Message(told.thread_number, told.place));
    for (const storage_v1::ChangeRecord& change : feed.changes()) {
      if (IsDeletion(change)) wants.Key(keys::MessageLocation(change.message_id()));
    }
    wants.Key(keys::DeletionAge(feed.commit_ms(), revision));
  };
  const auto marked = [&](const Moment& moment, uint64_t revision, const Place& place) {
    if (!with_marks) return void_marks_.contains({revision, place});
    if (marks_of != &moment) {
      marks_of = &moment;
      marks_now.clear();
      for (const Row& row : moment.PageOf(VoidBegin(), VoidEnd())->items) {
        if (const auto key = keys::ParseVoidEntry(row.key)) marks_now.insert({key->revision, key->place});
      }
    }
    return marks_now.contains({revision, place});
  };
  const auto judge = [&](const Moment& moment, const Row& row) {
    if (with_marks && moment.PageOf(VoidBegin(), VoidEnd()) == nullptr) return Again();
    const auto revision = keys::ParseFeed(row.key);
    storage_v1::FeedRecord feed;
    if (!revision.has_value() || !feed.ParseFromString(row.value)) {
      feed_known_ = false;
      return Primary("feed_row_unreadable", row.key);
    }
    const bool ends_well =
        feed.changes_size() > 0 && feed.changes().rbegin()->kind() != storage_v1::CHANGE_KIND_UNSPECIFIED;
    if (feed.writer_node() == 0 || feed.writer_batch() == 0 || feed.commit_ms() == 0 || !ends_well) {
      Primary("feed_row_incomplete", row.key);
    }
    for (const Told& told : ToldBy(feed, *revision)) {
      bool unreadable = false;
      const bool live = IsLive(moment, told, *revision, &unreadable);
      if (unreadable || live != marked(moment, *revision, told.place)) continue;
      // A mark of what is live was judged with the marks.
      if (live) continue;
      if (!with_marks) {
        with_marks = true;
        return Again();
      }
      const std::string mark = keys::VoidEntry(now_ms_ + limits::kFeedSettleMs, *revision, told.place);
      Derived("void_mark_missing", mark);
      PutMark(mark);
    }
    bool deletes = false;
    for (const storage_v1::ChangeRecord& change : feed.changes()) {
      switch (change.kind()) {
        case storage_v1::CHANGE_KIND_DELETED:
        case storage_v1::CHANGE_KIND_EXPIRED: {
          deletes = true;
          const std::string key = keys::MessageLocation(change.message_id());
          const auto location = moment.Get<storage_v1::MessageLocation>(key);
          if (location.has_value() && location->deleted_ms() == feed.commit_ms()) break;
          if (moment.Has(key)) {
            Primary("deletion_without_tombstone", key);
            break;
          }
          Derived("tombstone_missing", key);
          storage_v1::MessageLocation tombstone;
          tombstone.set_deleted_ms(feed.commit_ms());
          Put(key, tombstone);
          break;
        }
        case storage_v1::CHANGE_KIND_DEVICE_ADDED:
        case storage_v1::CHANGE_KIND_DEVICE_REVOKED:
          told_.insert({change.kind(), change.device_id(), *revision});
          break;
        case storage_v1::CHANGE_KIND_EPOCH_OPENED:
          told_.insert({change.kind(), change.sequence_id(), *revision});
          break;
        case storage_v1::CHANGE_KIND_UNSPECIFIED:
          if (change.ByteSizeLong() != 0) Primary("feed_row_incomplete", row.key);
          break;
        case storage_v1::CHANGE_KIND_SAVED:
        case storage_v1::CHANGE_KIND_REPLACED:
          break;
        default:
          Primary("feed_row_incomplete", row.key);
      }
    }
    const std::string age = keys::DeletionAge(feed.commit_ms(), *revision);
    if (deletes && !moment.HasMark(age)) {
      unmarked_deletions_.emplace(feed.commit_ms(), *revision);
      Derived("deletion_mark_missing", age);
      PutMark(age);
    }
  };
  const std::string example = keys::Feed(0);
  const uint64_t before = summary_.findings;
  Walk("feed_unreadable", TableBegin(example), TableEnd(example), need, judge);
  if (summary_.findings > before && Reported("feed_unreadable")) feed_known_ = false;
}

void MailboxCheck::CheckDeletionMarks() {
  const auto need = [](const Moment&, const Row& row, Wants& wants) {
    if (const auto key = keys::ParseDeletionAge(row.key)) wants.Key(keys::Feed(key->revision));
  };
  const auto judge = [this](const Moment& moment, const Row& row) {
    if (const auto key = keys::ParseDeletionAge(row.key)) {
      const std::string feed_key = keys::Feed(key->revision);
      const auto feed = moment.Get<storage_v1::FeedRecord>(feed_key);
      if (!feed.has_value() && moment.Has(feed_key)) return;  // can't be read: a finding of its own
      if (feed.has_value() && feed->commit_ms() == key->commit_ms &&
          std::any_of(feed->changes().begin(), feed->changes().end(), IsDeletion)) {
        return;
      }
    }
    Derived("deletion_mark_stray", row.key);
    Delete(row.key);
  };
  const std::string example = keys::DeletionAge(0, 0);
  Walk("deletion_marks_unreadable", TableBegin(example), TableEnd(example), need, judge);
}

void MailboxCheck::CheckRequests() {
  const auto age_of = [](const Row& row) -> std::optional<std::string> {
    storage_v1::RequestRecord record;
    const auto id = RequestId::From(std::string_view(row.key).substr(1));
    if (!id.has_value() || !record.ParseFromString(row.value)) return std::nullopt;
    return keys::RequestAge(record.create_ms(), *id);
  };
  const auto need = [&](const Moment&, const Row& row, Wants& wants) {
    if (const auto age = age_of(row)) wants.Key(*age);
  };
  const auto judge = [&](const Moment& moment, const Row& row) {
    const auto age = age_of(row);
    if (!age.has_value()) return Primary("request_unreadable", row.key);
    if (moment.HasMark(*age)) return;
    Derived("request_age_missing", *age);
    PutMark(*age);
  };
  const std::string requests = keys::Request({});
  Walk("requests_unreadable", TableBegin(requests), TableEnd(requests), need, judge);

  const auto need_request = [](const Moment&, const Row& row, Wants& wants) {
    if (const auto key = keys::ParseRequestAge(row.key)) wants.Key(keys::Request(key->id));
  };
  const auto judge_age = [this](const Moment& moment, const Row& row) {
    if (const auto key = keys::ParseRequestAge(row.key)) {
      const auto request = moment.Get<storage_v1::RequestRecord>(keys::Request(key->id));
      if (request.has_value() ? request->create_ms() == key->create_ms : moment.Has(keys::Request(key->id))) return;
    }
    Derived("request_age_stray", row.key);
    Delete(row.key);
  };
  const std::string ages = keys::RequestAge(0, {});
  Walk("request_ages_unreadable", TableBegin(ages), TableEnd(ages), need_request, judge_age);
}

void MailboxCheck::CheckWake() {
  const keys::Range ranges[] = {keys::Expiries(), keys::VoidEntries(), keys::DeletionAges(), keys::RequestAges()};
  Once(
      "head_unreadable",
      [&](const Moment&, Wants& wants) {
        wants.Key(keys::Head());
        for (const keys::Range& range : ranges) wants.First(range.begin, range.end);
      },
      [&](const Moment& moment) {
        const auto head = moment.Get<storage_v1::MailboxHead>(keys::Head());
        if (!head.has_value()) return;
        std::optional<int64_t> due_ms, latest_ms;
        const auto is_due = [&](std::optional<int64_t> ms, int64_t slack_ms) {
          if (!ms.has_value()) return;
          due_ms = std::min(due_ms.value_or(*ms), *ms);
          latest_ms = std::min(latest_ms.value_or(*ms + slack_ms), *ms + slack_ms);
        };
        const auto first = [&](int i) -> std::string {
          const Page& page = *moment.PageOf(ranges[i].begin, ranges[i].end);
          return page.items.empty() ? std::string() : page.items[0].key;
        };
        if (const auto key = keys::ParseExpiry(first(0))) is_due(key->expire_ms, limits::kExpirySlackMs);
        if (const auto key = keys::ParseVoidEntry(first(1))) is_due(key->void_ms, limits::kUpkeepSlackMs);
        if (const auto key = keys::ParseDeletionAge(first(2))) {
          is_due(key->commit_ms + limits::kTombstoneMs, limits::kUpkeepSlackMs);
        }
        if (const auto key = keys::ParseRequestAge(first(3))) {
          is_due(key->create_ms + limits::kRequestIdTtlMs, limits::kUpkeepSlackMs);
        }
        if (!due_ms.has_value() || (head->wake_at_ms() != 0 && head->wake_at_ms() <= *latest_ms)) return;
        Derived("wake_time_late", "wake_time_late");
        storage_v1::MailboxHead right = *head;
        right.set_wake_at_ms(*due_ms);
        Put(keys::Head(), right);
        SetWake(*due_ms);
      });
}

}  // namespace labyrinth::check
