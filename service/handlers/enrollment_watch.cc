#include "service/handlers/enrollment_watch.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "common/errors.h"
#include "service/handlers/enrollment_fields.h"

namespace labyrinth::service {

absl::Status SponsorStanding(const HandlerContext& context, const mailbox::Caller& sponsor, const absl::Status& read) {
  const auto reason = ReasonOf(read);
  if (reason != Reason::kDeviceRevoked && reason != Reason::kMailboxNotFound) return read;
  context.enrollments.MemberRemoved(sponsor.partition, sponsor.device_id);
  return errors::EnrollmentClosed();
}

grpc::ServerWriteReactor<v1::WatchEnrollmentsResponse>* MemberWatch::Begin(const std::shared_ptr<MemberWatch>& watch) {
  const mailbox::Caller& member = watch->member_;
  return watch->Stream::Begin(watch, fmt::format("device {} {}", member.device_id.value(), member.partition),
                              member.partition);
}

void MemberWatch::Produce(bool recheck) {
  if (context_.clock.NowMs() >= session_expire_ms_) return End(errors::TokenInvalid("session: expired"));
  std::optional<enrollment::MemberEvent> next = context_.enrollments.NextForMember(member_, cursor_);
  if (!next.has_value() && !recheck) return Rest();
  context_.sponsors.CheckMember(
      member_, ReadDeadline(), [this, keep = Keep(), next = std::move(next)](absl::Status status) {
        if (!status.ok()) return End(status);
        next.has_value() ? Send(ToProto(next->id, next->event), next->event.payload.size()) : Rest();
      });
}

grpc::ServerWriteReactor<v1::WatchEnrollmentsResponse>* NewDeviceWatch::Begin(
    const std::shared_ptr<NewDeviceWatch>& watch) {
  return watch->Stream::Begin(watch, fmt::format("enrollment {}", watch->id_.view()), watch->partition_);
}

void NewDeviceWatch::Produce(bool recheck) {
  if (context_.clock.NowMs() >= token_expire_ms_) return End(errors::TokenInvalid("account token: expired"));
  auto view = context_.enrollments.NextForNewDevice(partition_, id_, told_);
  if (!view.ok()) return End(view.status());
  if (!view->has_value()) return End(absl::OkStatus());
  const std::optional<mailbox::Caller>& member = (*view)->member;
  std::optional<enrollment::Event>& next = (*view)->event;
  // Only a member that consented says anything.
  if (!member.has_value() || (!next.has_value() && !recheck)) return Rest();
  context_.sponsors.CheckMember(*member, ReadDeadline(),
                                [this, keep = Keep(), member = *member, next = std::move(next)](absl::Status status) {
                                  status = SponsorStanding(context_, member, status);
                                  if (!status.ok()) return End(status);
                                  if (!next.has_value()) return Rest();
                                  told_ = next->sequence;
                                  Send(ToProto(id_, *next), next->payload.size());
                                });
}

}  // namespace labyrinth::service
