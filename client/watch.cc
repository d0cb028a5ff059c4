#include "client/watch.h"

#include <grpcpp/client_context.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "client/caller.h"
#include "client/stubs.h"
#include "common/errors.h"
#include "common/rpc_status.h"

namespace labyrinth::client {

// Registers a call with its stop, for as long as it runs.
class WatchedCall {
 public:
  WatchedCall(WatchStop& stop, grpc::ClientContext& call) : stop_(stop), begun_(stop.Begin(call)) {}
  ~WatchedCall() {
    if (begun_) stop_.End();
  }
  WatchedCall(const WatchedCall&) = delete;
  WatchedCall& operator=(const WatchedCall&) = delete;
  bool begun() const { return begun_; }

 private:
  WatchStop& stop_;
  const bool begun_;
};

void WatchStop::Request() {
  absl::MutexLock lock(&mutex_);
  requested_ = true;
  if (call_ != nullptr) call_->TryCancel();
}

bool WatchStop::requested() const {
  absl::MutexLock lock(&mutex_);
  return requested_;
}

bool WatchStop::Begin(grpc::ClientContext& call) {
  absl::MutexLock lock(&mutex_);
  if (requested_) return false;
  call_ = &call;
  return true;
}

void WatchStop::End() {
  absl::MutexLock lock(&mutex_);
  call_ = nullptr;
}

namespace {

// A stream ends by itself after so long. It notices a peer that vanished without a word, at the price of one call.
constexpr std::chrono::minutes kStreamLife(5);

constexpr int64_t kFirstBackoffMs = 200, kMaxBackoffMs = 30'000;
constexpr int64_t kSleepSliceMs = 200;  // how late a stop is noticed while waiting

// One watch. Thread-compatible.
class Follower {
 public:
  using Take = absl::FunctionRef<absl::Status(const ChangeBatch&)>;

  Follower(Core& core, FeedCursor since, bool include_messages, Take take, WatchStop& stop)
      : core_(core), since_(since), include_messages_(include_messages), take_(take), stop_(stop) {}

  absl::Status Run() {
    int failures = 0;
    while (!stop_.requested()) {
      broken_ = false;
      heard_ = false;
      const absl::Status status =
          core_.api().Stream([this](Stubs& stubs, grpc::ClientContext& context) { return Attempt(stubs, context); });
      if (stopped_) return *stopped_;
      if (stop_.requested()) break;
      const bool transient = OutcomeIsOpen(status) || ReasonOf(status) == Reason::kRateLimited;
      if (!status.ok() && !transient) return status;
      if (heard_) failures = 0;
      if (status.ok() && !broken_) continue;
      Wait(failures++);
    }
    return absl::OkStatus();
  }

 private:
  // One stream. What a repetition would cure is swallowed here, since the pause before it must heed the stop.
  grpc::Status Attempt(Stubs& stubs, grpc::ClientContext& context) {
    if (stopped_) return grpc::Status(grpc::StatusCode::ABORTED, "");
    context.set_deadline(std::chrono::system_clock::now() + kStreamLife);
    v1::WatchRequest request;
    ToProto(since_, *request.mutable_since());
    request.set_include_messages(include_messages_);
    const WatchedCall call(stop_, context);
    if (!call.begun()) return grpc::Status::OK;
    const auto reader = stubs.history.Watch(&context, request);
    v1::WatchResponse response;
    while (!stopped_ && reader->Read(&response)) stopped_ = Accept(response);
    if (stopped_) context.TryCancel();
    const grpc::Status status = reader->Finish();
    if (stopped_) return grpc::Status(grpc::StatusCode::ABORTED, "");
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) return grpc::Status::OK;
    // The server has no reason to end it well either.
    broken_ = status.ok() || OutcomeIsOpen(FromGrpc(status)) || status.error_code() == grpc::StatusCode::CANCELLED;
    return broken_ ? grpc::Status::OK : status;
  }

  // nullopt: go on.
  std::optional<absl::Status> Accept(v1::WatchResponse& response) {
    auto batch = OpenChanges(core_, since_, response);
    if (!batch.ok()) return batch.status();
    if (absl::Status s = take_(*batch); !s.ok()) return s;
    since_ = batch->next;
    heard_ = true;
    return std::nullopt;
  }

  void Wait(int failures) {
    const int64_t full_ms = std::min(kFirstBackoffMs << std::min(failures, 10), kMaxBackoffMs);
    // Jitter, so that clients cut off together don't come back together.
    int64_t left_ms = full_ms / 2 + static_cast<int64_t>(core_.random().NonZeroId() % (full_ms / 2));
    for (; left_ms > 0 && !stop_.requested(); left_ms -= kSleepSliceMs) {
      core_.connection().sleeper().SleepMs(std::min(left_ms, kSleepSliceMs));
    }
  }

  Core& core_;
  FeedCursor since_;
  const bool include_messages_;
  const Take take_;
  WatchStop& stop_;
  bool broken_ = false;
  bool heard_ = false;  // since the last stream began
  std::optional<absl::Status> stopped_;
};

}  // namespace

absl::Status WatchFeed(Core& core, FeedCursor since, bool include_messages,
                       absl::FunctionRef<absl::Status(const ChangeBatch&)> take, WatchStop& stop) {
  if (absl::Status s = core.Ready(); !s.ok()) return s;
  if (absl::Status s = core.ReachFirstEpoch(); !s.ok()) return s;
  return Follower(core, since, include_messages, take, stop).Run();
}

}  // namespace labyrinth::client
