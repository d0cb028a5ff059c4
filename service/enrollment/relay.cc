#include "service/enrollment/relay.h"

#include <algorithm>

#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::enrollment {

int64_t Relay::NowMs() { return latest_ms_ = std::max(latest_ms_, clock_.NowMs()); }

void Relay::Close(Enrollment& enrollment, bool registered) {
  held_bytes_ -= enrollment.held_bytes();
  enrollment.Close(registered);
}

bool Relay::Tidy(Account& account, int64_t now_ms) {
  bool ended = false;
  for (auto it = account.begin(); it != account.end();) {
    Enrollment& enrollment = it->second;
    if (enrollment.Expired(now_ms)) {
      Close(enrollment, /*registered=*/false);
      ended = true;
    }
    const bool forget = enrollment.closed() && now_ms >= enrollment.opened_ms() + limits::kEnrollmentWindowMs;
    if (forget) --count_;
    it = forget ? account.erase(it) : std::next(it);
  }
  return ended;
}

Enrollment* Relay::Find(const std::string& partition, const EnrollmentId& id) {
  const auto account = accounts_.find(partition);
  if (account == accounts_.end()) return nullptr;
  for (auto& [key, enrollment] : account->second) {
    if (key != id) continue;
    if (enrollment.Expired(NowMs())) Close(enrollment, /*registered=*/false);
    return &enrollment;
  }
  return nullptr;
}

absl::StatusOr<Enrollment*> Relay::FindOpen(const std::string& partition, const EnrollmentId& id) {
  Enrollment* enrollment = Find(partition, id);
  if (enrollment == nullptr || enrollment->closed()) return errors::EnrollmentClosed();
  return enrollment;
}

absl::StatusOr<Opened> Relay::Open(const std::string& partition, const crypto::DevicePublicKeys& keys,
                                   const Nonce& nonce, std::string sealed_label) {
  Opened opened;
  random_.Fill({opened.id.data(), EnrollmentId::kSize});
  {
    const absl::MutexLock lock(&mutex_);
    const int64_t now_ms = NowMs();
    if (const auto known = accounts_.find(partition); known != accounts_.end()) {
      Tidy(known->second, now_ms);
      if (known->second.size() >= limits::kEnrollmentsPerAccount) {
        const int64_t free_ms = known->second.front().second.opened_ms() + limits::kEnrollmentWindowMs;
        return errors::RateLimited("enrollments_per_account", std::max<int64_t>(free_ms - now_ms, 1));
      }
    }
    Enrollment enrollment(keys, nonce, std::move(sealed_label), now_ms);
    const bool full = held_bytes_ + enrollment.held_bytes() > limits::kEnrollmentBytes;
    if (full || count_ >= limits::kEnrollments) return errors::RateLimited("enrollments", limits::kEnrollmentTtlMs);
    opened.expire_ms = enrollment.progress().expire_ms;
    held_bytes_ += enrollment.held_bytes();
    ++count_;
    accounts_[partition].emplace_back(opened.id, std::move(enrollment));
  }
  on_change_(partition, /*membership=*/false);
  return opened;
}

absl::StatusOr<std::optional<mailbox::Caller>> Relay::MemberOf(const std::string& partition, const EnrollmentId& id) {
  const absl::MutexLock lock(&mutex_);
  absl::StatusOr<Enrollment*> enrollment = FindOpen(partition, id);
  if (!enrollment.ok()) return enrollment.status();
  return (*enrollment)->member();
}

absl::StatusOr<Progress> Relay::Send(const std::string& partition, const EnrollmentId& id,
                                     const std::optional<mailbox::Caller>& member, Message message) {
  Progress progress;
  {
    const absl::MutexLock lock(&mutex_);
    absl::StatusOr<Enrollment*> found = FindOpen(partition, id);
    if (!found.ok()) return found.status();
    Enrollment& enrollment = **found;
    if (held_bytes_ + message.payload.size() > limits::kEnrollmentBytes) {
      return errors::RateLimited("enrollment_bytes", limits::kEnrollmentTtlMs);
    }
    const uint32_t before = enrollment.end_sequence();
    held_bytes_ -= enrollment.held_bytes();
    const absl::Status status = enrollment.Accept(member, std::move(message), NowMs());
    held_bytes_ += enrollment.held_bytes();
    if (!status.ok()) return status;
    progress = enrollment.progress();
    // A repeat wakes nobody.
    if (!enrollment.closed() && enrollment.end_sequence() == before) return progress;
  }
  on_change_(partition, /*membership=*/false);
  return progress;
}

