#include "service/mailbox/history_reader.h"

#include <algorithm>
#include <utility>

#include "common/errors.h"
#include "service/mailbox/paging.h"
#include "service/mailbox/records.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;
using storage::Direction;

namespace {

// How far down a thread to look for its newest live message.
constexpr uint32_t kNewestLookBack = 32;
constexpr int64_t kEndOfTime = int64_t{1} << 48;

Direction DirectionOf(const MessageQuery& query) {
  return query.newest_first ? Direction::kForward : Direction::kBackward;  // keys descend in time
}

absl::StatusOr<MessageView> ToMessage(std::string thread_id, const storage::Place& place, const std::string& bytes) {
  auto record = ParseRecord<storage_v1::MessageRecord>(bytes);
  if (!record.ok()) return record.status();
  return MessageView{std::move(thread_id), place, *std::move(record)};
}

}  // namespace

void HistoryReader::ListMessages(const Caller& caller, const MessageQuery& query, PageRequest page,
                                 absl::Time deadline, Reply<MessagePage> done) const {
  const crypto::Sha256Digest hash = QueryHash("ListMessages")
                                        .Add(query.thread_id)
                                        .Add(static_cast<uint64_t>(query.start_ms))
                                        .Add(static_cast<uint64_t>(query.end_ms))
                                        .Add(query.newest_first)
                                        .Done();
  absl::StatusOr<std::string> last_key = tokens_.Open(caller, hash, page.token);
  if (!last_key.ok()) return std::move(done)(last_key.status());
  Walk walk{caller, query, hash, *std::move(last_key), page.size, deadline};
  if (query.thread_id.empty()) return ListMailbox(std::move(walk), std::move(done));
  ListThread(std::move(walk), std::move(done));
}

void HistoryReader::ListThread(Walk walk, Reply<MessagePage> done) const {
  MemberReadRequest lookup{walk.caller, Access::kDevice, {keys::ThreadById(walk.query.thread_id)}, {}, walk.deadline};
  MemberRead(engine_, std::move(lookup),
             [this, walk = std::move(walk), done = std::move(done)](absl::StatusOr<MemberView> found) mutable {
               if (!found.ok()) return std::move(done)(found.status());
               MessagePage page;
               page.as_of = found->position;
               if (!found->values[0].has_value()) return std::move(done)(std::move(page));
               auto number = ParseRecord<storage_v1::ThreadNumber>(*found->values[0]);
               if (!number.ok()) return std::move(done)(number.status());
               MemberReadRequest read{walk.caller, Access::kDevice, {}, {}, walk.deadline};
               auto range = keys::ThreadMessages(number->number(), walk.query.start_ms, walk.query.end_ms);
               read.scans = {ScanFrom(std::move(range), DirectionOf(walk.query), walk.last_key, walk.size)};
               MemberRead(engine_, std::move(read),
                          [this, walk = std::move(walk), page = std::move(page),
                           done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
                            if (!view.ok()) return std::move(done)(view.status());
                            auto messages = ToMessages(*view, view->pages[0], walk.query.thread_id);
                            if (!messages.ok()) return std::move(done)(messages.status());
                            page.messages = *std::move(messages);
                            page.as_of = view->position;
                            const absl::Status status = SetNextToken(walk, view->pages[0], page);
                            if (!status.ok()) return std::move(done)(status);
                            std::move(done)(std::move(page));
                          });
             });
}

void HistoryReader::ListMailbox(Walk walk, Reply<MessagePage> done) const {
  MemberReadRequest read{walk.caller, Access::kDevice, {}, {}, walk.deadline};
  read.scans = {ScanFrom(keys::MailboxMessages(walk.query.start_ms, walk.query.end_ms), DirectionOf(walk.query),
                         walk.last_key, walk.size)};
  MemberRead(engine_, std::move(read),
             [this, walk = std::move(walk), done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               std::vector<Wanted> wanted;
               for (const storage::KeyValue& row : view->pages[0].items) {
                 const auto place = keys::ParseMailboxTime(row.key);
                 auto number = ParseRecord<storage_v1::ThreadNumber>(row.value);
                 if (!place.has_value()) return std::move(done)(errors::DataDamaged("mailbox time key"));
                 if (!number.ok()) return std::move(done)(number.status());
                 wanted.push_back({number->number(), *place});
               }
               MessagePage page;
               const absl::Status status = SetNextToken(walk, view->pages[0], page);
               if (!status.ok()) return std::move(done)(status);
               Fetch(walk, std::move(wanted),
                     [page = std::move(page), done = std::move(done)](absl::StatusOr<Fetched> fetched) mutable {
                       if (!fetched.ok()) return std::move(done)(fetched.status());
                       page.as_of = fetched->as_of;
                       for (auto& row : fetched->rows) {
                         if (row.has_value()) page.messages.push_back(*std::move(row));
                       }
                       std::move(done)(std::move(page));
                     });
             });
}

