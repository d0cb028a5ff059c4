// What happens to enrolments, across broken connections.
#ifndef LABYRINTH_CLIENT_ENROLLMENT_EVENT_WATCH_H_
#define LABYRINTH_CLIENT_ENROLLMENT_EVENT_WATCH_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/connection.h"
#include "client/enrollment/event_stream.h"
#include "client/session.h"
#include "proto/labyrinth/v1/enrollment.pb.h"

namespace labyrinth::client {

// Each event once, in the server's order, however often the stream has to be begun anew: a stream begins with all that
// is held, and repeats are known by their sequence. A stream that says nothing is left after a minute, so that a dead
// connection is found out. Thread-compatible; borrows connection and session.
class EventWatch {
 public:
  // The new device's, by the account's token, of one enrolment.
  static EventWatch OfNewDevice(Connection& connection, std::string enrollment_id);
  // A member's, of all that its mailbox has.
  static EventWatch OfMember(Connection& connection, Session& session);

  // The next event; nullopt if none came until `until_ms`, by the connection's clock. CANCELLED as soon as `go_on`,
  // which is asked several times a second, says no. ENROLLMENT_CLOSED: a new device's enrolment is over. DATA_LOSS for
  // events that the server can't mean. Errors of the transport after bounded attempts.
  absl::StatusOr<std::optional<v1::WatchEnrollmentsResponse>> Next(int64_t until_ms, absl::FunctionRef<bool()> go_on);

 private:
  struct Credential {
    std::function<absl::Status(grpc::ClientContext&)> authorize;
    std::function<void(const absl::Status&)> note_end;
  };
  EventWatch(Connection& connection, Credential credential, std::string enrollment_id)
      : connection_(connection), credential_(std::move(credential)), enrollment_id_(std::move(enrollment_id)) {}

  absl::Status Begin();
  // OK: begin another.
  absl::Status AfterEnd();
  absl::StatusOr<bool> IsNew(const v1::WatchEnrollmentsResponse& event);

  Connection& connection_;
  Credential credential_;
  std::string enrollment_id_;  // empty: a member's
  std::unique_ptr<EventStream> stream_;
  absl::Time begun_;
  int failures_ = 0;  // streams in a row that came to nothing
  int refusals_ = 0;  // credentials in a row that were refused
  std::map<std::string, uint32_t> seen_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ENROLLMENT_EVENT_WATCH_H_
