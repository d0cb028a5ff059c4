#include "tests/fault/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/bytes.h"
#include "common/limits.h"
#include "proto/storage/v1/records.pb.h"
#include "service/mailbox/testing/store_check.h"
#include "storage/schema.h"

namespace labyrinth::fault {

namespace keys = storage::keys;
using mailbox::SaveOutcome;

namespace {

bool Writes(SaveOutcome outcome) { return outcome == SaveOutcome::kCreated || outcome == SaveOutcome::kReplaced; }

}  // namespace

StoredMailbox ReadRows(const std::map<std::string, std::string>& rows) {
  StoredMailbox out;
  out.broken = mailbox::testing::CheckStore(rows);
  std::map<uint32_t, std::string> threads;
  for (const auto& [key, value] : rows) {
    if (key[0] != keys::ThreadById("x")[0]) continue;
    storage_v1::ThreadNumber number;
    if (number.ParseFromString(value)) threads[number.number()] = key.substr(1);
  }
  for (const auto& [key, value] : rows) {
    if (key == keys::Head()) {
      storage_v1::MailboxHead head;
      if (head.ParseFromString(value)) out.expired_through_ms = head.expired_through_ms();
    } else if (key[0] == keys::Message(0, {})[0]) {
      const auto parsed = keys::ParseMessage(key);
      storage_v1::MessageRecord record;
      if (!parsed.has_value() || !record.ParseFromString(value)) continue;  // broken, and told so
      out.messages.emplace(record.message_id(), Content{threads[parsed->thread_number], parsed->place.timestamp_ms,
                                                        record.ciphertext(), record.expire_ms()});
    } else if (key[0] == keys::Device(DeviceId())[0]) {
      storage_v1::DeviceRecord record;
      if (record.ParseFromString(value)) {
        (record.revoked() ? out.revoked : out.active).insert(keys::ParseDevice(key)->value());
      }
    } else if (key[0] == keys::Epoch(0)[0]) {
      storage_v1::EpochRecord record;
      // A chain without a gap: CheckStore has looked for each up to the head's.
      if (record.ParseFromString(value)) out.epochs[static_cast<uint32_t>(out.epochs.size())] = record.epoch_id();
    }
  }
  return out;
}

Ledger::Call Ledger::Begin(std::vector<std::string> ids) {
  calls_.push_back({++now_, 0, State::kOpen, std::move(ids)});
  return calls_.size() - 1;
}

Ledger::Call Ledger::BeginSave(std::map<std::string, Content> messages) {
  absl::MutexLock lock(&mutex_);
  std::vector<std::string> ids;
  for (const auto& [id, content] : messages) ids.push_back(id);
  const Call call = Begin(std::move(ids));
  for (auto& [id, content] : messages) touches_[id].push_back({call, false, std::move(content)});
  return call;
}

Ledger::Call Ledger::BeginDelete(std::vector<std::string> ids) {
  absl::MutexLock lock(&mutex_);
  const Call call = Begin(ids);
  for (const std::string& id : ids) touches_[id].push_back({call, true, {}});
  return call;
}

void Ledger::End(Call call, State state) {
  calls_[call].end = ++now_;
  calls_[call].state = state;
}

void Ledger::Saved(Call call, const std::vector<SaveOutcome>& outcomes) {
  absl::MutexLock lock(&mutex_);
  End(call, State::kDone);
  for (std::size_t i = 0; i < calls_[call].ids.size(); ++i) {
    for (Touch& touch : touches_[calls_[call].ids[i]]) {
      if (touch.call == call) touch.outcome = outcomes[i];
    }
    if (Writes(outcomes[i])) ++answers_.acknowledged;
  }
}

void Ledger::Deleted(Call call) {
  absl::MutexLock lock(&mutex_);
  End(call, State::kDone);
}

void Ledger::Refused(Call call) {
  absl::MutexLock lock(&mutex_);
  End(call, State::kRefused);
  ++answers_.refused;
}

void Ledger::Unknown(Call call) {
  absl::MutexLock lock(&mutex_);
  End(call, State::kUnknown);
  ++answers_.unknown;
}

void Ledger::DeviceAdded(uint64_t device_id) {
  absl::MutexLock lock(&mutex_);
  added_.insert(device_id);
}

void Ledger::DeviceRevoked(uint64_t device_id) {
  absl::MutexLock lock(&mutex_);
  revoked_.insert(device_id);
}

void Ledger::EpochOpened(uint32_t sequence_id, uint64_t epoch_id) {
  absl::MutexLock lock(&mutex_);
  epochs_[sequence_id] = epoch_id;
}

bool Ledger::MayWrite(const Touch& touch) const {
  const State state = calls_[touch.call].state;
  if (state == State::kRefused) return false;
  return state != State::kDone || touch.deletes || Writes(touch.outcome);
}

bool Ledger::SurelyWrote(const Touch& touch) const {
  return calls_[touch.call].state == State::kDone && (touch.deletes || Writes(touch.outcome));
}

bool Ledger::EndedBefore(const Touch& first, const Touch& second) const {
  const Record& record = calls_[first.call];
  return record.state == State::kDone && record.end < calls_[second.call].begin;
}

void Ledger::JudgePresent(const std::string& id, const Content& content, int64_t latest_ms, Tally& tally) const {
  const auto touches = touches_.find(id);
  const std::vector<Touch> none;
  const std::vector<Touch>& all = touches == touches_.end() ? none : touches->second;
  const bool has_expired = content.expire_ms != 0 && content.expire_ms <= latest_ms;
  // Some writer of this very content, after which nothing else surely came.
  const auto overwritten = [&](const Touch* writer) {
    return std::any_of(all.begin(), all.end(), [&](const Touch& other) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      if (!SurelyWrote(other) || (!other.deletes && other.content == content)) return false;
      if (other.deletes && has_expired) return false;  // it may have found that, and then leaves it to the sweep
      return writer == nullptr || EndedBefore(*writer, other);
    });
  };
  const auto before = before_.find(id);
  if (before != before_.end() && before->second == content && !overwritten(nullptr)) return;
  bool written = false, sent = false;
  for (const Touch& touch : all) {
    if (touch.deletes || touch.content != content) continue;
    sent = true;
    if (!MayWrite(touch)) continue;
    written = true;
    if (!overwritten(&touch)) return;
  }
  const char* what = written                     ? "was overwritten or deleted by an acknowledged call, and is there"
                     : sent                      ? "was refused, and is there"
                     : before == before_.end()   ? "is there, and nobody sent it"
                     : before->second == content ? "was overwritten or deleted by an acknowledged call, and is there"
                                                 : "is not what its writer sent";
  tally.Find(Fault::kOther, fmt::format("message {} {}", ToHex(id), what));
}

