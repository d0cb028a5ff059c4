// Threads: their ids, their counters, and what the head makes of them.
#include <algorithm>
#include <limits>
#include <vector>

#include "common/limits.h"
#include "service/check/mailbox_check.h"
#include "service/mailbox/records.h"
#include "storage/blocking.h"

namespace labyrinth::check {

namespace keys = storage::keys;
using mailbox::FromRecord;
using storage::Place;

namespace {

// How often a thread is summed up that doesn't fit into one read, and was written to meanwhile.
constexpr int kSumAttempts = 8;
constexpr std::size_t kSumPageBytes = std::size_t{8} << 20;
constexpr absl::Duration kPatience = absl::Minutes(1);

keys::Range MessagesOf(uint32_t number) { return keys::ThreadMessages(number, 0, limits::kTimestampMs + 1); }

// All messages of one thread, at one moment.
struct ThreadSum {
  storage::Position position;
  std::optional<std::string> record;
  uint64_t count = 0;
  uint64_t bytes = 0;
  std::optional<Place> newest;
  bool readable = true;
};

void AddTo(ThreadSum& sum, const storage::Page& page) {
  for (const storage::Row& row : page.items) {
    const auto at = keys::ParseMessage(row.key);
    storage_v1::MessageRecord message;
    if (!at.has_value() || !message.ParseFromArray(row.value.data(), static_cast<int>(row.value.size()))) {
      sum.readable = false;
      continue;
    }
    if (!sum.newest.has_value()) sum.newest = at->place;
    ++sum.count;
    sum.bytes += message.ciphertext().size();
  }
}

// nullopt: it never stood still.
absl::StatusOr<std::optional<ThreadSum>> SumThread(storage::Engine& engine, const std::string& partition,
                                                   uint32_t number, std::size_t rows) {
  for (int attempt = 0; attempt < kSumAttempts; ++attempt) {
    ThreadSum sum;
    const keys::Range range = MessagesOf(number);
    std::string begin = range.begin;
    // The last attempts read as much at once as may be.
    const std::size_t bytes = attempt < kSumAttempts / 2 ? kSumPageBytes : kMomentBytes;
    for (bool first = true, moved = false; !moved; first = false) {
      const storage::Scan scan{begin, range.end, storage::Direction::kForward, rows, bytes};
      auto read = storage::ReadAndWait(engine, {partition, {keys::Thread(number)}, {scan}, absl::Now() + kPatience});
      if (!read.ok()) return read.status();
      if (first) {
        sum.position = read->position;
        sum.record = read->values[0];
      }
      moved = read->position != sum.position;
      if (moved) continue;
      const storage::Page& page = read->pages[0];
      AddTo(sum, page);
      if (!page.more) return std::optional(sum);
      begin = std::string(page.items.back().key) + '\0';
    }
  }
  return std::optional<ThreadSum>();
}

}  // namespace

// Ids lead to numbers. What a thread's record says of its id comes first: a number is what messages are stored under.
void MailboxCheck::CheckThreadIds() {
  const auto need = [](const Moment&, const Row& row, Wants& wants) {
    storage_v1::ThreadNumber number;
    if (!number.ParseFromString(row.value)) return;
    wants.Key(keys::Thread(number.number()));
    const keys::Range messages = MessagesOf(number.number());
    wants.First(messages.begin, messages.end);
  };
  const auto judge = [this](const Moment& moment, const Row& row) {
    storage_v1::ThreadNumber number;
    const std::string id = row.key.substr(1);
    if (!number.ParseFromString(row.value)) return;  // CheckThreads meets it, by its thread
    const std::string thread_key = keys::Thread(number.number());
    const auto thread = moment.Get<storage_v1::ThreadRecord>(thread_key);
    if (thread.has_value() && thread->thread_id() == id) return;
    if (thread.has_value()) {
      Derived("thread_id_stray", row.key);
      return Delete(row.key);
    }
    const keys::Range messages = MessagesOf(number.number());
    const Page& newest = *moment.PageOf(messages.begin, messages.end);
    if (newest.items.empty()) {
      Derived("thread_id_stray", row.key);
      return Delete(row.key);
    }
    const auto at = keys::ParseMessage(newest.items[0].key);
    counters_known_ = counters_known_ && repairs();
    Derived(moment.Has(thread_key) ? "thread_unreadable" : "thread_missing", thread_key);
    if (!at.has_value()) return;
    // Its counters are summed up later.
    storage_v1::ThreadRecord right;
    right.set_thread_id(id);
    mailbox::ToRecord(at->place, right.mutable_newest());
    Put(thread_key, right);
    PutMark(keys::ThreadActivity(at->place, number.number()));
  };
  const std::string example = keys::ThreadById("x");
  Walk("thread_ids_unreadable", TableBegin(example), TableEnd(example), need, judge);
}

void MailboxCheck::CheckThreads() {
  const auto need = [](const Moment&, const Row& row, Wants& wants) {
    storage_v1::ThreadRecord thread;
    if (thread.ParseFromString(row.value) && !thread.thread_id().empty()) {
      wants.Key(keys::ThreadById(thread.thread_id()));
    }
  };
  std::vector<uint32_t> numbers;
  const auto judge = [&](const Moment& moment, const Row& row) {
    const auto number = keys::ParseThread(row.key);
    storage_v1::ThreadRecord thread;
    if (!number.has_value() || !thread.ParseFromString(row.value) || thread.thread_id().empty()) {
      counters_known_ = false;
      return Primary("thread_unreadable", row.key);
    }
    if (numbers.empty() || numbers.back() < *number) numbers.push_back(*number);
    const std::string by_id = keys::ThreadById(thread.thread_id());
    const auto found = moment.Get<storage_v1::ThreadNumber>(by_id);
    if (found.has_value() && found->number() == *number) return;
    Derived(moment.Has(by_id) ? "thread_id_wrong" : "thread_id_missing", by_id);
    storage_v1::ThreadNumber right;
    right.set_number(*number);
    Put(by_id, right);
  };
  const std::string example = keys::Thread(1);
  Walk("threads_unreadable", TableBegin(example), TableEnd(example), need, judge);

  // Ids whose number can't be read, and that no thread has.
  const auto nothing = [](const Moment&, const Row&, Wants&) {};
  const auto unread = [this](const Moment&, const Row& row) {
    if (!storage_v1::ThreadNumber().ParseFromString(row.value)) Primary("thread_id_unreadable", row.key);
  };
  const std::string ids = keys::ThreadById("x");
  Walk("thread_ids_unreadable", TableBegin(ids), TableEnd(ids), nothing, unread);

  for (const uint32_t number : numbers) {
    if (stopped()) return;
    CheckThread(number);
  }
}

void MailboxCheck::CheckThread(uint32_t number) {
  const std::string key = keys::Thread(number);
  const keys::Range messages = MessagesOf(number);
  std::optional<ThreadSum> sum;
  Once(
      "messages_unreadable",
      [&](const Moment&, Wants& wants) {
        wants.Key(key);
        wants.First(messages.begin, messages.end);
      },
      [&](const Moment& moment) {
        auto summed = SumThread(engine_, partition_, number, options_.sum_rows);
        if (!summed.ok()) {
          if (!absl::IsDataLoss(summed.status())) return Fail(summed.status());
          counters_known_ = false;
          return Primary("messages_unreadable", "messages_unreadable");
        }
        sum = *summed;
        if (!sum.has_value()) {
          ++summary_.unjudged;
          counters_known_ = false;
          return;
        }
        // A repair goes by the moment of the sum.
        if (repairs() && sum->position != moment.position()) return Again();
        storage_v1::ThreadRecord thread;
        if (!sum->record.has_value()) return;  // gone since
        if (!thread.ParseFromString(*sum->record)) return;
        if (!sum->readable) {
          counters_known_ = false;
          return;
        }
        if (sum->count == 0) {
          Derived("thread_without_messages", key);
          thread_differences_[number] = {-static_cast<int64_t>(thread.message_count()),
                                         -static_cast<int64_t>(thread.used_bytes())};
          Delete(key);
          Delete(keys::ThreadById(thread.thread_id()));
          Delete(keys::ThreadActivity(FromRecord(thread.newest()), number));
          return;
        }
        const bool newest_right = FromRecord(thread.newest()) == *sum->newest;
        if (newest_right && thread.message_count() == sum->count && thread.used_bytes() == sum->bytes) return;
        Derived(newest_right ? "thread_counters_wrong" : "thread_newest_wrong", key);
        thread_differences_[number] = {static_cast<int64_t>(sum->count) - static_cast<int64_t>(thread.message_count()),
                                       static_cast<int64_t>(sum->bytes) - static_cast<int64_t>(thread.used_bytes())};
        thread.set_message_count(sum->count);
        thread.set_used_bytes(sum->bytes);
        mailbox::ToRecord(*sum->newest, thread.mutable_newest());
        Put(key, thread);
      });
  if (repairs()) thread_differences_.erase(number);
}

void MailboxCheck::CheckActivities() {
  // Every thread has one, at its newest message.
  const auto need_thread = [](const Moment& moment, const Row& row, Wants& wants) {
    const auto number = keys::ParseThread(row.key);
    if (!number.has_value()) return;
    const keys::Range messages = MessagesOf(*number);
    wants.First(messages.begin, messages.end);
    const Page* newest = moment.PageOf(messages.begin, messages.end);
    if (newest == nullptr || newest->items.empty()) return;
    if (const auto at = keys::ParseMessage(newest->items[0].key)) wants.Key(keys::ThreadActivity(at->place, *number));
  };
  const auto judge_thread = [this](const Moment& moment, const Row& row) {
    const auto number = keys::ParseThread(row.key);
    if (!number.has_value()) return;
    const keys::Range messages = MessagesOf(*number);
    const Page& newest = *moment.PageOf(messages.begin, messages.end);
    const auto at = newest.items.empty() ? std::nullopt : keys::ParseMessage(newest.items[0].key);
    if (!at.has_value()) return;
    const std::string activity = keys::ThreadActivity(at->place, *number);
    if (moment.HasMark(activity)) return;
    Derived("thread_activity_missing", activity);
    PutMark(activity);
  };
  const std::string threads = keys::Thread(1);
  Walk("threads_unreadable", TableBegin(threads), TableEnd(threads), need_thread, judge_thread);

  const auto need = [](const Moment&, const Row& row, Wants& wants) {
    const auto key = keys::ParseThreadActivity(row.key);
    if (!key.has_value()) return;
    wants.Key(keys::Thread(key->number));
    const keys::Range messages = MessagesOf(key->number);
    wants.First(messages.begin, messages.end);
  };
  const auto judge = [this](const Moment& moment, const Row& row) {
    if (const auto key = keys::ParseThreadActivity(row.key)) {
      const keys::Range messages = MessagesOf(key->number);
      const Page& newest = *moment.PageOf(messages.begin, messages.end);
      const auto at = newest.items.empty() ? std::nullopt : keys::ParseMessage(newest.items[0].key);
      if (at.has_value() && at->place == key->newest) return;
      // With its thread, that is a finding already.
      if (newest.items.empty() && Reported(keys::Thread(key->number))) return;
    }
    Derived("thread_activity_stray", row.key);
    Delete(row.key);
  };
  const std::string example = keys::ThreadActivity({}, 1);
  Walk("activities_unreadable", TableBegin(example), TableEnd(example), need, judge);
}

void MailboxCheck::CheckCounters() {
  const std::string example = keys::Thread(1);
  const std::string begin = TableBegin(example), end = TableEnd(example);
  Once(
      "threads_unreadable",
      [&](const Moment&, Wants& wants) {
        wants.Key(keys::Head());
        wants.Range(begin, end);
      },
      [&](const Moment& moment) {
        const Page& threads = *moment.PageOf(begin, end);
        storage_v1::MailboxHead head;
        if (!moment.Has(keys::Head()) || !head.ParseFromString(**moment.Find(keys::Head()))) return;
        if (threads.more) {
          ++summary_.unjudged;
          return;
        }
        int64_t messages = 0, bytes = 0;
        uint32_t highest = 0;
        for (const Row& row : threads.items) {
          const auto number = keys::ParseThread(row.key);
          storage_v1::ThreadRecord thread;
          if (!number.has_value() || !thread.ParseFromString(row.value)) continue;
          messages += static_cast<int64_t>(thread.message_count());
          bytes += static_cast<int64_t>(thread.used_bytes());
          highest = std::max(highest, *number);
          const auto difference = thread_differences_.find(*number);
          if (difference == thread_differences_.end()) continue;
          messages += difference->second.messages;
          bytes += difference->second.bytes;
        }
        storage_v1::MailboxHead right = head;
        if (counters_known_) {
          right.set_message_count(static_cast<uint64_t>(messages));
          right.set_used_bytes(static_cast<uint64_t>(bytes));
        }
        right.set_thread_count(std::max(head.thread_count(), highest));
        const bool counts = right.message_count() == head.message_count() && right.used_bytes() == head.used_bytes();
        if (counts && right.thread_count() == head.thread_count()) return;
        Derived(counts ? "thread_count_low" : "head_counters_wrong", keys::Head());
        Put(keys::Head(), right);
      });
}

}  // namespace labyrinth::check