void HistoryReader::ListThreads(const Caller& caller, PageRequest page, absl::Time deadline,
                                Reply<MessagePage> done) const {
  const crypto::Sha256Digest hash = QueryHash("ListThreads").Done();
  absl::StatusOr<std::string> last_key = tokens_.Open(caller, hash, page.token);
  if (!last_key.ok()) return std::move(done)(last_key.status());
  Walk walk{caller, {}, hash, *std::move(last_key), page.size, deadline};
  MemberReadRequest read{caller, Access::kDevice, {}, {}, deadline};
  read.scans = {ScanFrom(keys::ThreadActivities(), Direction::kForward, walk.last_key, walk.size)};
  MemberRead(engine_, std::move(read),
             [this, walk = std::move(walk), done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               std::vector<Wanted> wanted;
               for (const storage::KeyValue& row : view->pages[0].items) {
                 const auto key = keys::ParseThreadActivity(row.key);
                 if (!key.has_value()) return std::move(done)(errors::DataDamaged("thread activity key"));
                 wanted.push_back({key->number, key->newest});
               }
               MessagePage page;
               const absl::Status status = SetNextToken(walk, view->pages[0], page);
               if (!status.ok()) return std::move(done)(status);
               auto finish = [page = std::move(page), done = std::move(done)](absl::StatusOr<Fetched> fetched) mutable {
                 if (!fetched.ok()) return std::move(done)(fetched.status());
                 page.as_of = fetched->as_of;
                 for (auto& row : fetched->rows) {
                   if (row.has_value()) page.messages.push_back(*std::move(row));
                 }
                 std::move(done)(std::move(page));
               };
               std::vector<Wanted> newest = wanted;
               Fetch(walk, std::move(wanted),
                     [this, walk, newest = std::move(newest),
                      finish = std::move(finish)](absl::StatusOr<Fetched> fetched) mutable {
                       if (!fetched.ok()) return std::move(finish)(fetched.status());
                       FillLive(walk, std::move(newest), *std::move(fetched), std::move(finish));
                     });
             });
}

void HistoryReader::BatchGet(const Caller& caller, std::vector<std::string> message_ids, absl::Time deadline,
                             Reply<MessagesById> done) const {
  MemberReadRequest read{caller, Access::kDevice, {}, {}, deadline};
  for (const std::string& id : message_ids) read.keys.push_back(keys::MessageLocation(id));
  Walk walk{caller, {}, {}, {}, 0, deadline};
  MemberRead(engine_, std::move(read),
             [this, walk = std::move(walk), ids = std::move(message_ids),
              done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               MessagesById answer;
               std::vector<Wanted> wanted;
               std::vector<std::string> wanted_ids;
               for (std::size_t i = 0; i < ids.size(); ++i) {
                 storage_v1::MessageLocation location;
                 if (view->values[i].has_value()) {
                   auto record = ParseRecord<storage_v1::MessageLocation>(*view->values[i]);
                   if (!record.ok()) return std::move(done)(record.status());
                   location = *std::move(record);
                 }
                 if (!location.has_place()) {
                   answer.missing_ids.push_back(std::move(ids[i]));
                   continue;
                 }
                 wanted.push_back({location.thread_number(), FromRecord(location.place())});
                 wanted_ids.push_back(std::move(ids[i]));
               }
               Fetch(walk, std::move(wanted),
                     [ids = std::move(wanted_ids), answer = std::move(answer),
                      done = std::move(done)](absl::StatusOr<Fetched> fetched) mutable {
                       if (!fetched.ok()) return std::move(done)(fetched.status());
                       std::size_t bytes = 0;
                       for (std::size_t i = 0; i < ids.size(); ++i) {
                         auto& row = fetched->rows[i];
                         if (row.has_value()) bytes += row->record.ciphertext().size();
                         if (!row.has_value() || bytes > limits::kPageBytes) {
                           answer.missing_ids.push_back(std::move(ids[i]));
                         } else {
                           answer.messages.push_back(*std::move(row));
                         }
                       }
                       std::move(done)(std::move(answer));
                     });
             });
}