void Ledger::JudgeAbsent(const std::string& id, int64_t latest_ms, Tally& tally) const {
  const auto touches = touches_.find(id);
  const std::vector<Touch> none;
  const std::vector<Touch>& all = touches == touches_.end() ? none : touches->second;
  const auto expired = [&](const Content& content) { return content.expire_ms != 0 && content.expire_ms <= latest_ms; };
  const auto gone_after = [&](const Touch* seen) {
    return std::any_of(all.begin(), all.end(), [&](const Touch& other) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      if (!MayWrite(other)) return false;
      if (!other.deletes && !expired(other.content)) return false;
      // Whoever kept what was there, or found it unchanged, saw another's, which may have expired since.
      if (!other.deletes && seen != nullptr && !Writes(seen->outcome)) return true;
      return seen == nullptr || !EndedBefore(other, *seen);
    });
  };
  const auto before = before_.find(id);
  if (before != before_.end() && !expired(before->second) && !gone_after(nullptr)) {
    return tally.Find(Fault::kLost, fmt::format("message {} was there before, and is gone", ToHex(id)));
  }
  for (const Touch& touch : all) {
    // Whoever wrote it, kept it or found it unchanged was told that it is there.
    if (touch.deletes || calls_[touch.call].state != State::kDone || touch.outcome == SaveOutcome::kWasDeleted)
      continue;
    const bool before_expires = before != before_.end() && expired(before->second) && !Writes(touch.outcome);
    if (!expired(touch.content) && !before_expires && !gone_after(&touch)) {
      return tally.Find(Fault::kLost, fmt::format("message {} was acknowledged, and is not there", ToHex(id)));
    }
  }
}

