// The streams of WatchEnrollments: a member's over all enrolments of its mailbox, and a new device's over its own.
#ifndef LABYRINTH_SERVICE_HANDLERS_ENROLLMENT_WATCH_H_
#define LABYRINTH_SERVICE_HANDLERS_ENROLLMENT_WATCH_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "proto/labyrinth/v1/enrollment.pb.h"
#include "service/enrollment/relay.h"
#include "service/handlers/stream.h"

namespace labyrinth::service {

// What a new device is told when its sponsor's record was read with this result. A sponsor that is gone ends what it
// consented to: ENROLLMENT_CLOSED.
absl::Status SponsorStanding(const HandlerContext& context, const mailbox::Caller& sponsor, const absl::Status& read);

using EnrollmentStream = Stream<v1::WatchEnrollmentsResponse>;

// Nothing goes out before the device was found a member at that moment. Ends with TOKEN_INVALID with its session, and
// with what CheckMember says.
class MemberWatch final : public EnrollmentStream {
 public:
  MemberWatch(const HandlerContext& context, grpc::CallbackServerContext* rpc, mailbox::Caller member,
              int64_t session_expire_ms)
      : EnrollmentStream(context, context.enrollment_watches, rpc, "watch_enrollments"),
        member_(std::move(member)),
        session_expire_ms_(session_expire_ms) {
    SetPartition(member_.partition);
  }

  static grpc::ServerWriteReactor<v1::WatchEnrollmentsResponse>* Begin(const std::shared_ptr<MemberWatch>& watch);

 private:
  void Produce(bool recheck) override;

  const mailbox::Caller member_;
  const int64_t session_expire_ms_;
  enrollment::MemberCursor cursor_;
};

// A member's word goes out as long as it is one. Ends with TOKEN_INVALID with the account token, OK once a device is
// registered, ENROLLMENT_CLOSED.
class NewDeviceWatch final : public EnrollmentStream {
 public:
  NewDeviceWatch(const HandlerContext& context, grpc::CallbackServerContext* rpc, std::string partition,
                 const enrollment::EnrollmentId& id, int64_t token_expire_ms)
      : EnrollmentStream(context, context.enrollment_watches, rpc, "watch_enrollments"),
        partition_(std::move(partition)),
        id_(id),
        token_expire_ms_(token_expire_ms) {
    SetPartition(partition_);
  }

  static grpc::ServerWriteReactor<v1::WatchEnrollmentsResponse>* Begin(const std::shared_ptr<NewDeviceWatch>& watch);

 private:
  void Produce(bool recheck) override;

  const std::string partition_;
  const enrollment::EnrollmentId id_;
  const int64_t token_expire_ms_;
  uint32_t told_ = 0;  // the last sequence
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_ENROLLMENT_WATCH_H_
