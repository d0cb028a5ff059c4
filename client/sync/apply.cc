#include "client/sync/apply.h"

#include <iterator>
#include <optional>
#include <utility>

#include "common/limits.h"

namespace labyrinth::client {
namespace {

constexpr int kSweepRows = 256;  // in memory at a time

const std::string& ContentOf(const HistoryMessage& message) {
  static const std::string kNone;
  if (message.verified() != nullptr) return message.verified()->content;
  return message.foreign() != nullptr ? message.foreign()->unverified_content : kNone;
}

// Nothing that a reader would see differs. The revision and the epoch may: a message that was saved again.
bool LooksTheSame(const HistoryMessage& a, const HistoryMessage& b) {
  return a.row().thread_id == b.row().thread_id && a.row().timestamp_ms == b.row().timestamp_ms &&
         a.row().expire_ms == b.row().expire_ms && (a.verified() == nullptr) == (b.verified() == nullptr) &&
         (a.verified() == nullptr || a.verified()->writer == b.verified()->writer) && ContentOf(a) == ContentOf(b);
}

LocalChange Of(LocalChangeKind kind, const RowClaims& row, DeviceId by = {}) {
  return {.kind = kind,
          .thread_id = row.thread_id,
          .message_id = row.message_id,
          .timestamp_ms = row.timestamp_ms,
          .device_id = {},
          .epoch_id = {},
          .by_device_id = by};
}

}  // namespace

void Applied::Add(Applied other) {
  const auto append = [](auto& to, auto& from) {
    to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  };
  append(changes, other.changes);
  append(tampering, other.tampering);
  taken += other.taken;
}

absl::Status Applier::Refuse(const RowClaims& row, Tampering kind) {
  const RefusedRow refused{row.thread_id, row.message_id, kind};
  applied_.tampering.push_back(refused);
  // Only what could be a message's id is remembered.
  const bool plausible = !row.message_id.empty() && row.message_id.size() <= limits::kMessageIdBytes &&
                         row.thread_id.size() <= limits::kThreadIdBytes;
  return plausible ? cache_.PutRefused(refused) : absl::OkStatus();
}

bool Applier::IsOlder(const HistoryMessage& message, const CacheRow& known) const {
  const VerifiedBody* now = message.verified();
  const VerifiedBody* before = known.message.verified();
  if (now != nullptr && before != nullptr && now->writer == before->writer &&
      now->change_number < before->change_number) {
    return true;
  }
  return !restoring_ && message.row().revision < known.message.row().revision;
}

absl::Status Applier::Take(const HistoryMessage& message, const CachePlace& place) {
  const RowClaims& row = message.row();
  auto known = cache_.Find(row.message_id);
  if (!known.ok()) return known.status();
  const int64_t round = cache_.state().round;
  std::optional<Tampering> refused;
  if (message.tampered() != nullptr) refused = message.tampered()->kind;
  const bool older = !refused && known->has_value() && IsOlder(message, **known);
  // A later copy meets the backup's version again.
  if (older && (restoring_ || (*known)->lacking == Lacking::kNewest)) {
    return cache_.SetLacking(row.message_id, Lacking::kNewest);
  }
  if (older) refused = Tampering::kRolledBack;
  if (refused) {
    if (absl::Status s = Refuse(row, *refused); !s.ok()) return s;
    if (!known->has_value()) return absl::OkStatus();
    // It is there, if only in this state: not to be swept away.
    (*known)->round = round;
    return cache_.Touch(**known);
  }
  if (absl::Status s = cache_.RemoveRefused(row.message_id); !s.ok()) return s;
  if (row.expire_ms != 0 && row.expire_ms <= now_ms_) {
    return known->has_value() ? RemoveRow(**known, LocalChangeKind::kExpired, {}) : absl::OkStatus();
  }
  CacheRow next{.message = message, .place = place, .round = round, .lacking = Lacking::kNothing};
  next.place.timestamp_ms = row.timestamp_ms;
  ++applied_.taken;
  if (!known->has_value()) {
    applied_.changes.push_back(Of(LocalChangeKind::kAdded, row));
  } else if (LooksTheSame((*known)->message, message)) {
    return cache_.Touch(next);
  } else {
    applied_.changes.push_back(Of(LocalChangeKind::kReplaced, row));
  }
  return cache_.Put(next);
}

absl::Status Applier::RemoveRow(const CacheRow& row, LocalChangeKind kind, DeviceId by) {
  const RowClaims& claims = row.message.row();
  const auto removed = cache_.Remove(claims.message_id);
  if (!removed.ok()) return removed.status();
  applied_.changes.push_back(Of(kind, claims, by));
  return absl::OkStatus();
}

absl::Status Applier::TakeChange(const HistoryChange& change, uint64_t revision, std::size_t index) {
  switch (change.kind) {
    case ChangeKind::kSaved:
    case ChangeKind::kReplaced: {
      // Absent: gone again since; the entry that says so follows.
      if (!change.message) return absl::OkStatus();
      CachePlace place{change.timestamp_ms, static_cast<int64_t>(revision), static_cast<int64_t>(index)};
      const auto known = cache_.Find(change.message_id);
      if (!known.ok()) return known.status();
      if (known->has_value()) place = (*known)->place;
      return Take(*change.message, place);
    }
    case ChangeKind::kDeleted:
    case ChangeKind::kExpired: {
      if (absl::Status s = cache_.RemoveRefused(change.message_id); !s.ok()) return s;
      const auto known = cache_.Find(change.message_id);
      if (!known.ok()) return known.status();
      if (!known->has_value()) return absl::OkStatus();
      const bool deleted = change.kind == ChangeKind::kDeleted;
      return RemoveRow(**known, deleted ? LocalChangeKind::kDeleted : LocalChangeKind::kExpired, change.by_device_id);
    }
    case ChangeKind::kDeviceAdded:
    case ChangeKind::kDeviceRevoked:
    case ChangeKind::kEpochOpened: {
      LocalChangeKind kind = LocalChangeKind::kEpochOpened;
      if (change.kind == ChangeKind::kDeviceAdded) kind = LocalChangeKind::kDeviceAdded;
      if (change.kind == ChangeKind::kDeviceRevoked) kind = LocalChangeKind::kDeviceRevoked;
      applied_.changes.push_back({.kind = kind,
                                  .thread_id = {},
                                  .message_id = {},
                                  .timestamp_ms = 0,
                                  .device_id = change.device_id,
                                  .epoch_id = change.epoch_id,
                                  .by_device_id = change.by_device_id});
      return absl::OkStatus();
    }
  }
  return absl::OkStatus();
}

absl::Status Applier::RemoveExpired() {
  for (;;) {
    const auto rows = cache_.ExpiredBy(now_ms_, kSweepRows);
    if (!rows.ok() || rows->empty()) return rows.status();
    for (const CacheRow& row : *rows) {
      if (absl::Status s = RemoveRow(row, LocalChangeKind::kExpired, {}); !s.ok()) return s;
    }
  }
}

absl::Status Applier::Sweep() {
  const int64_t round = cache_.state().round;
  for (;;) {
    const auto rows = cache_.NotInRound(round, kSweepRows);
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return cache_.RemoveRefusedBefore(round);
    for (const CacheRow& row : *rows) {
      // What is lacking already stays so until somebody decides.
      const bool keep = restoring_ || row.lacking == Lacking::kAll;
      const absl::Status done = keep ? cache_.SetLacking(row.message.row().message_id, Lacking::kAll)
                                     : RemoveRow(row, LocalChangeKind::kVanished, {});
      if (!done.ok()) return done;
    }
  }
}

}  // namespace labyrinth::client
