#include "client/sync/local_history.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "client/caller.h"
#include "client/convert.h"
#include "client/core.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

constexpr char kFileName[] = "/history.db";

// Full copies in one call: a feed that asks for them again and again isn't followed.
constexpr int kRounds = 3;

constexpr int kMaxPageRows = 1000;
constexpr int64_t kFirstPauseMs = 200, kMaxPauseMs = 30'000, kPauseSliceMs = 200;

// What a new copy cures.
bool NeedsCopy(const absl::Status& status) {
  const auto reason = ReasonOf(status);
  return reason == Reason::kResyncRequired || reason == Reason::kStoreRestored;
}

bool WaitingMayHelp(const absl::Status& status) {
  return OutcomeIsOpen(status) || ReasonOf(status) == Reason::kRateLimited;
}

bool ConcernsMembers(const HistoryChange& change) {
  return change.kind == ChangeKind::kDeviceAdded || change.kind == ChangeKind::kDeviceRevoked ||
         change.kind == ChangeKind::kEpochOpened;
}

void Take(SyncReport& report, Applied applied) {
  Applied all{.changes = std::move(report.changes), .tampering = std::move(report.tampering)};
  all.Add(std::move(applied));
  report.changes = std::move(all.changes);
  report.tampering = std::move(all.tampering);
}

