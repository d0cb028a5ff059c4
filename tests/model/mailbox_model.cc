#include "tests/model/mailbox_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "storage/schema.h"

namespace labyrinth::mailbox::testing {

namespace {

constexpr int64_t kHourMs = 3600 * 1000;
constexpr int64_t kDayMs = 24 * kHourMs;
constexpr uint64_t kIds = 40;
// Now and then reached.
constexpr uint64_t kQuotaBytes = 300;
constexpr uint64_t kQuotaMessages = 26;

}  // namespace

MailboxModel::MailboxModel(uint64_t seed, storage::Engine& store, std::function<void()> reopen)
    : random_(seed), server_(seed, &store), mailbox_(server_), reopen_(std::move(reopen)) {
  caretaker_.emplace(server_.sequencer());
  mailbox_.Create();
  active_ = {&mailbox_.first()};
  epochs_ = {mailbox_.CurrentEpoch()};
  recovery_.emplace(mailbox_.AddVirtualDevice(mailbox_.first()));
  server_.policy().quota_bytes = kQuotaBytes;
  server_.policy().quota_messages = kQuotaMessages;
}

std::string MailboxModel::RandomId() { return fmt::format("m{}", Random(kIds)); }

bool MailboxModel::IsExpired(const Stored& message) const {
  return message.expire_ms != 0 && message.expire_ms <= std::max(server_.now_ms(), expired_through_ms_);
}

void MailboxModel::Step() {
  membership_changed_ = false;
  if (OneIn(12)) LoseOutcomes();
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
  if (OneIn(40) || (rotation_required_ && OneIn(6))) ChangeMembership();
  if (OneIn(50)) Restart();
  CheckRows();
  CheckReads();
  TurnPage();
  RunWatches();
  if (!OneIn(4) || highest_ms_ < away_until_ms_) return;
  Follow();
  // Now and then it stays away until the feed has forgotten something.
  if (OneIn(20)) away_until_ms_ = highest_ms_ + limits::kTombstoneMs + 30 * kDayMs;
}

// Fewer in a row than the sequencer gives up after. What the last step left over adds up, so there is always one that
// passes between.
void MailboxModel::LoseOutcomes() {
  using storage::CommitFault;
  static_assert(Sequencer::kCommitAttempts > 2);
  const CommitFault fault = OneIn(2) ? CommitFault::kUnknownLost : CommitFault::kUnknownApplied;
  if (OneIn(2)) server_.faults().ScriptCommits({fault});
  server_.faults().ScriptCommits({fault, CommitFault::kNone});
}

std::vector<SaveMessage> MailboxModel::RandomBatch() {
  std::vector<SaveMessage> messages;
  std::set<std::string> ids;
  const std::size_t count = 1 + Random(5);
  while (ids.size() < count) ids.insert(RandomId());
  for (const std::string& id : ids) {
    SaveMessage message = MakeMessage(id, fmt::format("t{}", Random(5)), static_cast<int64_t>(Random(100)),
                                      std::string(1 + Random(20), static_cast<char>('a' + Random(3))),
                                      OneIn(2) ? 0 : server_.now_ms() + 1 + static_cast<int64_t>(Random(3 * kDayMs)));
    const auto old = stored_.find(id);
    // Mostly where it is at home.
    if (old != stored_.end() && !OneIn(30)) {
      message.thread_id = old->second.thread_id;
      message.timestamp_ms = old->second.place.timestamp_ms;
      if (OneIn(4)) {
        message.ciphertext = old->second.ciphertext;
        message.expire_ms = old->second.expire_ms;
      }
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

// What was saved once under some epoch: a repeat after a lost reply, perhaps long ago.
std::vector<SaveMessage> MailboxModel::RepeatedBatch(EpochId& epoch_id) {
  std::vector<SaveMessage> messages;
  epoch_id = epochs_[Random(epochs_.size())];
  for (const auto& [id, message] : stored_) {
    if (message.epoch_id != epoch_id || messages.size() == 5) continue;
    messages.push_back(
        MakeMessage(id, message.thread_id, message.place.timestamp_ms, message.ciphertext, message.expire_ms));
  }
  return messages;
}

// What the mailbox has to answer: the outcomes, and the map as it is then; or why not.
std::optional<Reason> MailboxModel::Refusal(const SaveRequest& request, std::map<std::string, Stored>& after,
                                            std::vector<SaveOutcome>& outcomes) {
  const uint64_t revision = server_.PositionOf(mailbox_.partition()).revision + 1;
  bool writes = false, expired = false;
  uint32_t ordinal = 0;
  uint64_t used_before = 0, used_after = 0;
  for (const auto& [id, message] : stored_) used_before += message.ciphertext.size();
  for (const SaveMessage& message : request.messages) {
    const auto old = stored_.find(message.message_id);
    const bool live = old != stored_.end() && !IsExpired(old->second);
    SaveOutcome outcome = SaveOutcome::kCreated;
    Stored now{message.thread_id,
               {message.timestamp_ms, revision, 0},
               message.ciphertext,
               message.expire_ms,
               request.epoch_id};
    if (live) {
      const Stored& was = old->second;
      if (was.thread_id != message.thread_id || was.place.timestamp_ms != message.timestamp_ms) {
        return Reason::kMessageConflict;
      }
      const bool same =
          was.ciphertext == now.ciphertext && was.expire_ms == now.expire_ms && was.epoch_id == now.epoch_id;
      if (!same && request.on_conflict == OnConflict::kReject) return Reason::kMessageConflict;
      outcome =
          same ? SaveOutcome::kUnchanged
               : (request.on_conflict == OnConflict::kReplace ? SaveOutcome::kReplaced : SaveOutcome::kKeptExisting);
      now.place = was.place;
    } else if (old != stored_.end() || tombstones_.contains(message.message_id)) {
      outcome = SaveOutcome::kWasDeleted;
    }
    outcomes.push_back(outcome);
    if (outcome != SaveOutcome::kCreated && outcome != SaveOutcome::kReplaced) continue;
    writes = true;
    expired = expired || IsExpired(now);
    if (outcome == SaveOutcome::kCreated) now.place.ordinal = ordinal++;
    after[message.message_id] = std::move(now);
  }
  if (!writes) return std::nullopt;
  if (rotation_required_) return Reason::kRotationRequired;
  if (request.epoch_id != epochs_.back()) return Reason::kEpochStale;
  if (expired) return Reason::kInvalidField;
  for (const auto& [id, message] : after) used_after += message.ciphertext.size();
  const bool grows_over = used_after > kQuotaBytes && used_after > used_before;
  if (grows_over || (after.size() > kQuotaMessages && after.size() > stored_.size())) return Reason::kQuotaExceeded;
  return std::nullopt;
}

void MailboxModel::Save() {
  SaveRequest request = mailbox_.Save(AnyMember(), {}, static_cast<OnConflict>(Random(3)));
  if (OneIn(5)) request.messages = RepeatedBatch(request.epoch_id);
  if (request.messages.empty()) {
    request.messages = RandomBatch();
    request.epoch_id = OneIn(12) ? epochs_[Random(epochs_.size())] : epochs_.back();
  }
  std::map<std::string, Stored> after = stored_;
  std::vector<SaveOutcome> outcomes;
  const std::optional<Reason> refusal = Refusal(request, after, outcomes);
  const uint64_t revision = server_.PositionOf(mailbox_.partition()).revision;
  const bool under_old_epoch = request.epoch_id != epochs_.back();
  const auto result = server_.Do(std::move(request));
  INFO(result.status().ToString());
  REQUIRE(ReasonIn(result) == refusal);
  seen_.conflicts += refusal == Reason::kMessageConflict;
  seen_.stale += refusal == Reason::kEpochStale;
  seen_.rotation_required += refusal == Reason::kRotationRequired;
  seen_.over_quota += refusal == Reason::kQuotaExceeded;
  if (refusal.has_value()) return;
  REQUIRE(result.ok());
  CHECK(result->outcomes == outcomes);
  bool writes = false;
  for (const SaveOutcome outcome : outcomes) {
    writes = writes || outcome == SaveOutcome::kCreated || outcome == SaveOutcome::kReplaced;
    seen_.created += outcome == SaveOutcome::kCreated;
    seen_.replaced += outcome == SaveOutcome::kReplaced;
    seen_.was_deleted += outcome == SaveOutcome::kWasDeleted;
    seen_.unchanged_after_rotation += under_old_epoch && outcome == SaveOutcome::kUnchanged;
  }
  CHECK(result->revision == revision + (writes ? 1 : 0));
  stored_ = std::move(after);
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
  const auto result = server_.Do(DeleteRequest{mailbox_.CallerOf(AnyMember()), std::move(ids)});
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
  caretaker_->Wake(mailbox_.partition(), absl::InfiniteFuture(), [&](absl::Status result) { status = result; });
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

// Another process. Walks go on by their tokens; watches find that out when they are next woken, as a client does that
// watches again from its cursor.
void MailboxModel::Restart() {
  caretaker_.reset();
  server_.Restart();
  reopen_();
  caretaker_.emplace(server_.sequencer());
  ++seen_.restarts;
}

}  // namespace labyrinth::mailbox::testing
