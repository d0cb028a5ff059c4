#include "tests/fault/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace labyrinth::fault {
namespace {

using Answer = CallRecord::Answer;

constexpr std::size_t kMost = 20;

class Judge {
 public:
  explicit Judge(const History& history) : history_(history) {
    for (const CallRecord& call : history.calls) {
      if (call.kind == CallKind::kSave) messages_[call.message_id].saves.push_back(&call);
      if (call.kind == CallKind::kDelete) messages_[call.message_id].deletes.push_back(&call);
      if (call.kind == CallKind::kSave) by_time_.emplace(call.timestamp_ms, &call);
    }
  }

  std::vector<Broken> Run() {
    CheckRevocations();
    CheckChain();
    CheckOldEpochs();
    CheckMonotonic();
    for (const auto& [id, message] : messages_) CheckCreatedOnce(id, message);
    for (const CallRecord& call : history_.calls) {
      if (call.answer != Answer::kOk) continue;
      if (call.kind == CallKind::kList) CheckList(call);
      if (call.kind == CallKind::kGet) CheckGet(call);
    }
    CheckEnd();
    return std::move(broken_);
  }

 private:
  struct Message {
    std::vector<const CallRecord*> saves, deletes;
  };

  void Break(std::string_view rule, std::string what) {
    if (broken_.size() < kMost) broken_.push_back({rule, std::move(what)});
  }

  void CheckRevocations() {
    std::map<uint64_t, uint64_t> revoked_at;  // by device: when it was first acknowledged
    for (const CallRecord& call : history_.calls) {
      const bool removes = call.kind == CallKind::kRevoke || call.kind == CallKind::kOpenEpoch;
      if (!removes || call.answer != Answer::kOk) continue;
      for (const uint64_t id : call.device_ids) {
        const auto [known, fresh] = revoked_at.emplace(id, call.end);
        if (!fresh) known->second = std::min(known->second, call.end);
      }
    }
    for (const CallRecord& call : history_.calls) {
      const auto revoked = revoked_at.find(call.device_id);
      if (call.answer != Answer::kOk || revoked == revoked_at.end() || call.begin <= revoked->second) continue;
      if (call.kind == CallKind::kRegister) continue;  // an account's call, for another device
      Break(rule::kRevoked, fmt::format("call [{}, {}], revoked at {}", call.begin, call.end, revoked->second));
    }
  }

  void CheckChain() {
    for (const auto& [sequence, id] : history_.epochs) sequences_[id] = sequence;
    if (sequences_.size() != history_.epochs.size()) Break(rule::kChain, "one epoch stands at two places");
    uint32_t next = 0;
    for (const auto& [sequence, id] : history_.epochs) {
      if (sequence != next++) Break(rule::kChain, fmt::format("no epoch {}", next - 1));
    }
    std::map<uint32_t, uint64_t> opened;
    for (const CallRecord& call : history_.calls) {
      if (call.kind != CallKind::kOpenEpoch || call.answer != Answer::kOk) continue;
      opened_[call.sequence_id] = &call;
      const auto [known, fresh] = opened.emplace(call.sequence_id, call.new_epoch_id);
      if (!fresh && known->second != call.new_epoch_id) {
        Break(rule::kChain, fmt::format("two epochs were acknowledged as number {}", call.sequence_id));
      }
      const auto at_end = history_.epochs.find(call.sequence_id);
      if (at_end == history_.epochs.end() || at_end->second != call.new_epoch_id) {
        Break(rule::kChain, fmt::format("acknowledged epoch {} isn't in the chain", call.sequence_id));
      }
      const auto before = history_.epochs.find(call.sequence_id - 1);
      if (before == history_.epochs.end() || before->second != call.epoch_id) {
        Break(rule::kChain, fmt::format("epoch {} doesn't follow the one that it was opened from", call.sequence_id));
      }
    }
  }

  void CheckOldEpochs() {
    for (const CallRecord& call : history_.calls) {
      if (call.kind != CallKind::kSave || call.answer != Answer::kOk || !call.wrote) continue;
      const auto own = sequences_.find(call.epoch_id);
      if (own == sequences_.end()) {
        Break(rule::kOldEpoch, fmt::format("a save [{}, {}] under no epoch of the chain", call.begin, call.end));
        continue;
      }
      const auto next = opened_.upper_bound(own->second);
      if (next == opened_.end()) continue;
      if (call.begin > next->second->end || call.revision > next->second->revision) {
        Break(rule::kOldEpoch,
              fmt::format("a save [{}, {}] at revision {} under epoch {}; {} was opened at {}", call.begin, call.end,
                          call.revision, own->second, next->first, next->second->revision));
      }
    }
    for (const Seen& seen : history_.messages) {
      const auto own = sequences_.find(seen.epoch_id);
      if (own == sequences_.end()) continue;
      const auto next = opened_.upper_bound(own->second);
      if (next != opened_.end() && seen.revision > next->second->revision) {
        Break(rule::kOldEpoch, fmt::format("a message of epoch {} at revision {}", own->second, seen.revision));
      }
    }
  }

  static bool Commits(const CallRecord& call) {
    return (call.kind == CallKind::kSave && call.wrote) || call.kind == CallKind::kOpenEpoch;
  }

