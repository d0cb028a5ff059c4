#include "client/enrollment/event_stream.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/rpc_status.h"

namespace labyrinth::client {

struct EventStream::Shared {
  std::unique_ptr<grpc::ClientContext> context;
  v1::WatchEnrollmentsRequest request;
  // gRPC's while a read is open, and otherwise whoever holds the mutex may take it.
  v1::WatchEnrollmentsResponse event;

  absl::Mutex mutex;
  bool full ABSL_GUARDED_BY(mutex) = false;  // `event` waits to be taken
  bool left ABSL_GUARDED_BY(mutex) = false;  // nobody will take another
  bool done ABSL_GUARDED_BY(mutex) = false;
  grpc::Status status ABSL_GUARDED_BY(mutex);
};

// Kept by a hold until the last read has ended, so that Next may begin one.
class EventStream::Reactor final : public grpc::ClientReadReactor<v1::WatchEnrollmentsResponse> {
 public:
  explicit Reactor(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  void Begin(v1::EnrollmentService::Stub& stub) {
    stub.async()->WatchEnrollments(shared_->context.get(), &shared_->request, this);
    AddHold();
    Read();
    StartCall();
  }
  void Read() { StartRead(&shared_->event); }
  void Leave() { RemoveHold(); }

 private:
  void OnReadDone(bool ok) override {
    bool last = !ok;
    {
      const absl::MutexLock lock(&shared_->mutex);
      shared_->full = ok;
      last = last || shared_->left;
    }
    if (last) Leave();
  }
  void OnDone(const grpc::Status& status) override {
    {
      const absl::MutexLock lock(&shared_->mutex);
      shared_->status = status;
      shared_->done = true;
    }
    delete this;
  }

  const std::shared_ptr<Shared> shared_;
};

EventStream::EventStream(v1::EnrollmentService::Stub& stub, std::unique_ptr<grpc::ClientContext> context,
                         const v1::WatchEnrollmentsRequest& request)
    : shared_(std::make_shared<Shared>()), reactor_(new Reactor(shared_)) {
  shared_->context = std::move(context);
  shared_->request = request;
  reactor_->Begin(stub);
}

EventStream::~EventStream() {
  shared_->context->TryCancel();
  bool idle = false;
  {
    const absl::MutexLock lock(&shared_->mutex);
    shared_->left = true;
    idle = shared_->full;  // no read is open whose end would be the last
  }
  if (idle) reactor_->Leave();
  const absl::MutexLock lock(&shared_->mutex);
  shared_->mutex.Await(absl::Condition(&shared_->done));
}

EventStream::Got EventStream::Next(absl::Duration wait, v1::WatchEnrollmentsResponse& event) {
  {
    const absl::MutexLock lock(&shared_->mutex);
    const auto something = [](Shared* shared) ABSL_NO_THREAD_SAFETY_ANALYSIS { return shared->full || shared->done; };
    if (!shared_->mutex.AwaitWithTimeout(absl::Condition(+something, shared_.get()), wait)) return Got::kNothing;
    if (!shared_->full) return Got::kEnd;
    event = std::move(shared_->event);
    shared_->full = false;
  }
  reactor_->Read();
  return Got::kEvent;
}

absl::Status EventStream::end() const {
  const absl::MutexLock lock(&shared_->mutex);
  return FromGrpc(shared_->status);
}

}  // namespace labyrinth::client
