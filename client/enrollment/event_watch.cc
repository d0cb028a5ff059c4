#include "client/enrollment/event_watch.h"

#include <chrono>

#include "absl/time/clock.h"
#include "client/convert.h"
#include "client/stubs.h"
#include "common/errors.h"
#include "crypto/labyrinth/one_time_keys.h"

namespace labyrinth::client {
namespace {

// How long to wait before looking whether to go on.
constexpr absl::Duration kSlice = absl::Milliseconds(100);

// One stream's life. The server repeats what it holds at the next one's beginning, a few short messages.
constexpr auto kStreamDeadline = std::chrono::seconds(60);

// A stream that lasted so long did work: what broke it says nothing about the next.
constexpr absl::Duration kWorked = absl::Seconds(5);

constexpr int kMaxRefusals = 3;

// The server bounds an account's to a few in ten minutes.
constexpr std::size_t kMaxEnrollments = 10'000;

}  // namespace

EventWatch EventWatch::OfNewDevice(Connection& connection, std::string enrollment_id) {
  const auto renew = std::make_shared<bool>(false);
  Credential credential{[&connection, renew](grpc::ClientContext& context) -> absl::Status {
                          const auto token = connection.Token(std::exchange(*renew, false));
                          if (token.ok()) AddToken(*token, context);
                          return token.status();
                        },
                        [renew](const absl::Status& status) { *renew = ReasonOf(status) == Reason::kTokenInvalid; }};
  return EventWatch(connection, std::move(credential), std::move(enrollment_id));
}

EventWatch EventWatch::OfMember(Connection& connection, Session& session) {
  Credential credential{[&session](grpc::ClientContext& context) { return session.Authorize(context); },
                        [&session](const absl::Status& status) { session.NoteEnd(status); }};
  return EventWatch(connection, std::move(credential), "");
}

absl::Status EventWatch::Begin() {
  auto context = std::make_unique<grpc::ClientContext>();
  if (absl::Status s = credential_.authorize(*context); !s.ok()) return s;
  context->set_deadline(std::chrono::system_clock::now() + kStreamDeadline);
  v1::WatchEnrollmentsRequest request;
  request.set_enrollment_id(enrollment_id_);
  begun_ = absl::Now();
  stream_ = std::make_unique<EventStream>(connection_.stubs().enrollment, std::move(context), request);
  return absl::OkStatus();
}

absl::Status EventWatch::AfterEnd() {
  absl::Status status = stream_->end();
  stream_.reset();
  credential_.note_end(status);
  // Its device is registered; whoever asks has done that by another call, or hasn't.
  if (status.ok()) return errors::EnrollmentClosed();
  const bool worked = absl::Now() - begun_ >= kWorked;
  if (worked) failures_ = refusals_ = 0;
  if (ReasonOf(status) == Reason::kTokenInvalid) return ++refusals_ < kMaxRefusals ? absl::OkStatus() : status;
  if (worked && absl::IsDeadlineExceeded(status)) return absl::OkStatus();
  return connection_.caller().PauseBeforeNext(status, ++failures_) ? absl::OkStatus() : status;
}

absl::StatusOr<bool> EventWatch::IsNew(const v1::WatchEnrollmentsResponse& event) {
  if (event.enrollment_id().size() != crypto::EnrollmentId::kSize ||
      (!enrollment_id_.empty() && event.enrollment_id() != enrollment_id_)) {
    return Violation("one-time code: the server tells of an enrolment that nobody asked about");
  }
  if (seen_.size() >= kMaxEnrollments) return Violation("one-time code: the server makes up enrolments without end");
  uint32_t& last = seen_[event.enrollment_id()];
  if (event.sequence() <= last) return false;
  last = event.sequence();
  return true;
}

absl::StatusOr<std::optional<v1::WatchEnrollmentsResponse>> EventWatch::Next(int64_t until_ms,
                                                                             absl::FunctionRef<bool()> go_on) {
  for (;;) {
    if (!go_on()) return absl::CancelledError("interrupted");
    if (connection_.clock().NowMs() >= until_ms) return std::nullopt;
    if (stream_ == nullptr) {
      if (absl::Status s = Begin(); !s.ok()) return s;
    }
    v1::WatchEnrollmentsResponse event;
    switch (stream_->Next(kSlice, event)) {
      case EventStream::Got::kNothing:
        continue;
      case EventStream::Got::kEnd:
        if (absl::Status s = AfterEnd(); !s.ok()) return s;
        continue;
      case EventStream::Got::kEvent:
        break;
    }
    const absl::StatusOr<bool> is_new = IsNew(event);
    if (!is_new.ok()) return is_new.status();
    if (!*is_new) continue;
    failures_ = refusals_ = 0;  // repeats alone are no progress
    return event;
  }
}

}  // namespace labyrinth::client
