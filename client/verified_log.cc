#include "client/verified_log.h"

#include <fmt/format.h>

#include <utility>

#include "client/convert.h"
#include "client/page_walk.h"
#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::client {
namespace {

constexpr char kForked[] = "membership log: forked: the server shows another history than this device has verified";
constexpr char kShorter[] = "membership log: shorter than this device has seen it: the server withdrew entries";

bool OpensEpoch(crypto::LogEntryKind kind) {
  return kind == crypto::LogEntryKind::kCreate || kind == crypto::LogEntryKind::kOpenEpoch;
}

using Positions = std::span<const crypto::LogPosition>;

absl::Status CheckKept(Positions kept, const crypto::LogPosition& now) {
  for (const crypto::LogPosition& position : kept) {
    if (now.length == position.length && now.head != position.head) return Violation(kForked);
  }
  return absl::OkStatus();
}

absl::Status AppendPage(const v1::ListLogResponse& page, Positions kept, VerifiedLog& log) {
  for (const v1::LogEntry& row : page.log_entries()) {
    if (log.position().length >= kMaxLogEntries) return Violation("membership log: it has no end");
    const auto entry = FromProto(row);
    if (!entry.ok()) return entry.status();
    if (absl::Status s = log.Append(*entry); !s.ok()) return s;
    if (absl::Status s = CheckKept(kept, log.position()); !s.ok()) return s;
  }
  return absl::OkStatus();
}

// The end of the walk against what the server called the end.
absl::Status CheckEnd(const v1::ListLogResponse& page, Positions kept, const crypto::LogPosition& ours) {
  if (ours.length == 0) return Violation("membership log: it is empty");
  for (const crypto::LogPosition& position : kept) {
    if (ours.length < position.length) return Violation(kShorter);
  }
  if (page.head_index() < ours.last_index()) return Violation(kShorter);
  if (page.head_index() > ours.last_index())
    return Violation("membership log: withheld: entries before its head are missing");
  if (page.head() != ours.head.view()) return Violation(kForked);
  return absl::OkStatus();
}

}  // namespace

absl::Status VerifiedLog::Append(const crypto::SignedLogEntry& entry) {
  const uint64_t index = position().length;
  const auto decoded = state_.Apply(entry);
  if (ReasonOf(decoded.status()) == Reason::kLogStale) return Violation(kForked);
  if (!decoded.ok()) return Violation(fmt::format("membership log: entry {}", index), decoded.status());
  if (decoded->kind != crypto::LogEntryKind::kRemove && decoded->subject_kind != crypto::SubjectKind::kNone) {
    device_keys_.push_back(decoded->subject_device_key);
  }
  if (OpensEpoch(decoded->kind)) {
    openings_.push_back(
        {.commitment = {.log_index = index, .head = position().head, .members_hash = crypto::MembersHash(state_)},
         .opener = decoded->actor_device_key,
         .time_ms = decoded->time_ms});
  }
  return absl::OkStatus();
}

const VerifiedLog::Opening* VerifiedLog::FindOpening(uint64_t sequence_id) const {
  // Create is sequence 0 and every open one more, which MembershipState enforces.
  return sequence_id < openings_.size() ? &openings_[sequence_id] : nullptr;
}

absl::Status SyncLog(Api& api, std::span<const crypto::LogPosition> kept, VerifiedLog& log) {
  VerifiedLog next = log;
  v1::ListLogRequest request;
  if (!next.empty()) request.set_after_index(next.position().last_index());
  request.set_page_size(limits::kPageItems);
  v1::ListLogResponse page;
  for (PageWalk walk; !walk.done();) {
    request.set_page_token(walk.token());
    auto response = api.ListLog(request);
    if (!response.ok()) return response.status();
    page = *std::move(response);
    if (absl::Status s = AppendPage(page, kept, next); !s.ok()) return s;
    if (absl::Status s = walk.Advance(page.next_page_token(), page.log_entries_size()); !s.ok()) return s;
  }
  if (absl::Status s = CheckEnd(page, kept, next.position()); !s.ok()) return s;
  log = std::move(next);
  return absl::OkStatus();
}

}  // namespace labyrinth::client
