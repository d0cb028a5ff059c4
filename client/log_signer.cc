#include "client/log_signer.h"

#include <algorithm>

#include "common/limits.h"

namespace labyrinth::client {

absl::StatusOr<crypto::SignedLogEntry> LogSigner::Sign(crypto::LogEntryKind kind, const Body& body) {
  crypto::LogEntry entry;
  entry.kind = kind;
  entry.index = log_.position().length;
  entry.previous_head = log_.position().head;
  entry.server_name = log_.names().server_name;
  entry.account_id = log_.names().account_id;
  entry.time_ms = std::clamp<int64_t>(clock_.NowMs(), 0, limits::kTimestampMs);
  if (body.subject.has_value()) crypto::SetSubject(entry, *body.subject);
  entry.epoch_sequence = body.epoch_sequence;
  entry.body_hash = body.hash;
  entry.actor_device_key = actor_.public_key;
  const auto signed_entry = crypto::SignLogEntry(entry, actor_.private_key, random_);
  if (!signed_entry.ok()) return signed_entry.status();
  if (const auto applied = log_.Apply(*signed_entry); !applied.ok()) return applied.status();
  return *signed_entry;
}

}  // namespace labyrinth::client