std::optional<Event> Relay::NextOf(const Enrollment& enrollment, const mailbox::Caller& member,
                                   MemberCursor::Seen& seen) {
  const auto& owner = enrollment.member();
  const bool own = owner.has_value() && owner->device_id == member.device_id;
  const bool over = enrollment.closed() || (owner.has_value() && !own);
  if (!over) return enrollment.Next(Side::kMember, seen.sequence);
  // The end is for whoever was told of the beginning: on this stream, or on an earlier one of the device that
  // consented.
  if (seen.ended || (seen.sequence == 0 && !own)) return std::nullopt;
  seen.ended = true;
  Event event;
  event.sequence = enrollment.end_sequence();
  event.step = enrollment.registered() ? Step::kRegistered : Step::kClosed;
  event.expire_ms = enrollment.progress().expire_ms;
  return event;
}

std::optional<MemberEvent> Relay::NextForMember(const mailbox::Caller& member, MemberCursor& cursor) {
  const absl::MutexLock lock(&mutex_);
  const auto account = accounts_.find(member.partition);
  if (account == accounts_.end()) return std::nullopt;
  const int64_t now_ms = NowMs();
  for (auto& [id, enrollment] : account->second) {
    if (enrollment.Expired(now_ms)) Close(enrollment, /*registered=*/false);
    MemberCursor::Seen& seen = cursor.seen[id];
    std::optional<Event> event = NextOf(enrollment, member, seen);
    if (!event.has_value()) continue;
    seen.sequence = event->sequence;
    return MemberEvent{id, *std::move(event)};
  }
  return std::nullopt;
}

absl::StatusOr<std::optional<NewDeviceView>> Relay::NextForNewDevice(const std::string& partition,
                                                                     const EnrollmentId& id, uint32_t after) {
  const absl::MutexLock lock(&mutex_);
  const Enrollment* enrollment = Find(partition, id);
  if (enrollment == nullptr) return errors::EnrollmentClosed();
  if (enrollment->registered()) return std::optional<NewDeviceView>();
  if (enrollment->closed()) return errors::EnrollmentClosed();
  return NewDeviceView{enrollment->member(), enrollment->Next(Side::kNewDevice, after)};
}

absl::StatusOr<Grant> Relay::GrantOf(const std::string& partition, const EnrollmentId& id,
                                     const crypto::DevicePublicKeys& keys) {
  const absl::MutexLock lock(&mutex_);
  absl::StatusOr<Enrollment*> enrollment = FindOpen(partition, id);
  if (!enrollment.ok()) return enrollment.status();
  auto temporary = (*enrollment)->Temporary(keys);
  if (!temporary.ok()) return temporary.status();
  return Grant{*(*enrollment)->member(), *std::move(temporary)};
}

void Relay::Registered(const std::string& partition, const EnrollmentId& id) {
  {
    const absl::MutexLock lock(&mutex_);
    Enrollment* enrollment = Find(partition, id);
    if (enrollment == nullptr || enrollment->registered()) return;
    Close(*enrollment, /*registered=*/true);
  }
  on_change_(partition, /*membership=*/false);
}

void Relay::MemberRemoved(const std::string& partition, DeviceId device_id) {
  {
    const absl::MutexLock lock(&mutex_);
    if (const auto account = accounts_.find(partition); account != accounts_.end()) {
      for (auto& [id, enrollment] : account->second) {
        const bool theirs = enrollment.member().has_value() && enrollment.member()->device_id == device_id;
        if (theirs && !enrollment.closed()) Close(enrollment, /*registered=*/false);
      }
    }
  }
  on_change_(partition, /*membership=*/true);  // in any case: its streams are to find out
}

void Relay::MailboxDeleted(const std::string& partition) {
  {
    const absl::MutexLock lock(&mutex_);
    if (const auto account = accounts_.find(partition); account != accounts_.end()) {
      for (auto& [id, enrollment] : account->second) {
        if (!enrollment.closed()) Close(enrollment, /*registered=*/false);
      }
    }
  }
  on_change_(partition, /*membership=*/true);
}

void Relay::Sweep() {
  std::vector<std::string> changed;
  {
    const absl::MutexLock lock(&mutex_);
    const int64_t now_ms = NowMs();
    for (auto it = accounts_.begin(); it != accounts_.end();) {
      if (Tidy(it->second, now_ms)) changed.push_back(it->first);
      const auto here = it++;
      if (here->second.empty()) accounts_.erase(here);
    }
  }
  for (const std::string& partition : changed) on_change_(partition, /*membership=*/false);
}

std::size_t Relay::held_bytes() const {
  const absl::MutexLock lock(&mutex_);
  return held_bytes_;
}

}  // namespace labyrinth::enrollment
