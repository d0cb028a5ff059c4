#include "client/caller.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>

#include "common/errors.h"
#include "common/rpc_status.h"

namespace labyrinth::client {
namespace {

// What the server asked for; 0 if it didn't say.
int64_t AskedDelayMs(const absl::Status& status) {
  const auto details = DetailsOf(status);
  const auto it = details.find("retry_after_ms");
  if (it == details.end()) return 0;
  int64_t value = 0;
  const std::string& text = it->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? std::max<int64_t>(value, 0) : 0;
}

}  // namespace

bool OutcomeIsOpen(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnavailable || status.code() == absl::StatusCode::kDeadlineExceeded;
}

int64_t Caller::BackoffMs(const absl::Status& error, int attempt) {
  int64_t floor_ms = 0;
  if (ReasonOf(error) == Reason::kRateLimited) {
    floor_ms = AskedDelayMs(error);
    if (floor_ms > policy_.max_backoff_ms) return -1;
  } else if (!OutcomeIsOpen(error)) {
    return -1;
  }
  int64_t full_ms = policy_.initial_backoff_ms;
  for (int i = 1; i < attempt && full_ms < policy_.max_backoff_ms; ++i) full_ms *= 2;
  full_ms = std::min(full_ms, policy_.max_backoff_ms);
  // Jitter, so that clients cut off together don't come back together.
  const int64_t half_ms = full_ms / 2;
  const int64_t jitter_ms = half_ms > 0 ? static_cast<int64_t>(random_.NonZeroId() % (half_ms + 1)) : 0;
  return std::max(floor_ms, full_ms - jitter_ms);
}

absl::Status Caller::Once(absl::FunctionRef<grpc::Status(grpc::ClientContext&)> attempt) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(policy_.attempt_timeout_ms));
  return FromGrpc(attempt(context));
}

bool Caller::PauseBeforeNext(const absl::Status& error, int attempts) {
  if (attempts >= policy_.max_attempts) return false;
  const int64_t pause_ms = BackoffMs(error, attempts);
  if (pause_ms < 0) return false;
  sleeper_.SleepMs(pause_ms);
  return true;
}

absl::Status Caller::Run(absl::FunctionRef<grpc::Status(grpc::ClientContext&)> attempt) {
  for (int number = 1;; ++number) {
    const absl::Status status = Once(attempt);
    if (status.ok() || !PauseBeforeNext(status, number)) return status;
  }
}

}  // namespace labyrinth::client
