#include "service/mailbox/batch_state.h"

#include <utility>

#include "storage/schema.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;

bool BatchState::Accept(const storage::Position& position, const std::vector<std::string>& keys,
                        std::vector<std::optional<std::string>> values, const std::vector<storage::Scan>& scans,
                        std::vector<storage::Page> pages) {
  const bool same_moment = !filled_ || position == position_;
  if (!same_moment) {
    read_.clear();
    pages_.clear();
    filled_ = false;
    return false;
  }
  filled_ = true;
  position_ = position;
  for (std::size_t i = 0; i < keys.size(); ++i) read_[keys[i]] = std::move(values[i]);
  for (std::size_t i = 0; i < scans.size(); ++i) pages_[{scans[i].begin, scans[i].end}] = std::move(pages[i]);
  return true;
}

bool BatchState::changed() const {
  const bool wakes_elsewhen = head_.has_value() && head_->wake_at_ms() != wake_at_read_ms_;
  return dropped_ || commits_head_ || !writes_.empty() || !feed_.empty() || wakes_elsewhen;
}

std::optional<Revocation> BatchState::TakesAway(const std::string& partition) const {
  if (revoked_.empty() && !dropped_) return std::nullopt;
  return Revocation{.partition = partition,
                    .mailbox_id = head_->mailbox_id(),
                    .devices = dropped_ ? std::vector<RevokedDevice>() : revoked_,
                    .time_ms = now_ms_};
}

const storage::Page* BatchState::FindPage(const storage::Scan& scan) const {
  const auto found = pages_.find(std::pair(scan.begin, scan.end));
  return found == pages_.end() ? nullptr : &found->second;
}

absl::Status BatchState::LoadHead() {
  head_.reset();
  const std::optional<std::string>* bytes = Find(keys::Head());
  if (bytes == nullptr || !bytes->has_value()) return absl::OkStatus();
  absl::StatusOr<storage_v1::MailboxHead> head = ParseHead(**bytes);
  if (!head.ok()) return head.status();
  wake_at_read_ms_ = head->wake_at_ms();
  head_ = *std::move(head);
  return absl::OkStatus();
}

const std::optional<std::string>* BatchState::Find(const std::string& key) const {
  if (const auto it = writes_.find(key); it != writes_.end()) return &it->second;
  if (const auto it = read_.find(key); it != read_.end()) return &it->second;
  return nullptr;
}

storage::CommitRequest BatchState::ToCommit(std::string partition, uint64_t writer_node, uint64_t writer_batch) const {
  storage::CommitRequest commit;
  commit.partition = std::move(partition);
  commit.expect = position_;
  if (dropped_) {
    commit.drop = true;
    return commit;
  }
  commit.writes.reserve(writes_.size() + 2);
  for (const auto& [key, value] : writes_) commit.writes.push_back({key, value});
  commit.writes.push_back({keys::Head(), head_->SerializeAsString()});
  if (traced_ || !feed_.empty()) {
    storage_v1::FeedRecord feed;
    feed.set_writer_node(writer_node);
    feed.set_writer_batch(writer_batch);
    feed.set_commit_ms(now_ms_);
    for (const storage_v1::ChangeRecord& change : feed_) *feed.add_changes() = change;
    commit.writes.push_back({keys::Feed(position_.revision + 1), feed.SerializeAsString()});
  }
  if (head_->wake_at_ms() != wake_at_read_ms_) commit.wake_at_ms = head_->wake_at_ms();
  return commit;
}

storage_v1::MailboxHead& Transaction::mutable_head() {
  if (!head_.has_value()) head_ = has_mailbox() ? *state_.head() : storage_v1::MailboxHead();
  return *head_;
}

void Transaction::PutMark(std::string key) {
  storage_v1::Mark mark;
  mark.set_version(1);
  Put(std::move(key), mark);
}

void Transaction::AddSaved(uint32_t thread_number, int64_t timestamp_ms) {
  storage_v1::ChangeRecord& change = AddChange(storage_v1::CHANGE_KIND_SAVED);
  change.set_thread_number(thread_number);
  change.mutable_place()->set_timestamp_ms(timestamp_ms);
  ++saved_;
}

storage_v1::ChangeRecord& Transaction::AddChange(storage_v1::ChangeKind kind, DeviceId by) {
  storage_v1::ChangeRecord& change = feed_.emplace_back();
  change.set_kind(kind);
  change.set_by_device_id(by.value());
  return change;
}

void Transaction::WakeBy(int64_t ms, int64_t slack_ms) {
  storage_v1::MailboxHead& head = mutable_head();
  uint64_t phase = 0;  // random, as the id is
  for (const unsigned char c : std::string_view(head.mailbox_id()).substr(0, sizeof(phase))) phase = phase << 8 | c;
  const auto slack = static_cast<uint64_t>(slack_ms);
  const uint64_t since_instant = (static_cast<uint64_t>(ms) + phase % slack) % slack;
  if (since_instant != 0) ms += static_cast<int64_t>(slack - since_instant);
  if (head.wake_at_ms() == 0 || ms < head.wake_at_ms()) head.set_wake_at_ms(ms);
}

const std::optional<std::string>* Transaction::Find(const std::string& key) const {
  if (const auto it = writes_.find(key); it != writes_.end()) return &it->second;
  return state_.Find(key);
}

void Transaction::Apply() {
  const bool changes = !writes_.empty() || !feed_.empty();
  if (state_.writes_.empty()) {
    state_.writes_ = std::move(writes_);
  } else {
    for (auto& [key, value] : writes_) state_.writes_[key] = std::move(value);
  }
  if (head_.has_value()) state_.head_ = *std::move(head_);
  for (storage_v1::ChangeRecord& change : feed_) state_.feed_.push_back(std::move(change));
  for (RevokedDevice& device : revoked_) state_.revoked_.push_back(std::move(device));
  state_.saved_ += saved_;
  state_.traced_ = state_.traced_ || (traced_ && changes);
  state_.commits_head_ = state_.commits_head_ || commits_head_;
  state_.dropped_ = state_.dropped_ || dropped_;
}

}  // namespace labyrinth::mailbox