void Ledger::JudgeBatches(const Contents& found, Tally& tally) const {
  for (Call call = 0; call < calls_.size(); ++call) {
    if (calls_[call].state != State::kUnknown || calls_[call].ids.size() < 2) continue;
    int there = 0, missing = 0;
    for (const std::string& id : calls_[call].ids) {
      // Of ids that nobody else has ever used: what happened to the others may have other reasons.
      const std::vector<Touch>& touches = touches_.at(id);
      if (touches.size() != 1 || touches[0].deletes || touches[0].content.expire_ms != 0) continue;
      if (used_.contains(id)) continue;
      ++(found.contains(id) ? there : missing);
    }
    if (there > 0 && missing > 0) {
      tally.Find(Fault::kOther, fmt::format("a batch of {} is there in part: {} of {} new ones",
                                            calls_[call].ids.size(), there, there + missing));
    }
  }
}

void Ledger::JudgeMembers(const StoredMailbox& stored, Tally& tally) const {
  for (const uint64_t id : added_) {
    if (!stored.active.contains(id) && !stored.revoked.contains(id)) {
      tally.Find(Fault::kLost, "an acknowledged device is not there");
    }
  }
  for (const uint64_t id : revoked_) {
    if (!stored.revoked.contains(id)) tally.Find(Fault::kLost, "an acknowledged revocation is not there");
  }
  for (const auto& [sequence, id] : epochs_) {
    const auto epoch = stored.epochs.find(sequence);
    if (epoch == stored.epochs.end() || epoch->second != id) {
      tally.Find(Fault::kLost, fmt::format("acknowledged epoch {} is not there", sequence));
    }
  }
}

void Ledger::Judge(const StoredMailbox& stored, int64_t latest_ms, Tally& tally) {
  absl::MutexLock lock(&mutex_);
  for (const std::string& line : stored.broken) tally.Find(Fault::kOther, line);
  std::set<std::string> ids;
  for (const auto& [id, content] : before_) ids.insert(id);
  for (const auto& [id, touches] : touches_) ids.insert(id);
  for (const auto& [id, content] : stored.messages) ids.insert(id);
  std::map<std::string, Content> now;
  std::erase_if(gone_, [&](const auto& one) { return one.second + limits::kTombstoneMs <= latest_ms; });
  for (const std::string& id : ids) {
    const auto [first, last] = stored.messages.equal_range(id);
    const auto count = std::distance(first, last);
    if (count > 1) tally.Find(Fault::kDoubled, fmt::format("message {} is there {} times", ToHex(id), count));
    if (count == 0) {
      JudgeAbsent(id, latest_ms, tally);
      if (before_.contains(id)) gone_.emplace(id, latest_ms);
      continue;
    }
    now.emplace(id, first->second);
    if (gone_.contains(id)) {
      tally.Find(Fault::kOther, fmt::format("message {} had gone, and is back", ToHex(id)));
    }
    JudgePresent(id, first->second, latest_ms, tally);
  }
  JudgeBatches(stored.messages, tally);
  JudgeMembers(stored, tally);
  before_ = std::move(now);
  for (const auto& [id, touches] : touches_) used_.insert(id);
  touches_.clear();
  calls_.clear();
  tally += std::exchange(answers_, {});
}

}  // namespace labyrinth::fault