std::vector<HistoryMessage> MessagesOf(std::vector<CacheRow> rows) {
  std::vector<HistoryMessage> messages;
  messages.reserve(rows.size());
  for (CacheRow& row : rows) messages.push_back(std::move(row.message));
  return messages;
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalHistory>> LocalHistory::Open(LabyrinthClient& client) {
  return OpenAt(client, client.profile_dir() + kFileName);
}

absl::StatusOr<std::unique_ptr<LocalHistory>> LocalHistory::OpenAt(LabyrinthClient& client, const std::string& path) {
  if (!client.HasDevice()) {
    return absl::FailedPreconditionError("local history: this profile is no device yet: create a mailbox or join one");
  }
  auto cache = Cache::Open(path, client.core().enrolment().mailbox_id, client.core().random());
  if (!cache.ok()) return cache.status();
  std::unique_ptr<LocalHistory> local(new LocalHistory(client, *std::move(cache)));
  absl::MutexLock lock(&local->mutex_);
  local->seen_ms_ = local->cache_->state().seen_ms;
  if (absl::Status s = local->Expire(); !s.ok()) return s;
  return local;
}

absl::StatusOr<std::unique_ptr<LocalHistory>> LocalHistory::Rebuild(LabyrinthClient& client) {
  if (absl::Status s = Erase(client); !s.ok()) return s;
  return Open(client);
}

absl::Status LocalHistory::Erase(const LabyrinthClient& client) { return EraseAt(client.profile_dir() + kFileName); }

absl::Status LocalHistory::EraseAt(const std::string& path) { return Cache::Erase(path); }

int64_t LocalHistory::Now() {
  seen_ms_ = std::max(seen_ms_, client_.core().clock().NowMs());
  return seen_ms_;
}

absl::Status LocalHistory::Apply(bool restoring, absl::FunctionRef<absl::Status(Applier&)> work, Applied& applied) {
  const CacheState before = cache_->state();
  Applier applier(*cache_, Now(), restoring);
  absl::Status status;
  {
    Transaction transaction(cache_->database());
    status = transaction.Begin();
    if (status.ok()) status = work(applier);
    if (status.ok()) {
      CacheState state = cache_->state();
      state.seen_ms = seen_ms_;
      status = cache_->SetState(state);
    }
    if (status.ok()) status = cache_->Commit(transaction);
  }
  if (status.ok()) {
    applied = std::move(applier.applied());
  } else {
    cache_->RolledBack(before);
  }
  const absl::Status wiped = cache_->WipeRemoved();
  return status.ok() ? wiped : status;
}

absl::Status LocalHistory::Expire() {
  const auto due = cache_->ExpiredBy(Now(), 1);
  if (!due.ok()) return due.status();
  if (due->empty()) return absl::OkStatus();
  Applied applied;
  const absl::Status status = Apply(
      /*restoring=*/false, [](Applier& applier) { return applier.RemoveExpired(); }, applied);
  std::move(applied.changes.begin(), applied.changes.end(), std::back_inserter(expired_));
  return status;
}

// --- Following ---

absl::StatusOr<SyncReport> LocalHistory::Sync() {
  return Sync([](const DownloadProgress&) { return true; });
}

absl::StatusOr<SyncReport> LocalHistory::Sync(SyncProgress progress) {
  absl::Status status = CatchUp(progress, unreported_);
  if (status.ok()) status = Complete(unreported_);
  if (!status.ok()) return status;
  return std::exchange(unreported_, SyncReport());
}

absl::Status LocalHistory::CatchUp(SyncProgress progress, SyncReport& report) {
  absl::Status status;
  for (int round = 0; round < kRounds; ++round) {
    CachePhase phase;
    {
      absl::MutexLock lock(&mutex_);
      phase = cache_->state().phase;
    }
    if (phase == CachePhase::kEmpty) {
      if (absl::Status s = BeginDownload(); !s.ok()) return s;
    }
    status = phase == CachePhase::kFollowing ? absl::OkStatus() : Download(progress, report);
    const bool stale = ReasonOf(status) == Reason::kPageTokenInvalid;
    if (!status.ok() && !stale) return status;
    if (status.ok()) status = Follow(report);
    if (status.ok()) return status;
    if (!stale && !NeedsCopy(status)) return status;
    if (absl::Status s = BeginDownload(); !s.ok()) return s;
  }
  return status;
}

absl::Status LocalHistory::BeginDownload() {
  absl::MutexLock lock(&mutex_);
  Applied applied;
  return Apply(
      /*restoring=*/false,
      [this](Applier&) {
        mutex_.AssertHeld();
        CacheState state = cache_->state();
        // Nothing of a first copy was reported yet, and its generation may be another than the next one's.
        if (state.cursor.generation == 0) {
          if (absl::Status s = cache_->Clear(); !s.ok()) return s;
        }
        state.phase = CachePhase::kDownloading;
        state.as_of = {};
        state.resume_token.clear();
        ++state.round;
        return cache_->SetState(state);
      },
      applied);
}

absl::Status LocalHistory::Download(SyncProgress progress, SyncReport& report) {
  DownloadQuery query;
  {
    absl::MutexLock lock(&mutex_);
    query.resume_token = cache_->state().resume_token;
  }
  return client_.history().Download(query, [&](const DownloadBatch& batch) -> absl::Status {
    if (absl::Status s = ApplyDownload(batch, report); !s.ok()) return s;
    return progress(batch.progress) ? absl::OkStatus() : absl::CancelledError("interrupted");
  });
}

absl::Status LocalHistory::ApplyDownload(const DownloadBatch& batch, SyncReport& report) {
  absl::MutexLock lock(&mutex_);
  CacheState state = cache_->state();
  if (batch.as_of.generation == 0) return Violation("download: it names no generation");
  if (state.as_of.generation != 0 && state.as_of != batch.as_of) {
    return Violation("download: its moment changed while it went on");
  }
  const bool first = state.cursor.generation == 0;
  const bool restoring = !first && state.cursor.generation != batch.as_of.generation;
  // Newest first: later rows stand before earlier ones.
  int64_t index = -static_cast<int64_t>(batch.progress.done_count - batch.messages.size());
  Applied applied;
  const absl::Status status = Apply(
      restoring,
      [&](Applier& applier) {
        mutex_.AssertHeld();
        for (const HistoryMessage& message : batch.messages) {
          const CachePlace place{message.row().timestamp_ms, static_cast<int64_t>(batch.as_of.revision), index--};
          if (absl::Status s = applier.Take(message, place); !s.ok()) return s;
        }
        state = cache_->state();
        state.as_of = batch.complete ? FeedCursor() : batch.as_of;
        state.resume_token = batch.resume_token;
        if (batch.complete) {
          if (absl::Status s = applier.Sweep(); !s.ok()) return s;
          state.phase = CachePhase::kFollowing;
          state.cursor = batch.as_of;
        }
        return cache_->SetState(state);
      },
      applied);
  if (first) {
    report.first_copied += applied.taken;
    applied.changes.clear();
  }
  Take(report, std::move(applied));
  if (status.ok() && batch.complete) {
    report.restored = report.restored || restoring;
    report.resynced = report.resynced || !first;
  }
  return status;
}

absl::Status LocalHistory::Follow(SyncReport& report) {
  for (;;) {
    auto batch = client_.history().Changes(cursor());
    if (ReasonOf(batch.status()) == Reason::kInvalidField) {
      // No restore, by the server's own word: a generation is raised by each.
      return Violation("change feed: the server's history ends before what this device has seen of it");
    }
    if (!batch.ok()) return batch.status();
    const bool last = batch->next == batch->head;
    if (absl::Status s = ApplyChanges(*std::move(batch), report); !s.ok()) return s;
    if (last) return absl::OkStatus();
  }
}

absl::Status LocalHistory::FetchLeftOut(ChangeBatch& batch) {
  std::vector<std::string> ids;
  for (const Commit& commit : batch.commits) {
    for (const HistoryChange& change : commit.changes) {
      const bool saved = change.kind == ChangeKind::kSaved || change.kind == ChangeKind::kReplaced;
      if (saved && !change.message) ids.push_back(change.message_id);
    }
  }
  if (ids.empty()) return absl::OkStatus();
  auto found = client_.history().GetMessages(ids);
  if (!found.ok()) return found.status();
  std::map<std::string, HistoryMessage> by_id;
  for (HistoryMessage& message : found->messages) {
    std::string id = message.row().message_id;
    by_id.try_emplace(std::move(id), std::move(message));
  }
  for (Commit& commit : batch.commits) {
    for (HistoryChange& change : commit.changes) {
      const auto it = by_id.find(change.message_id);
      if (change.message || it == by_id.end() || ConcernsMembers(change)) continue;
      const RowClaims& row = it->second.row();
      const bool in_place = row.thread_id == change.thread_id && row.timestamp_ms == change.timestamp_ms;
      change.message = in_place ? it->second : HistoryMessage(row, TamperedBody{Tampering::kOutsideOfQuery});
    }
  }
  return absl::OkStatus();
}

absl::Status LocalHistory::ApplyChanges(ChangeBatch batch, SyncReport& report) {
  if (absl::Status s = FetchLeftOut(batch); !s.ok()) return s;
  const bool members = std::any_of(batch.commits.begin(), batch.commits.end(), [](const Commit& commit) {
    return std::any_of(commit.changes.begin(), commit.changes.end(), ConcernsMembers);
  });
  // The feed only says that there is something to look at.
  if (members) {
    if (absl::Status s = client_.core().Refresh(); !s.ok()) return s;
  }
  absl::MutexLock lock(&mutex_);
  if (batch.next == cache_->state().cursor) return Expire();
  Applied applied;
  const absl::Status status = Apply(
      /*restoring=*/false,
      [&](Applier& applier) {
        mutex_.AssertHeld();
        for (const Commit& commit : batch.commits) {
          for (std::size_t i = 0; i < commit.changes.size(); ++i) {
            if (absl::Status s = applier.TakeChange(commit.changes[i], commit.revision, i); !s.ok()) return s;
          }
        }
        if (absl::Status s = applier.RemoveExpired(); !s.ok()) return s;
        CacheState state = cache_->state();
        state.cursor = batch.next;
        return cache_->SetState(state);
      },
      applied);
  Take(report, std::move(applied));
  return status;
}

absl::Status LocalHistory::Complete(SyncReport& report) {
  absl::MutexLock lock(&mutex_);
  absl::Status expired = Expire();
  // The latest time has to outlive the process also where nothing else changed.
  if (expired.ok() && cache_->state().seen_ms < seen_ms_) {
    Applied nothing;
    expired = Apply(
        /*restoring=*/false, [](Applier&) { return absl::OkStatus(); }, nothing);
  }
  std::move(expired_.begin(), expired_.end(), std::back_inserter(report.changes));
  expired_.clear();
  if (!expired.ok()) return expired;
  const auto rows = cache_->ListLacking();
  if (!rows.ok()) return rows.status();
  report.lacking.clear();
  for (const CacheRow& row : *rows) {
    const RowClaims& claims = row.message.row();
    report.lacking.push_back({.thread_id = claims.thread_id,
                              .message_id = claims.message_id,
                              .timestamp_ms = claims.timestamp_ms,
                              .older_version_there = row.lacking == Lacking::kNewest,
                              .verified = row.message.verified() != nullptr});
  }
  return absl::OkStatus();
}

absl::Status LocalHistory::WatchForChanges(absl::FunctionRef<void(const SyncReport&)> callback, WatchStop& stop) {
  const auto wait = [&](int failures) {
    int64_t left_ms = std::min(kFirstPauseMs << std::min(failures, 10), kMaxPauseMs);
    for (; left_ms > 0 && !stop.requested(); left_ms -= kPauseSliceMs) {
      client_.core().connection().sleeper().SleepMs(std::min(left_ms, kPauseSliceMs));
    }
  };
  for (int failures = 0; !stop.requested();) {
    const auto report = Sync([&](const DownloadProgress&) { return !stop.requested(); });
    if (stop.requested() && !report.ok()) return absl::OkStatus();
    if (!report.ok()) {
      if (!WaitingMayHelp(report.status())) return report.status();
      wait(failures++);
      continue;
    }
    if (!report->empty()) callback(*report);
    const absl::Status status = client_.history().Watch(
        cursor(), /*include_messages=*/true,
        [&](const ChangeBatch& batch) -> absl::Status {
          failures = 0;
          if (absl::Status s = ApplyChanges(batch, unreported_); !s.ok()) return s;
          if (absl::Status s = Complete(unreported_); !s.ok()) return s;
          // Told once, by Sync.
          unreported_.lacking.clear();
          if (!unreported_.empty()) callback(std::exchange(unreported_, SyncReport()));
          return absl::OkStatus();
        },
        stop);
    if (!NeedsCopy(status) && !WaitingMayHelp(status)) return status;
    wait(failures++);
  }
  return absl::OkStatus();
}

// --- Reading ---

absl::StatusOr<LocalPage> LocalHistory::ReadThread(const ThreadQuery& query) {
  const int limit = std::clamp(query.limit, 1, kMaxPageRows);
  absl::MutexLock lock(&mutex_);
  if (absl::Status s = Expire(); !s.ok()) return s;
  auto rows = cache_->ListThread(query.thread_id, query.oldest_first, query.after, limit);
  if (!rows.ok()) return rows.status();
  LocalPage page;
  if (static_cast<int>(rows->size()) == limit) page.next = rows->back().place;
  page.messages = MessagesOf(*std::move(rows));
  return page;
}

absl::StatusOr<std::optional<HistoryMessage>> LocalHistory::Find(const std::string& message_id) {
  absl::MutexLock lock(&mutex_);
  if (absl::Status s = Expire(); !s.ok()) return s;
  auto row = cache_->Find(message_id);
  if (!row.ok()) return row.status();
  if (!row->has_value()) return std::optional<HistoryMessage>();
  return std::optional<HistoryMessage>(std::move((*row)->message));
}

absl::StatusOr<std::vector<HistoryMessage>> LocalHistory::ListThreads() {
  absl::MutexLock lock(&mutex_);
  if (absl::Status s = Expire(); !s.ok()) return s;
  auto rows = cache_->ListNewest();
  if (!rows.ok()) return rows.status();
  return MessagesOf(*std::move(rows));
}

absl::StatusOr<std::vector<RefusedRow>> LocalHistory::Refused() {
  absl::MutexLock lock(&mutex_);
  return cache_->ListRefused();
}

absl::StatusOr<uint64_t> LocalHistory::CountMessages() {
  absl::MutexLock lock(&mutex_);
  if (absl::Status s = Expire(); !s.ok()) return s;
  return cache_->Count();
}

FeedCursor LocalHistory::cursor() {
  absl::MutexLock lock(&mutex_);
  return cache_->state().cursor;
}

}  // namespace labyrinth::client
