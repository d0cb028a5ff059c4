#include "tests/model/mailbox_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "common/limits.h"
#include "service/mailbox/testing/store_check.h"
#include "storage/schema.h"

namespace labyrinth::mailbox::testing {

namespace keys = storage::keys;

namespace {

constexpr int64_t kHourMs = 3600 * 1000;
constexpr int64_t kDayMs = 24 * kHourMs;

}  // namespace

MailboxModel::MailboxModel(uint64_t seed, storage::Engine& store)
    : random_(seed), server_(seed, &store), mailbox_(server_), caretaker_(server_.sequencer()) {
  mailbox_.Create();
  storage::FaultMix faults;
  faults.unknown_lost = 20;
  faults.unknown_applied = 20;
  server_.faults().Randomize(seed, faults);
}

std::string MailboxModel::RandomId() { return fmt::format("m{}", Random(40)); }

bool MailboxModel::IsExpired(const Stored& message) const {
  return message.expire_ms != 0 && message.expire_ms <= std::max(server_.now_ms(), expired_through_ms_);
}

void MailboxModel::Step() {
  switch (Random(10)) {
    case 0:
    case 1:
    case 2:
    case 3:
      Save();
      break;
    case 4:
    case 5:
      Delete();
      break;
    case 6:
    case 7:
      MoveClock();
      break;
    default:
      Wake();
  }
  CheckRows();
  CheckReads();
  if (Random(4) != 0 || highest_ms_ < away_until_ms_) return;
  Follow();
  // Now and then it stays away until the feed has forgotten something.
  if (Random(20) == 0) away_until_ms_ = highest_ms_ + limits::kTombstoneMs + 30 * kDayMs;
}

void MailboxModel::Save() {
  const auto mode = static_cast<OnConflict>(Random(3));
  std::vector<SaveMessage> messages;
  std::vector<SaveOutcome> outcomes;
  std::map<std::string, Stored> after = stored_;
  std::optional<Reason> refusal;
  const uint64_t revision = server_.PositionOf(mailbox_.partition()).revision + 1;
  bool writes = false;
  bool expired = false;
  uint32_t ordinal = 0;
  const std::size_t count = 1 + Random(5);
  std::set<std::string> ids;
  while (ids.size() < count) ids.insert(RandomId());
  for (const std::string& id : ids) {
    Stored message{fmt::format("t{}", Random(5)),
                   {static_cast<int64_t>(Random(100)), revision, 0},
                   std::string(1 + Random(20), static_cast<char>('a' + Random(3))),
                   Random(2) == 0 ? 0 : server_.now_ms() + 1 + static_cast<int64_t>(Random(3 * kDayMs))};
    const auto old = stored_.find(id);
    const bool live = old != stored_.end() && !IsExpired(old->second);
    if (live) {
      message.thread_id = old->second.thread_id;
      message.place = old->second.place;
      if (Random(4) == 0) message = old->second;
    }
    messages.push_back(
        MakeMessage(id, message.thread_id, message.place.timestamp_ms, message.ciphertext, message.expire_ms));
    SaveOutcome outcome = SaveOutcome::kCreated;
    if (live) {
      const bool same = old->second.ciphertext == message.ciphertext && old->second.expire_ms == message.expire_ms;
      outcome = same ? SaveOutcome::kUnchanged
                     : (mode == OnConflict::kReplace ? SaveOutcome::kReplaced : SaveOutcome::kKeptExisting);
      if (!same && mode == OnConflict::kReject && !refusal) refusal = Reason::kMessageConflict;
    } else if (old != stored_.end() || tombstones_.contains(id)) {
      outcome = SaveOutcome::kWasDeleted;
    }
    outcomes.push_back(outcome);
    if (outcome != SaveOutcome::kCreated && outcome != SaveOutcome::kReplaced) continue;
    writes = true;
    expired = expired || IsExpired(message);
    if (outcome == SaveOutcome::kCreated) message.place.ordinal = ordinal++;
    after[id] = message;
  }
  if (writes && expired && !refusal) refusal = Reason::kInvalidField;

  const auto result = server_.Do(mailbox_.Save(mailbox_.first(), std::move(messages), mode));
  INFO(result.status().ToString());
  REQUIRE(ReasonIn(result) == refusal);
  if (refusal.has_value()) return;
  REQUIRE(result.ok());
  CHECK(result->outcomes == outcomes);
  CHECK(result->revision == revision - (writes ? 0 : 1));
  stored_ = std::move(after);
  for (const SaveOutcome outcome : outcomes) {
    seen_.created += outcome == SaveOutcome::kCreated ? 1 : 0;
    seen_.replaced += outcome == SaveOutcome::kReplaced ? 1 : 0;
    seen_.was_deleted += outcome == SaveOutcome::kWasDeleted ? 1 : 0;
  }
}

void MailboxModel::Delete() {
  std::vector<std::string> ids;
  uint32_t count = 0;
  for (std::size_t left = 1 + Random(8); left > 0; --left) {
    ids.push_back(RandomId());
    const auto found = stored_.find(ids.back());
    if (found == stored_.end() || IsExpired(found->second)) continue;
    tombstones_[found->first] = server_.now_ms();
    stored_.erase(found);
    ++count;
  }
  const auto result = server_.Do(DeleteRequest{mailbox_.CallerOf(mailbox_.first()), std::move(ids)});
  INFO(result.status().ToString());
  REQUIRE(result.ok());
  CHECK(result->deleted_count == count);
  seen_.deleted += static_cast<int>(count);
}

void MailboxModel::MoveClock() {
  ManualClock& clock = server_.clock();
  const uint64_t how = Random(20);
  if (how == 0) {
    clock.Advance(30 * kDayMs);
  } else if (how < 3) {
    clock.Advance(-static_cast<int64_t>(Random(2 * kHourMs)));
    ++seen_.step_backs;
  } else if (how < 12) {
    clock.Advance(static_cast<int64_t>(Random(2 * kHourMs)));
  } else {
    clock.Advance(static_cast<int64_t>(Random(2 * kDayMs)));
  }
  highest_ms_ = std::max(highest_ms_, clock.NowMs());
}

void MailboxModel::Wake() {
  absl::Status status = absl::UnknownError("not answered");
  caretaker_.Wake(mailbox_.partition(), absl::InfiniteFuture(), [&](absl::Status result) { status = result; });
  server_.Settle();
  INFO(status.ToString());
  REQUIRE(status.ok());
  const int64_t now_ms = server_.now_ms();
  seen_.forgotten += static_cast<int>(
      std::erase_if(tombstones_, [&](const auto& one) { return one.second + limits::kTombstoneMs <= now_ms; }));
  int64_t through_ms = expired_through_ms_;
  for (auto one = stored_.begin(); one != stored_.end();) {
    if (!IsExpired(one->second)) {
      ++one;
      continue;
    }
    through_ms = std::max(through_ms, one->second.expire_ms);
    tombstones_[one->first] = now_ms;
    one = stored_.erase(one);
    ++seen_.expired;
  }
  expired_through_ms_ = through_ms;
  // Whatever is due has been done.
  const int64_t wake_at_ms = mailbox_.Head().wake_at_ms();
  CHECK((wake_at_ms == 0 || wake_at_ms > now_ms));
}

void MailboxModel::CheckRows() {
  CHECK(CheckStore(server_.Rows(mailbox_.partition())) == std::vector<std::string>{});
  const storage_v1::MailboxHead head = mailbox_.Head();
  uint64_t bytes = 0;
  for (const auto& [id, message] : stored_) bytes += message.ciphertext.size();
  CHECK(head.message_count() == stored_.size());
  CHECK(head.used_bytes() == bytes);
  CHECK(head.expired_through_ms() == expired_through_ms_);
  CHECK(expired_through_ms_ <= highest_ms_);
  for (const auto& [id, since_ms] : tombstones_) {
    const auto location = server_.Find<storage_v1::MessageLocation>(mailbox_.partition(), keys::MessageLocation(id));
    CHECK((location.has_value() && location->deleted_ms() == since_ms));
  }
}

void MailboxModel::CheckReads() {
  const Caller caller = mailbox_.CallerOf(mailbox_.first());
  const HistoryReader& history = server_.history();
  std::vector<std::pair<storage::Place, std::string>> order;
  std::map<std::string, std::pair<storage::Place, std::string>> newest;  // by thread
  std::vector<std::string> all_ids;
  for (const auto& [id, message] : stored_) {
    all_ids.push_back(id);
    if (IsExpired(message)) continue;
    order.emplace_back(message.place, id);
    auto& top = newest[message.thread_id];
    top = std::max(top, {message.place, id});
  }
  std::sort(order.rbegin(), order.rend());
  std::vector<std::string> expected;
  for (const auto& [place, id] : order) expected.push_back(id);

  const auto ids_of = [&](const std::vector<MessageView>& messages) {
    std::vector<std::string> ids;
    for (const MessageView& message : messages) {
      ids.push_back(message.record.message_id());
      CHECK(message.record.ciphertext() == stored_[ids.back()].ciphertext);
    }
    return ids;
  };
  const auto list = [&](const std::string& thread_id) {
    const auto page = server_.Ask<MessagePage>([&](auto done) {
      history.ListMessages(caller, {thread_id, 0, kEndOfTime, true}, {500, ""}, absl::InfiniteFuture(),
                           std::move(done));
    });
    REQUIRE(page.ok());
    return ids_of(page->messages);
  };
  CHECK(list("") == expected);
  const std::string thread_id = fmt::format("t{}", Random(5));
  const std::vector<std::string> in_thread = list(thread_id);
  std::erase_if(expected, [&](const std::string& id) { return stored_[id].thread_id != thread_id; });
  CHECK(in_thread == expected);

  const auto threads = server_.Ask<MessagePage>([&](auto done) {
    history.ListThreads(caller, {500, ""}, absl::InfiniteFuture(), std::move(done));
  });
  REQUIRE(threads.ok());
  std::set<std::string> tops;
  for (const auto& [thread, top] : newest) tops.insert(top.second);
  const std::vector<std::string> listed = ids_of(threads->messages);
  CHECK(std::set<std::string>(listed.begin(), listed.end()) == tops);
  CHECK(listed.size() == tops.size());

  const auto got = server_.Ask<MessagesById>(
      [&](auto done) { history.BatchGet(caller, all_ids, absl::InfiniteFuture(), std::move(done)); });
  REQUIRE(got.ok());
  CHECK(got->messages.size() == order.size());
  CHECK(got->messages.size() + got->missing_ids.size() == stored_.size());
}

void MailboxModel::Follow() {
  const Caller caller = mailbox_.CallerOf(mailbox_.first());
  for (bool more = true; more;) {
    const ChangeQuery query{
        {kTestGeneration, cursor_}, /*include_messages=*/true, 1 + static_cast<uint32_t>(Random(9))};
    const auto page = server_.Ask<ChangePage>(
        [&](auto done) { server_.changes().ListChanges(caller, query, absl::InfiniteFuture(), std::move(done)); });
    INFO(page.status().ToString());
    const bool too_old = cursor_ < mailbox_.Head().feed_tail_revision();
    REQUIRE(ReasonIn(page) == (too_old ? std::optional(Reason::kResyncRequired) : std::nullopt));
    if (too_old) {
      // Downloads, then follows.
      ++seen_.resyncs;
      followed_.clear();
      for (const auto& [id, message] : stored_) followed_[id] = message.ciphertext;
      cursor_ = server_.PositionOf(mailbox_.partition()).revision;
      continue;
    }
    for (const Change& change : page->changes) {
      for (const ChangeEntry& entry : change.entries) {
        const bool gone =
            entry.kind == storage_v1::CHANGE_KIND_DELETED || entry.kind == storage_v1::CHANGE_KIND_EXPIRED;
        if (gone) followed_.erase(entry.message_id);
        if (entry.message.has_value()) followed_[entry.message_id] = entry.message->record.ciphertext();
      }
    }
    cursor_ = page->next;
    more = page->next != page->head;
  }
  // But for what it may have seen as expired, by a clock that stepped back since.
  std::map<std::string, std::string> followed = followed_;
  std::map<std::string, std::string> expected;
  for (const auto& [id, message] : stored_) {
    if (message.expire_ms != 0 && message.expire_ms <= highest_ms_) {
      followed.erase(id);
    } else {
      expected[id] = message.ciphertext;
    }
  }
  CHECK(followed == expected);
}

}  // namespace labyrinth::mailbox::testing
