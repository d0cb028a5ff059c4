// One call of WatchEnrollments.
#ifndef LABYRINTH_CLIENT_ENROLLMENT_EVENT_STREAM_H_
#define LABYRINTH_CLIENT_ENROLLMENT_EVENT_STREAM_H_

#include <grpcpp/client_context.h>

#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "proto/labyrinth/v1/enrollment.grpc.pb.h"

namespace labyrinth::client {

// A stream that can be waited on for a while, and left at any time. Holds one event that nobody has taken, no more.
// Thread-compatible; gRPC's threads are its own business.
class EventStream {
 public:
  enum class Got {
    kEvent,
    kNothing,  // within the time
    kEnd,      // there will be no more: see end()
  };

  // Begins the call. `context` is authorized, and has its deadline. The stub is borrowed until the constructor returns.
  EventStream(v1::EnrollmentService::Stub& stub, std::unique_ptr<grpc::ClientContext> context,
              const v1::WatchEnrollmentsRequest& request);
  // Cancels the call, and waits for its end.
  ~EventStream();
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  Got Next(absl::Duration wait, v1::WatchEnrollmentsResponse& event);

  // After kEnd: how the call ended, with its reason.
  absl::Status end() const;

 private:
  struct Shared;
  class Reactor;

  std::shared_ptr<Shared> shared_;
  Reactor* reactor_;  // deletes itself; there until no read succeeds any more
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ENROLLMENT_EVENT_STREAM_H_