  void CheckMonotonic() {
    std::vector<const CallRecord*> by_begin, by_end;
    for (const CallRecord& call : history_.calls) {
      if (call.answer != Answer::kOk || call.revision == 0) continue;
      by_begin.push_back(&call);
      by_end.push_back(&call);
    }
    std::sort(by_begin.begin(), by_begin.end(), [](auto* a, auto* b) { return a->begin < b->begin; });
    std::sort(by_end.begin(), by_end.end(), [](auto* a, auto* b) { return a->end < b->end; });
    uint64_t highest = 0;
    std::size_t ended = 0;
    for (const CallRecord* call : by_begin) {
      for (; ended < by_end.size() && by_end[ended]->end < call->begin; ++ended) {
        highest = std::max(highest, by_end[ended]->revision);
      }
      if (call->revision < highest || (Commits(*call) && call->revision == highest)) {
        Break(rule::kMonotonic, fmt::format("call [{}, {}] is at {}, one before it was at {}", call->begin, call->end,
                                            call->revision, highest));
      }
    }
  }

  // The saves that wrote it are one creation and its replacements: here every id is saved as new.
  void CheckCreatedOnce(const std::string& id, const Message& message) {
    const auto created = std::count_if(message.saves.begin(), message.saves.end(), [](const CallRecord* save) {
      return save->answer == Answer::kOk && save->wrote;
    });
    if (created > 1) Break(rule::kDoubled, fmt::format("message {} was created {} times", id, created));
  }

  // `begin`, `end`: of the read.
  void CheckSeen(const Seen& seen, uint64_t begin, uint64_t end) {
    const auto message = messages_.find(seen.id);
    const auto sent = [&](const CallRecord* save) {
      if (save->ciphertext != seen.ciphertext || save->begin >= end) return false;
      if (save->answer == Answer::kOk) return save->wrote && save->revision == seen.revision;
      return save->answer == Answer::kUnknown;
    };
    if (message == messages_.end() || std::none_of(message->second.saves.begin(), message->second.saves.end(), sent)) {
      return Break(rule::kInvented, fmt::format("message {} in [{}, {}]", seen.id, begin, end));
    }
    for (const CallRecord* gone : message->second.deletes) {
      if (gone->answer != Answer::kOk || gone->end >= begin) continue;
      // Unless it found nothing to delete yet.
      const bool was_there =
          std::any_of(message->second.saves.begin(), message->second.saves.end(),
                      [&](const CallRecord* save) { return save->answer == Answer::kOk && save->end < gone->begin; });
      if (was_there) Break(rule::kUndeleted, fmt::format("message {} in [{}, {}]", seen.id, begin, end));
    }
  }

  bool MustBeSeen(const Message& message, uint64_t begin, uint64_t end) const {
    const auto there = [&](const CallRecord* save) { return save->answer == Answer::kOk && save->end < begin; };
    const auto goes = [&](const CallRecord* gone) { return gone->answer != Answer::kRefused && gone->begin < end; };
    return std::any_of(message.saves.begin(), message.saves.end(), there) &&
           std::none_of(message.deletes.begin(), message.deletes.end(), goes);
  }

  void CheckList(const CallRecord& list) {
    std::set<std::string> ids;
    for (const Seen& seen : list.seen) {
      if (!ids.insert(seen.id).second) Break(rule::kDoubled, fmt::format("message {} twice in a page", seen.id));
      CheckSeen(seen, list.begin, list.end);
    }
    const auto last = by_time_.lower_bound(list.end_ms);
    for (auto save = by_time_.lower_bound(list.start_ms); save != last; ++save) {
      if (!list.thread_id.empty() && list.thread_id != save->second->thread_id) continue;
      const std::string& id = save->second->message_id;
      if (!ids.contains(id) && MustBeSeen(messages_.at(id), list.begin, list.end)) {
        Break(rule::kMissing, fmt::format("message {} in a page [{}, {}]", id, list.begin, list.end));
      }
    }
  }

  void CheckGet(const CallRecord& get) {
    for (const Seen& seen : get.seen) CheckSeen(seen, get.begin, get.end);
    const auto message = messages_.find(get.message_id);
    if (!get.seen.empty() || message == messages_.end()) return;
    if (MustBeSeen(message->second, get.begin, get.end)) {
      Break(rule::kMissing, fmt::format("message {} in [{}, {}]", get.message_id, get.begin, get.end));
    }
  }

  void CheckEnd() {
    std::set<std::string> ids;
    for (const Seen& seen : history_.messages) {
      if (!ids.insert(seen.id).second) Break(rule::kDoubled, fmt::format("message {} twice at the end", seen.id));
      CheckSeen(seen, UINT64_MAX - 1, UINT64_MAX);
    }
    for (const auto& [id, message] : messages_) {
      if (!ids.contains(id) && MustBeSeen(message, UINT64_MAX - 1, UINT64_MAX)) {
        Break(rule::kMissing, fmt::format("message {} at the end", id));
      }
    }
  }

  const History& history_;
  std::map<std::string, Message> messages_;
  std::multimap<int64_t, const CallRecord*> by_time_;
  std::map<uint64_t, uint32_t> sequences_;        // by epoch id
  std::map<uint32_t, const CallRecord*> opened_;  // acknowledged, by sequence
  std::vector<Broken> broken_;
};

}  // namespace

std::vector<Broken> JudgeHistory(const History& history) { return Judge(history).Run(); }

}  // namespace labyrinth::fault
