#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "service/mailbox/testing/store_check.h"
#include "storage/schema.h"
#include "tests/model/mailbox_model.h"

namespace labyrinth::mailbox::testing {

namespace keys = storage::keys;

namespace {

constexpr int64_t kEndOfTime = int64_t{1} << 48;
constexpr std::size_t kWalks = 3;
constexpr std::size_t kWatches = 3;

}  // namespace

void MailboxModel::CheckRows() {
  const storage_v1::MailboxHead head = mailbox_.Head();
  // Replaying the log costs signatures: the longer it gets, the more seldom.
  if (membership_changed_ || OneIn(1 + head.log_count() / 8)) {
    CHECK(CheckStore(server_.Rows(mailbox_.partition())) == std::vector<std::string>{});
  }
  uint64_t bytes = 0;
  for (const auto& [id, message] : stored_) bytes += message.ciphertext.size();
  CHECK(head.message_count() == stored_.size());
  CHECK(head.used_bytes() == bytes);
  CHECK(head.expired_through_ms() == expired_through_ms_);
  CHECK(head.current_epoch_id() == epochs_.back().value());
  CHECK(head.current_sequence_id() + 1 == epochs_.size());
  CHECK(head.rotation_required() == rotation_required_);
  CHECK(expired_through_ms_ <= highest_ms_);
  for (const auto& [id, since_ms] : tombstones_) {
    const auto location = server_.Find<storage_v1::MessageLocation>(mailbox_.partition(), keys::MessageLocation(id));
    CHECK((location.has_value() && location->deleted_ms() == since_ms));
  }
}

// Ids of what a query has to serve now, in its order.
std::vector<std::string> MailboxModel::ExpectedOrder(const MessageQuery& query) const {
  std::vector<std::pair<storage::Place, std::string>> order;
  for (const auto& [id, message] : stored_) {
    const int64_t timestamp_ms = message.place.timestamp_ms;
    if (IsExpired(message) || timestamp_ms < query.start_ms || timestamp_ms >= query.end_ms) continue;
    if (query.thread_id.empty() || query.thread_id == message.thread_id) order.emplace_back(message.place, id);
  }
  std::sort(order.begin(), order.end());
  if (query.newest_first) std::reverse(order.begin(), order.end());
  std::vector<std::string> ids;
  for (const auto& [place, id] : order) ids.push_back(id);
  return ids;
}

void MailboxModel::CheckReads() {
  const Caller caller = mailbox_.CallerOf(AnyMember());
  const HistoryReader& history = server_.history();
  const auto ids_of = [&](const std::vector<MessageView>& messages) {
    std::vector<std::string> ids;
    for (const MessageView& message : messages) {
      ids.emplace_back(message.record.message_id());
      CHECK(message.record.ciphertext() == stored_[ids.back()].ciphertext);
      CHECK(message.record.epoch_id() == stored_[ids.back()].epoch_id.value());
    }
    return ids;
  };
  const std::vector<std::string> all = ExpectedOrder({"", 0, kEndOfTime, true});
  for (const std::string& thread_id : {std::string(), fmt::format("t{}", Random(5))}) {
    const MessageQuery query{thread_id, 0, kEndOfTime, true};
    const auto page = server_.Ask<MessagePage>([&](auto done) {
      history.ListMessages(caller, query, {500, ""}, absl::InfiniteFuture(), std::move(done));
    });
    REQUIRE(page.ok());
    CHECK(ids_of(page->messages) == ExpectedOrder(query));
  }

  const auto threads = server_.Ask<MessagePage>([&](auto done) {
    history.ListThreads(caller, {500, ""}, absl::InfiniteFuture(), std::move(done));
  });
  REQUIRE(threads.ok());
  std::set<std::string> tops, of_threads;
  for (const std::string& id : all) {
    if (of_threads.insert(stored_[id].thread_id).second) tops.insert(id);
  }
  const std::vector<std::string> listed = ids_of(threads->messages);
  CHECK(std::set<std::string>(listed.begin(), listed.end()) == tops);
  CHECK(listed.size() == tops.size());

  std::vector<std::string> stored_ids;
  for (const auto& [id, message] : stored_) stored_ids.push_back(id);
  const auto got = server_.Ask<MessagesById>(
      [&](auto done) { history.BatchGet(caller, stored_ids, absl::InfiniteFuture(), std::move(done)); });
  REQUIRE(got.ok());
  CHECK(got->messages.size() == all.size());
  CHECK(got->messages.size() + got->missing_ids.size() == stored_.size());
  TryAsRemoved();
}

// One page of one walk; several go on at once, and much happens between their pages.
void MailboxModel::TurnPage() {
  for (Walk& walk : walks_) PassBy(walk);
  if (walks_.size() < kWalks) {
    Walk& walk = walks_.emplace_back();
    const auto start_ms = static_cast<int64_t>(OneIn(2) ? 0 : Random(60));
    walk.query = {OneIn(2) ? "" : fmt::format("t{}", Random(5)), start_ms,
                  OneIn(2) ? kEndOfTime : start_ms + 1 + static_cast<int64_t>(Random(60)), OneIn(2)};
    const auto expected = ExpectedOrder(walk.query);
    walk.throughout = {expected.begin(), expected.end()};
    ++seen_.walks;
  }
  const std::size_t which = Random(walks_.size());
  Walk& walk = walks_[which];
  const auto size = static_cast<uint32_t>(1 + Random(6));
  const auto page = server_.Ask<MessagePage>([&](auto done) {
    server_.history().ListMessages(mailbox_.CallerOf(AnyMember()), walk.query, {size, walk.token},
                                   absl::InfiniteFuture(), std::move(done));
  });
  INFO(page.status().ToString());
  REQUIRE(page.ok());
  CHECK(page->messages.size() <= size);
  TakePage(walk, *page);
  walk.ended_on_expired = page->messages.size() < size;
  walk.known.clear();
  for (const auto& [id, message] : stored_) walk.known.insert(id);
  ++seen_.pages;
  if (walk.token.empty()) walks_.erase(walks_.begin() + static_cast<std::ptrdiff_t>(which));
}

void MailboxModel::PassBy(Walk& walk) const {
  std::erase_if(walk.throughout, [&](const std::string& id) {
    const auto found = stored_.find(id);
    return found == stored_.end() || IsExpired(found->second);
  });
  for (const auto& [id, message] : stored_) {
    const bool is_new = walk.ended_on_expired && !walk.known.contains(id);
    if (IsExpired(message) || is_new) walk.passed_by.insert(id);
  }
}

void MailboxModel::TakePage(Walk& walk, const MessagePage& page) {
  // What lies beyond the last page now, in order.
  std::vector<std::string> beyond = ExpectedOrder(walk.query);
  if (walk.last.has_value()) {
    std::erase_if(beyond, [&](const std::string& id) {
      const storage::Place& place = stored_[id].place;
      return walk.query.newest_first ? place >= *walk.last : place <= *walk.last;
    });
  }
  // The page is its beginning, but for what the walk may have passed by; and the last page is all of it.
  auto next = beyond.begin();
  const auto skip_to = [&](const std::string& id) {
    while (next != beyond.end() && *next != id && walk.passed_by.contains(*next)) ++next;
  };
  for (const MessageView& message : page.messages) {
    const std::string id(message.record.message_id());
    skip_to(id);
    REQUIRE(next != beyond.end());
    CHECK(*next++ == id);
    CHECK(walk.taken.emplace(id, message.place.revision).second);
    CHECK(message.record.ciphertext() == stored_[id].ciphertext);
    CHECK(message.place == stored_[id].place);
    walk.last = message.place;
  }
  walk.token = page.next_token;
  if (!walk.token.empty()) return;
  skip_to("");
  CHECK(next == beyond.end());
  for (const std::string& id : walk.throughout) CHECK(walk.taken.contains({id, stored_[id].place.revision}));
}

// As service/handlers/change_watch.h does, on one thread: reads when it was woken, and not otherwise.
void MailboxModel::RunWatches() {
  const uint64_t heard = server_.HeardOf(mailbox_.partition());
  const uint64_t head = server_.PositionOf(mailbox_.partition()).revision;
  for (auto watch = watches_.begin(); watch != watches_.end();) {
    const bool member = std::find(active_.begin(), active_.end(), watch->device) != active_.end();
    std::optional<Reason> end;
    if (watch->heard != heard) {
      watch->heard = heard;
      end = Apply(*watch->device, watch->cursor, watch->held);
    }
    CHECK(end == (member ? std::nullopt : std::optional(Reason::kDeviceRevoked)));
    if (!member) {
      watch = watches_.erase(watch);
      ++seen_.watches_ended;
      continue;
    }
    CHECK(watch->cursor == head);
    CheckHeld(watch->held);
    ++watch;
  }
  if (watches_.size() < kWatches) watches_.push_back({&AnyMember(), head, heard, Everything()});
}

std::optional<Reason> MailboxModel::Apply(TestDevice& reader, uint64_t& cursor,
                                          std::map<std::string, std::string>& held) {
  const Caller caller = mailbox_.CallerOf(reader);
  for (;;) {
    const ChangeQuery query{{kTestGeneration, cursor}, /*include_messages=*/true, 1 + static_cast<uint32_t>(Random(9))};
    const auto page = server_.Ask<ChangePage>(
        [&](auto done) { server_.changes().ListChanges(caller, query, absl::InfiniteFuture(), std::move(done)); });
    if (!page.ok()) return ReasonOf(page.status());
    for (const Change& change : page->changes) {
      CHECK(change.revision > cursor);
      for (const ChangeEntry& entry : change.entries) {
        const bool gone =
            entry.kind == storage_v1::CHANGE_KIND_DELETED || entry.kind == storage_v1::CHANGE_KIND_EXPIRED;
        if (gone) held.erase(entry.message_id);
        if (entry.message.has_value()) held[entry.message_id] = entry.message->record.ciphertext();
      }
    }
    cursor = page->next;
    if (page->next == page->head) return std::nullopt;
  }
}

void MailboxModel::Follow() {
  const bool too_old = cursor_ < mailbox_.Head().feed_tail_revision();
  const std::optional<Reason> end = Apply(AnyMember(), cursor_, followed_);
  REQUIRE(end == (too_old ? std::optional(Reason::kResyncRequired) : std::nullopt));
  if (too_old) {
    // Downloads, then follows.
    ++seen_.resyncs;
    followed_ = Everything();
    cursor_ = server_.PositionOf(mailbox_.partition()).revision;
  }
  CheckHeld(followed_);
}

std::map<std::string, std::string> MailboxModel::Everything() const {
  std::map<std::string, std::string> all;
  for (const auto& [id, message] : stored_) all[id] = message.ciphertext;
  return all;
}

// Against what is stored, but for what may have been seen as expired, by a clock that stepped back since.
void MailboxModel::CheckHeld(std::map<std::string, std::string> held) const {
  std::map<std::string, std::string> expected;
  for (const auto& [id, message] : stored_) {
    if (message.expire_ms != 0 && message.expire_ms <= highest_ms_) {
      held.erase(id);
    } else {
      expected[id] = message.ciphertext;
    }
  }
  CHECK(held == expected);
}

}  // namespace labyrinth::mailbox::testing
