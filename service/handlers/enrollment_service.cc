#include "service/handlers/enrollment_service.h"

#include <memory>
#include <utility>

#include "common/errors.h"
#include "service/converters/fields.h"
#include "service/handlers/enrollment_watch.h"

namespace labyrinth::service {

using Watch = grpc::ServerWriteReactor<v1::WatchEnrollmentsResponse>;

grpc::ServerUnaryReactor* EnrollmentServiceHandler::OpenEnrollment(grpc::CallbackServerContext* rpc,
                                                                   const v1::OpenEnrollmentRequest* request,
                                                                   v1::OpenEnrollmentResponse* response) {
  Call call(context_, rpc, "open_enrollment");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<AccountClaims> account = call.Account();
  if (!account.ok()) return call.Finish(account.status()), reactor;
  const std::string partition = call.PartitionOf(*account);
  auto fields = ParseOpenEnrollment(*request);
  if (!fields.ok()) return call.Finish(fields.status()), reactor;
  const absl::Time deadline = call.deadline();
  context_.sponsors.CheckMailbox(
      partition, deadline,
      [this, call = std::move(call), partition, fields = *std::move(fields), response](absl::Status status) mutable {
        if (!status.ok()) return call.Finish(status);
        auto opened = context_.enrollments.Open(partition, fields.keys, fields.nonce, std::move(fields.sealed_label));
        if (!opened.ok()) return call.Finish(opened.status());
        response->set_enrollment_id(opened->id.str());
        response->set_expire_ms(opened->expire_ms);
        call.Finish(absl::OkStatus());
      });
  return reactor;
}

absl::StatusOr<EnrollmentServiceHandler::Sender> EnrollmentServiceHandler::FindSender(Call& call) const {
  if (!call.HasSession()) {
    absl::StatusOr<AccountClaims> account = call.Account();
    if (!account.ok()) return account.status();
    return Sender{call.PartitionOf(*account), std::nullopt};
  }
  absl::StatusOr<mailbox::Caller> member = call.Device();
  if (!member.ok()) return member.status();
  const std::string partition = member->partition;
  return Sender{partition, *std::move(member)};
}

grpc::ServerUnaryReactor* EnrollmentServiceHandler::SendEnrollmentMessage(
    grpc::CallbackServerContext* rpc, const v1::SendEnrollmentMessageRequest* request,
    v1::SendEnrollmentMessageResponse* response) {
  Call call(context_, rpc, "send_enrollment_message");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<Sender> sender = FindSender(call);
  if (!sender.ok()) return call.Finish(sender.status()), reactor;
  auto fields = ParseEnrollmentMessage(*request);
  if (!fields.ok()) return call.Finish(fields.status()), reactor;
  call.Count(1, fields->message.payload.size());
  if (sender->member.has_value()) {
    SendByMember(std::move(call), *std::move(sender->member), *std::move(fields), response);
  } else {
    SendByNewDevice(std::move(call), std::move(sender->partition), *std::move(fields), response);
  }
  return reactor;
}

void EnrollmentServiceHandler::SendByMember(Call call, mailbox::Caller member, EnrollmentMessageFields fields,
                                            v1::SendEnrollmentMessageResponse* response) const {
  const absl::Time deadline = call.deadline();
  const Sender sender{member.partition, member};
  if (!fields.evolve_token.has_value()) {
    return context_.sponsors.CheckMember(
        member, deadline,
        [this, call = std::move(call), sender, fields = std::move(fields), response](absl::Status status) mutable {
          if (!status.ok()) return call.Finish(status);
          Deliver(call, sender, std::move(fields), response);
        });
  }
  crypto::Secret token = *std::move(fields.evolve_token);
  context_.sponsors.DeriveTemporary(member, std::move(token), deadline,
                                    [this, call = std::move(call), sender, fields = std::move(fields),
                                     response](absl::StatusOr<crypto::OrfServerState> temporary) mutable {
                                      if (!temporary.ok()) return call.Finish(temporary.status());
                                      fields.message.temporary = *std::move(temporary);
                                      Deliver(call, sender, std::move(fields), response);
                                    });
}

void EnrollmentServiceHandler::SendByNewDevice(Call call, std::string partition, EnrollmentMessageFields fields,
                                               v1::SendEnrollmentMessageResponse* response) const {
  const Sender sender{partition, std::nullopt};
  if (fields.evolve_token.has_value()) {
    return call.Finish(errors::InvalidField("evolve_token", "a member's alone"));
  }
  auto member = context_.enrollments.MemberOf(partition, fields.id);
  if (!member.ok()) return call.Finish(member.status());
  if (!member->has_value()) return Deliver(call, sender, std::move(fields), response);
  const absl::Time deadline = call.deadline();
  const mailbox::Caller sponsor = **member;
  context_.sponsors.CheckMember(sponsor, deadline,
                                [this, call = std::move(call), sender, sponsor, fields = std::move(fields),
                                 response](absl::Status status) mutable {
                                  status = SponsorStanding(context_, sponsor, status);
                                  if (!status.ok()) return call.Finish(status);
                                  Deliver(call, sender, std::move(fields), response);
                                });
}

void EnrollmentServiceHandler::Deliver(Call& call, const Sender& sender, EnrollmentMessageFields fields,
                                       v1::SendEnrollmentMessageResponse* response) const {
  auto progress = context_.enrollments.Send(sender.partition, fields.id, sender.member, std::move(fields.message));
  if (!progress.ok()) return call.Finish(progress.status());
  response->set_guesses_left(progress->guesses_left);
  response->set_expire_ms(progress->expire_ms);
  call.Finish(absl::OkStatus());
}

Watch* EnrollmentServiceHandler::WatchEnrollments(grpc::CallbackServerContext* rpc,
                                                  const v1::WatchEnrollmentsRequest* request) {
  const auto refuse = [&](const absl::Status& status) {
    return RefusedStream<v1::WatchEnrollmentsResponse>::Begin(context_, context_.enrollment_watches, rpc,
                                                              "watch_enrollments", status);
  };
  const Credentials credentials(context_.accounts, context_.sessions, *rpc);
  if (credentials.HasSession()) {
    absl::StatusOr<SessionClaims> session = credentials.Session();
    if (!session.ok()) return refuse(session.status());
    if (!request->enrollment_id().empty()) {
      return refuse(errors::InvalidField("enrollment_id", "must be empty with a session"));
    }
    mailbox::Caller member{std::move(session->partition), session->incarnation, session->device_id};
    return MemberWatch::Begin(std::make_shared<MemberWatch>(context_, rpc, std::move(member), session->expire_ms));
  }
  absl::StatusOr<AccountClaims> account = credentials.Account();
  if (!account.ok()) return refuse(account.status());
  auto id = ParseFixed<enrollment::EnrollmentId>(request->enrollment_id(), "enrollment_id");
  if (!id.ok()) return refuse(id.status());
  return NewDeviceWatch::Begin(std::make_shared<NewDeviceWatch>(
      context_, rpc, context_.policy.partition_of(account->account_id), *id, account->expire_ms));
}

}  // namespace labyrinth::service
