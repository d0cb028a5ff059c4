#include "service/server/readiness.h"

#include <fmt/format.h>

#include "absl/synchronization/notification.h"

namespace labyrinth::service {

namespace {

constexpr absl::Duration kProbeTimeout = absl::Seconds(5);
// What is refused sooner was refused on purpose, not given up on.
constexpr absl::Duration kAtOnce = absl::Seconds(1);

}  // namespace

Readiness::~Readiness() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Readiness::Start() {
  Check();
  thread_ = std::thread([this] { Loop(); });
}

void Readiness::Drain() {
  absl::MutexLock lock(&mutex_);
  draining_ = true;
  ready_ = false;
  health_.SetServingStatus(kService, false);
}

void Readiness::Undrain() {
  absl::MutexLock lock(&mutex_);
  draining_ = false;
}

bool Readiness::ready() const {
  absl::MutexLock lock(&mutex_);
  return ready_.value_or(false);
}

bool Readiness::draining() const {
  absl::MutexLock lock(&mutex_);
  return draining_;
}

void Readiness::Loop() {
  for (;;) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), kProbeInterval)) return;
    }
    Check();
  }
}

bool Readiness::Probe() {
  storage::CommitRequest commit;
  commit.partition = kProbePartition;
  commit.expect = probe_at_;
  commit.writes = {{"probed_ms", fmt::format("{}", clock_.NowMs())}};
  commit.deadline = absl::FromUnixMillis(clock_.NowMs()) + kProbeTimeout;
  storage::CommitResult result;
  absl::Notification done;
  const absl::Time start = absl::Now();
  engine_.Commit(std::move(commit), [&](storage::CommitResult r) {
    result = std::move(r);
    done.Notify();
  });
  done.WaitForNotification();
  using Outcome = storage::CommitResult::Outcome;
  // A conflict is as good: it tells where the partition stands, after a restart or beside another node.
  if (result.outcome == Outcome::kCommitted || result.outcome == Outcome::kConflict) {
    probe_at_ = result.position;
    return true;
  }
  return result.outcome == Outcome::kFailed && absl::Now() - start < kAtOnce && engine_health_().ok();
}

void Readiness::Report(bool ready) {
  absl::MutexLock lock(&mutex_);
  ready = ready && !draining_;
  health_.SetServingStatus(kService, ready);
  if (ready == ready_ || draining_) return;
  ready_ = ready;
  if (ready) {
    log_.Event(LogLevel::kInfo, "ready");
  } else {
    const absl::Status engine = engine_health_();
    const std::string why = engine.ok() ? "storage doesn't answer in time" : std::string(engine.message());
    log_.Event(LogLevel::kError, "not_ready").About(OperatorText(why));
  }
}

}  // namespace labyrinth::service
