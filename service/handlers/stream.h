// A server stream on the callback API: no thread of its own, one event at a time, each looked for when the client has
// taken the one before. So a slow client costs one response, never a queue, and one that takes nothing is let go.
#ifndef LABYRINTH_SERVICE_HANDLERS_STREAM_H_
#define LABYRINTH_SERVICE_HANDLERS_STREAM_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/limits.h"
#include "service/handlers/call.h"
#include "service/handlers/streams.h"

namespace labyrinth::service {

// Owned by shared_ptr; keeps itself from Begin() or Fail() until gRPC is done with it, and writes its line into the log
// then. Kick(), Tick(), Stop() and gRPC's own reactions are thread-safe; the protected calls are for whoever runs
// Produce().
template <typename Response>
class Stream : public grpc::ServerWriteReactor<Response>, public LiveStream {
 public:
  // How long one response may wait for the client to take it.
  static constexpr int64_t kWriteMs = limits::kStreamStallMs;

  // `streams`: those of its kind.
  Stream(const HandlerContext& context, Streams& streams, grpc::CallbackServerContext* rpc, Word method)
      : context_(context),
        streams_(streams),
        rpc_(rpc),
        start_(std::chrono::steady_clock::now()),
        record_{.method = method, .tag = RequestTag::Draw(context.random), .partition = {}, .status = {}} {}

  // What the handler returns to gRPC. `self` owns this stream; caller and topic as in Streams::Add.
  grpc::ServerWriteReactor<Response>* Begin(std::shared_ptr<Stream> self, std::string caller, std::string topic) {
    self_ = self;
    this->StartSendInitialMetadata();
    const absl::Status added = streams_.Add(self, std::move(caller), std::move(topic));
    added.ok() ? Kick(/*recheck=*/true) : Stop(added);
    return this;
  }
  // The same for a call that is refused at once.
  grpc::ServerWriteReactor<Response>* Fail(std::shared_ptr<Stream> self, const absl::Status& status) {
    self_ = std::move(self);
    Stop(status);
    return this;
  }