void HistoryReader::Fetch(const Walk& walk, std::vector<Wanted> wanted, Reply<Fetched> done) const {
  MemberReadRequest read{walk.caller, Access::kDevice, {}, {}, walk.deadline};
  for (const Wanted& row : wanted) {
    read.keys.push_back(keys::Message(row.thread_number, row.place));
    read.keys.push_back(keys::Thread(row.thread_number));
  }
  MemberRead(engine_, std::move(read),
             [this, wanted = std::move(wanted), done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               std::move(done)(ToFetched(*view, wanted));
             });
}

absl::StatusOr<HistoryReader::Fetched> HistoryReader::ToFetched(const MemberView& view,
                                                                const std::vector<Wanted>& wanted) const {
  Fetched fetched;
  fetched.as_of = view.position;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto& row = view.values[2 * i];
    const auto& thread_row = view.values[2 * i + 1];
    std::optional<MessageView>& out = fetched.rows.emplace_back();
    if (!row.has_value()) continue;
    if (!thread_row.has_value()) return errors::DataDamaged("a message's thread");
    auto thread = ParseRecord<storage_v1::ThreadRecord>(*thread_row);
    if (!thread.ok()) return thread.status();
    auto message = ToMessage(thread->thread_id(), wanted[i].place, *row);
    if (!message.ok()) return message.status();
    if (!IsExpired(view.head, message->record)) out = *std::move(message);
  }
  return fetched;
}

void HistoryReader::FillLive(const Walk& walk, std::vector<Wanted> wanted, Fetched fetched,
                             Reply<Fetched> done) const {
  std::vector<std::size_t> gaps;
  MemberReadRequest read{walk.caller, Access::kDevice, {}, {}, walk.deadline};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (fetched.rows[i].has_value()) continue;
    gaps.push_back(i);
    read.keys.push_back(keys::Thread(wanted[i].thread_number));
    read.scans.push_back(ScanFrom(keys::ThreadMessages(wanted[i].thread_number, 0, kEndOfTime), Direction::kForward,
                                  {}, kNewestLookBack));
  }
  if (gaps.empty()) return std::move(done)(std::move(fetched));
  MemberRead(engine_, std::move(read),
             [this, gaps = std::move(gaps), fetched = std::move(fetched),
              done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               for (std::size_t i = 0; i < gaps.size(); ++i) {
                 if (!view->values[i].has_value()) continue;
                 auto thread = ParseRecord<storage_v1::ThreadRecord>(*view->values[i]);
                 if (!thread.ok()) return std::move(done)(thread.status());
                 auto live = ToMessages(*view, view->pages[i], thread->thread_id());
                 if (!live.ok()) return std::move(done)(live.status());
                 if (!live->empty()) fetched.rows[gaps[i]] = std::move(live->front());
               }
               std::move(done)(std::move(fetched));
             });
}

absl::StatusOr<std::vector<MessageView>> HistoryReader::ToMessages(const MemberView& view, const storage::Page& rows,
                                                                   const std::string& thread_id) const {
  std::vector<MessageView> messages;
  messages.reserve(rows.items.size());
  for (const storage::KeyValue& row : rows.items) {
    const auto key = keys::ParseMessage(row.key);
    if (!key.has_value()) return errors::DataDamaged("message key");
    auto message = ToMessage(thread_id, key->place, row.value);
    if (!message.ok()) return message.status();
    if (!IsExpired(view.head, message->record)) messages.push_back(*std::move(message));
  }
  return messages;
}

bool HistoryReader::IsExpired(const storage_v1::MailboxHead& head, const storage_v1::MessageRecord& record) const {
  // The greater of the two, so that nothing comes back when the clock steps backward.
  return record.expire_ms() != 0 && record.expire_ms() <= std::max(clock_.NowMs(), head.expired_through_ms());
}

absl::Status HistoryReader::SetNextToken(const Walk& walk, const storage::Page& rows, MessagePage& page) const {
  const std::string last_key = LastKey(rows);
  if (last_key.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> token = tokens_.Seal(walk.caller, walk.hash, last_key);
  if (!token.ok()) return token.status();
  page.next_token = *std::move(token);
  return absl::OkStatus();
}

}  // namespace labyrinth::mailbox
