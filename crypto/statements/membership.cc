#include "crypto/statements/membership.h"

#include <utility>

#include "common/errors.h"

namespace labyrinth::crypto {
namespace {

bool SameKeys(const LogMember& member, const LogEntry& entry) {
  return member.kind == entry.subject_kind && member.epoch_storage_key == entry.subject_epoch_storage_key &&
         member.epoch_storage_auth_key == entry.subject_epoch_storage_auth_key;
}

bool IsAdd(LogEntryKind kind) {
  return kind == LogEntryKind::kCreate || kind == LogEntryKind::kAddDevice || kind == LogEntryKind::kAddVirtualDevice;
}

}  // namespace

MembershipState::MembershipState(LogNames names, Snapshot snapshot)
    : names_(std::move(names)),
      position_(snapshot.position),
      epoch_sequence_(snapshot.epoch_sequence),
      closed_(snapshot.closed) {
  for (LogMember& member : snapshot.members) members_.insert_or_assign(member.device_key, std::move(member));
}

absl::Status MembershipState::Check(const LogEntry& entry) const {
  if (auto status = CheckShape(entry); !status.ok()) return status;
  if (auto status = CheckPosition(entry, position_, names_); !status.ok()) return status;
  if (closed_) return errors::InvalidField("log_entry.kind", "follows the entry that closed the mailbox");
  if (auto status = CheckActor(entry); !status.ok()) return status;
  if (auto status = CheckSubject(entry); !status.ok()) return status;
  return CheckSequence(entry);
}

absl::Status MembershipState::CheckActor(const LogEntry& entry) const {
  if (entry.kind == LogEntryKind::kCreate) return absl::OkStatus();  // itself, by its shape
  const LogMember* actor = Find(entry.actor_device_key);
  if (actor == nullptr) return errors::InvalidField("log_entry.actor", "was never a member");
  if (!actor->active()) return errors::InvalidField("log_entry.actor", "is no longer a member");
  if (actor->kind == SubjectKind::kVirtual && entry.kind != LogEntryKind::kAddDevice) {
    return errors::InvalidField("log_entry.actor", "is a virtual device, which may only sponsor a device");
  }
  return absl::OkStatus();
}

absl::Status MembershipState::CheckSubject(const LogEntry& entry) const {
  const LogMember* subject = Find(entry.subject_device_key);
  if (IsAdd(entry.kind)) {
    if (subject != nullptr) return errors::InvalidField("log_entry.subject_device_key", "was added before");
    return absl::OkStatus();
  }
  if (entry.kind != LogEntryKind::kRemove) return absl::OkStatus();
  if (subject == nullptr) return errors::InvalidField("log_entry.subject_device_key", "was never a member");
  if (!subject->active()) return errors::InvalidField("log_entry.subject_device_key", "was removed before");
  if (!SameKeys(*subject, entry)) return errors::InvalidField("log_entry.subject", "has other keys than the member");
  return absl::OkStatus();
}

absl::Status MembershipState::CheckSequence(const LogEntry& entry) const {
  const uint64_t expected = uint64_t{epoch_sequence_} + (entry.kind == LogEntryKind::kOpenEpoch ? 1 : 0);
  if (entry.epoch_sequence != expected) {
    return errors::InvalidField("log_entry.epoch_sequence", "is neither the current one nor, at an open, the next");
  }
  return absl::OkStatus();
}

absl::StatusOr<LogEntry> MembershipState::Apply(const SignedLogEntry& signed_entry) {
  auto entry = DecodeLogEntry(signed_entry.entry);
  if (!entry.ok()) return entry.status();
  if (auto status = Check(*entry); !status.ok()) return status;
  if (auto status = VerifyLogSignature(signed_entry, entry->actor_device_key); !status.ok()) return status;
  Fold(*entry);
  position_ = Advance(position_, signed_entry);
  return entry;
}

void MembershipState::Fold(const LogEntry& entry) {
  epoch_sequence_ = entry.epoch_sequence;
  if (IsAdd(entry.kind)) {
    members_[entry.subject_device_key] = LogMember{
        .kind = entry.subject_kind,
        .device_key = entry.subject_device_key,
        .epoch_storage_key = entry.subject_epoch_storage_key,
        .epoch_storage_auth_key = entry.subject_epoch_storage_auth_key,
        .sponsor = entry.actor_device_key,
        .added_index = entry.index,
        .added_ms = entry.time_ms,
        .removed_index = std::nullopt,
    };
  } else if (entry.kind == LogEntryKind::kRemove) {
    members_[entry.subject_device_key].removed_index = entry.index;
  } else if (entry.kind == LogEntryKind::kCloseMailbox) {
    closed_ = true;
  }
}

const LogMember* MembershipState::Find(const PublicKey& device_key) const {
  const auto it = members_.find(device_key);
  return it == members_.end() ? nullptr : &it->second;
}

std::vector<LogMember> MembershipState::ActiveMembers() const {
  std::vector<LogMember> out;
  for (const auto& [key, member] : members_) {
    if (member.active()) out.push_back(member);
  }
  return out;
}

absl::StatusOr<std::vector<PublicKey>> MembershipState::SponsorChain(const PublicKey& device_key) const {
  std::vector<PublicKey> chain;
  const LogMember* member = Find(device_key);
  // Applied entries make no cycle, a damaged snapshot might.
  while (member != nullptr && member->sponsor != member->device_key && chain.size() <= members_.size()) {
    chain.push_back(member->sponsor);
    member = Find(member->sponsor);
  }
  if (member == nullptr || member->sponsor != member->device_key) {
    return absl::NotFoundError("the membership log has no unbroken chain of sponsors for the device");
  }
  return chain;
}

std::vector<MembershipState::Descendant> MembershipState::DescendantsOf(const PublicKey& device_key,
                                                                        const PublicKey& opener) const {
  std::vector<Descendant> out;
  for (const auto& [key, member] : members_) {
    if (!member.active() || key == opener || key == device_key) continue;
    const auto chain = SponsorChain(key);
    if (!chain.ok()) continue;
    for (const PublicKey& sponsor : *chain) {
      if (sponsor == opener) break;
      if (sponsor == device_key) {
        out.push_back({key, member.sponsor == device_key});
        break;
      }
    }
  }
  return out;
}

}  // namespace labyrinth::crypto
