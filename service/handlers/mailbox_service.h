// MailboxService on the callback API.
#ifndef LABYRINTH_SERVICE_HANDLERS_MAILBOX_SERVICE_H_
#define LABYRINTH_SERVICE_HANDLERS_MAILBOX_SERVICE_H_

#include "proto/labyrinth/v1/mailbox.grpc.pb.h"
#include "service/handlers/call.h"

namespace labyrinth::service {

// Thread-safe.
class MailboxServiceHandler final : public v1::MailboxService::CallbackService {
 public:
  explicit MailboxServiceHandler(const HandlerContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* CreateChallenge(grpc::CallbackServerContext* rpc, const v1::CreateChallengeRequest* request,
                                            v1::CreateChallengeResponse* response) override;
  grpc::ServerUnaryReactor* CreateSession(grpc::CallbackServerContext* rpc, const v1::CreateSessionRequest* request,
                                          v1::CreateSessionResponse* response) override;
  grpc::ServerUnaryReactor* CreateMailbox(grpc::CallbackServerContext* rpc, const v1::CreateMailboxRequest* request,
                                          v1::CreateMailboxResponse* response) override;
  grpc::ServerUnaryReactor* GetMailbox(grpc::CallbackServerContext* rpc, const v1::GetMailboxRequest* request,
                                       v1::GetMailboxResponse* response) override;
  grpc::ServerUnaryReactor* DeleteMailbox(grpc::CallbackServerContext* rpc, const v1::DeleteMailboxRequest* request,
                                          v1::DeleteMailboxResponse* response) override;
  grpc::ServerUnaryReactor* ListLog(grpc::CallbackServerContext* rpc, const v1::ListLogRequest* request,
                                    v1::ListLogResponse* response) override;

 private:
  // The device's proof against everything that the server knows itself; then a session.
  absl::Status SignIn(const AccountClaims& account, const std::string& partition, const mailbox::SignInView& found,
                      const v1::CreateSessionRequest& request, v1::CreateSessionResponse& response);

  const HandlerContext& context_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_MAILBOX_SERVICE_H_