  void Kick(bool recheck) final ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      const absl::MutexLock lock(&mutex_);
      again_ = true;
      recheck_ = recheck_ || recheck;
      if (state_ != State::kIdle) return;
      state_ = State::kBusy;
    }
    Continue();
  }

  void Tick() final ABSL_LOCKS_EXCLUDED(mutex_) {
    if (!BeginCancel()) return Kick(/*recheck=*/false);
    rpc_->TryCancel();
    bool go_on;
    {
      const absl::MutexLock lock(&mutex_);
      cancelling_ = false;
      go_on = std::exchange(held_up_, false);
    }
    if (go_on) Continue();
  }

  void Stop(const absl::Status& why) final ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      const absl::MutexLock lock(&mutex_);
      if (!stop_.has_value()) stop_ = why;
      if (state_ != State::kIdle) return;
      state_ = State::kBusy;
    }
    Continue();
  }

  void OnWriteDone(bool ok) final ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      const absl::MutexLock lock(&mutex_);
      write_until_ms_.reset();
      if (!ok && !stop_.has_value()) stop_ = absl::CancelledError();
      response_ = Response();  // a stream that waits holds nothing
    }
    Continue();
  }
  void OnCancel() final { Stop(absl::CancelledError()); }
  void OnDone() final ABSL_LOCKS_EXCLUDED(mutex_) {
    std::shared_ptr<Stream> last;
    {
      const absl::MutexLock lock(&mutex_);
      record_.took = std::chrono::steady_clock::now() - start_;
      last = std::move(self_);
    }
    streams_.Remove(this);
    context_.log.OnCall(record_);
  }

 protected:
  // Looks for the next event and ends in exactly one call of Send(), Rest() or End(), at once or later, on any thread.
  // Never runs twice at a time. `recheck`: the caller's standing is to be looked at even if there is nothing to send.
  virtual void Produce(bool recheck) = 0;

  // Keeps the stream for whoever goes on with Produce() elsewhere.
  std::shared_ptr<Stream> Keep() const { return self_; }

  void Send(Response response, std::size_t payload_bytes) ABSL_LOCKS_EXCLUDED(mutex_) {
    bool stopped;
    {
      const absl::MutexLock lock(&mutex_);
      stopped = stop_.has_value();
      if (!stopped) {
        write_until_ms_ = context_.clock.NowMs() + kWriteMs;
        ++record_.messages;
        record_.bytes += payload_bytes;
        response_ = std::move(response);
      }
    }
    if (stopped) return Continue();
    this->StartWrite(&response_);
  }

  // Nothing now.
  void Rest() ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      const absl::MutexLock lock(&mutex_);
      if (!stop_.has_value() && !again_) {
        state_ = State::kIdle;
        return;
      }
    }
    Continue();
  }

  void End(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      const absl::MutexLock lock(&mutex_);
      if (!stop_.has_value()) stop_ = status;
    }
    Continue();
  }

  // For one read of the store: a stream that can't do it in that time ends, and is begun again. By the machine's clock,
  // as engines judge it: the server's own may lag behind.
  static absl::Time ReadDeadline() { return absl::Now() + absl::Seconds(10); }

  // For the log's pseudonym.
  void SetPartition(std::string partition) { record_.partition = std::move(partition); }

  const HandlerContext& context_;

 private:
  // kBusy: somebody produces, or a write is out; whoever that is goes on. Nothing follows kFinished.
  enum class State { kIdle, kBusy, kFinished };

  // Whether the write that is out has been waiting for too long. Then nothing goes on until the call was cancelled: it
  // lives until Finish().
  bool BeginCancel() ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::MutexLock lock(&mutex_);
    if (!write_until_ms_.has_value() || context_.clock.NowMs() < *write_until_ms_) return false;
    write_until_ms_.reset();
    cancelling_ = true;
    return true;
  }

  // The next thing to do while kBusy: finish, or produce.
  void Continue() ABSL_LOCKS_EXCLUDED(mutex_) {
    const std::shared_ptr<Stream> keep = Keep();  // beyond what comes of it
    bool recheck;
    std::optional<absl::Status> stop;
    {
      const absl::MutexLock lock(&mutex_);
      if (cancelling_) {
        held_up_ = true;
        return;
      }
      again_ = false;
      recheck = std::exchange(recheck_, false);
      stop = stop_;
      if (stop.has_value()) {
        state_ = State::kFinished;
        record_.status = *stop;
      }
    }
    if (!stop.has_value()) return Produce(recheck);
    this->Finish(AnswerOf(*stop, record_.tag));
  }

  Streams& streams_;
  grpc::CallbackServerContext* const rpc_;
  const std::chrono::steady_clock::time_point start_;

  absl::Mutex mutex_;
  // Whoever is busy has these three, and hands them on through the mutex.
  CallRecord record_;
  Response response_;  // the write that is out
  std::shared_ptr<Stream> self_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kIdle;
  bool again_ ABSL_GUARDED_BY(mutex_) = false;    // kicked while busy
  bool recheck_ ABSL_GUARDED_BY(mutex_) = false;  // and how
  std::optional<absl::Status> stop_ ABSL_GUARDED_BY(mutex_);
  std::optional<int64_t> write_until_ms_ ABSL_GUARDED_BY(mutex_);  // of the write that is out
  bool cancelling_ ABSL_GUARDED_BY(mutex_) = false;
  bool held_up_ ABSL_GUARDED_BY(mutex_) = false;  // somebody wanted to go on meanwhile
};

// A stream that was refused before it was known whose it is.
template <typename Response>
class RefusedStream final : public Stream<Response> {
 public:
  static grpc::ServerWriteReactor<Response>* Begin(const HandlerContext& context, Streams& streams,
                                                   grpc::CallbackServerContext* rpc, Word method,
                                                   const absl::Status& status) {
    const std::shared_ptr<RefusedStream> refused(new RefusedStream(context, streams, rpc, method));
    return refused->Fail(refused, status);
  }

 private:
  using Stream<Response>::Stream;
  void Produce(bool) override { this->Rest(); }
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_STREAM_H_
