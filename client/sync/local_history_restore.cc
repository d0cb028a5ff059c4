// A server whose store came back from a backup: what this device has and the server hasn't.
#include <map>
#include <string>
#include <vector>

#include "client/sync/local_history.h"
#include "common/limits.h"

namespace labyrinth::client {

absl::Status LocalHistory::Settle(const std::vector<std::string>& ids, const SaveReport& saved,
                                  SaveLackingReport& report) {
  absl::MutexLock lock(&mutex_);
  Applied applied;
  return Apply(
      /*restoring=*/false,
      [&](Applier&) {
        mutex_.AssertHeld();
        for (std::size_t i = 0; i < ids.size(); ++i) {
          const SaveOutcome outcome = saved.outcomes[i];
          if (outcome == SaveOutcome::kWasDeleted) {
            const auto removed = cache_->Remove(ids[i]);
            if (!removed.ok()) return removed.status();
            ++report.deleted;
            continue;
          }
          if (absl::Status s = cache_->SetLacking(ids[i], Lacking::kNothing); !s.ok()) return s;
          ++(outcome == SaveOutcome::kKeptExisting ? report.existing : report.saved);
        }
        return absl::OkStatus();
      },
      applied);
}

absl::StatusOr<SaveLackingReport> LocalHistory::SaveLacking() {
  absl::StatusOr<std::vector<CacheRow>> rows;
  {
    absl::MutexLock lock(&mutex_);
    if (absl::Status s = Expire(); !s.ok()) return s;
    rows = cache_->ListLacking();
  }
  if (!rows.ok()) return rows.status();
  SaveLackingReport report;
  for (const bool replace : {false, true}) {
    std::vector<NewMessage> messages;
    std::vector<std::string> ids;
    const auto flush = [&]() -> absl::Status {
      if (messages.empty()) return absl::OkStatus();
      const auto saved = client_.history().SaveAll(
          messages, {.on_conflict = replace ? OnConflict::kReplace : OnConflict::kKeepExisting});
      if (!saved.ok()) return saved.status();
      const absl::Status settled = Settle(ids, *saved, report);
      messages.clear();
      ids.clear();
      return settled;
    };
    for (const CacheRow& row : *rows) {
      if ((row.lacking == Lacking::kNewest) != replace) continue;
      const VerifiedBody* body = row.message.verified();
      const RowClaims& claims = row.message.row();
      if (body == nullptr) {
        ++report.unverified;
        continue;
      }
      messages.push_back({.thread_id = claims.thread_id,
                          .message_id = claims.message_id,
                          .timestamp_ms = claims.timestamp_ms,
                          .expire_ms = claims.expire_ms,
                          .content = body->content});
      ids.push_back(claims.message_id);
      if (messages.size() < limits::kSaveBatchMessages) continue;
      if (absl::Status s = flush(); !s.ok()) return s;
    }
    if (absl::Status s = flush(); !s.ok()) return s;
  }
  return report;
}

absl::Status LocalHistory::ForgetLacking() {
  absl::StatusOr<std::vector<CacheRow>> rows;
  {
    absl::MutexLock lock(&mutex_);
    rows = cache_->ListLacking();
  }
  if (!rows.ok()) return rows.status();
  std::vector<std::string> ids;
  std::map<std::string, CachePlace> places;
  for (const CacheRow& row : *rows) {
    ids.push_back(row.message.row().message_id);
    places[ids.back()] = row.place;
  }
  if (ids.empty()) return absl::OkStatus();
  const auto there = client_.history().GetMessages(ids);
  if (!there.ok()) return there.status();
  absl::MutexLock lock(&mutex_);
  Applied applied;
  return Apply(
      /*restoring=*/false,
      [&](Applier& applier) {
        mutex_.AssertHeld();
        for (const std::string& id : ids) {
          if (const auto removed = cache_->Remove(id); !removed.ok()) return removed.status();
        }
        for (const HistoryMessage& message : there->messages) {
          const auto place = places.find(message.row().message_id);
          if (place == places.end()) continue;
          if (absl::Status s = applier.Take(message, place->second); !s.ok()) return s;
        }
        return absl::OkStatus();
      },
      applied);
}

}  // namespace labyrinth::client
