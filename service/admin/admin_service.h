// The operator's calls.
#ifndef LABYRINTH_SERVICE_ADMIN_ADMIN_SERVICE_H_
#define LABYRINTH_SERVICE_ADMIN_ADMIN_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "common/random.h"
#include "proto/labyrinth/v1/admin.grpc.pb.h"
#include "service/admin/call_threads.h"
#include "service/admin/mailbox_finder.h"
#include "service/admin/task.h"
#include "service/enrollment/relay.h"
#include "service/log/log.h"
#include "service/log/pseudonym.h"
#include "service/mailbox/rules.h"
#include "service/mailbox/sequencer.h"

namespace labyrinth::service {

// What is under way in a server.
struct ServerLoad {
  uint64_t pending_operations = 0;
  uint64_t open_streams = 0;
};

// The process, as far as the operator's calls reach into it. Thread-safe.
class AdminHost {
 public:
  virtual ~AdminHost() = default;
  // Everything but running_task.
  virtual void Describe(v1::GetServerResponse& response) = 0;
  virtual ServerLoad Load() = 0;
  // Out of service: readiness off, streams ended and refused; or back.
  virtual void SetDraining(bool draining) = 0;
};

// Everything that the operator's calls work with; outlives them.
struct AdminContext {
  storage::Engine& engine;
  mailbox::Sequencer& sequencer;
  const mailbox::Policy& policy;
  const ServerKeys& keys;
  const Pseudonyms& pseudonyms;
  enrollment::Relay& enrollments;
  const Clock& clock;
  RandomSource& random;
  Log& log;
  AdminHost& host;
  const AdminTasks& tasks;
};

// Which task runs, of all that were asked for on any socket. Thread-safe.
class TaskSlot {
 public:
  // False if another one runs. `kind` is a literal.
  bool Take(std::string_view kind) ABSL_LOCKS_EXCLUDED(mutex_);
  void Free() ABSL_LOCKS_EXCLUDED(mutex_);
  std::string_view running() const ABSL_LOCKS_EXCLUDED(mutex_);  // empty: none

 private:
  mutable absl::Mutex mutex_;
  std::string_view running_ ABSL_GUARDED_BY(mutex_);
};

// The calls are few and some of them long, so each has a thread and waits on it. Thread-safe.
class AdminServiceHandler final : public v1::AdminService::CallbackService {
 public:
  enum class Access { kAll, kStatus };  // kStatus: GetServer and GetMailboxStats alone

  // Both outlive it.
  AdminServiceHandler(const AdminContext& context, TaskSlot& tasks, Access access)
      : context_(context), tasks_(tasks), access_(access), finder_(context.engine, context.keys, context.pseudonyms) {}

  grpc::ServerUnaryReactor* GetServer(grpc::CallbackServerContext* rpc, const v1::GetServerRequest* request,
                                      v1::GetServerResponse* response) override;
  grpc::ServerUnaryReactor* GetMailboxStats(grpc::CallbackServerContext* rpc, const v1::GetMailboxStatsRequest* request,
                                            v1::GetMailboxStatsResponse* response) override;
  grpc::ServerUnaryReactor* SetQuota(grpc::CallbackServerContext* rpc, const v1::SetQuotaRequest* request,
                                     v1::SetQuotaResponse* response) override;
  grpc::ServerUnaryReactor* AdminRevokeDevice(grpc::CallbackServerContext* rpc,
                                              const v1::AdminRevokeDeviceRequest* request,
                                              v1::AdminRevokeDeviceResponse* response) override;
  grpc::ServerWriteReactor<v1::RunTaskResponse>* RunTask(grpc::CallbackServerContext* rpc,
                                                         const v1::RunTaskRequest* request) override;
  grpc::ServerUnaryReactor* Drain(grpc::CallbackServerContext* rpc, const v1::DrainRequest* request,
                                  v1::DrainResponse* response) override;

 private:
  // More of an operator's tools at once than this are told to come again.
  static constexpr std::size_t kMostCalls = 64;

  // Ends the call with what `answer` returns, on a thread of its own; or at once if it needs more access than there is
  // here.
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* rpc, Access needed,
                                   std::function<absl::Status()> answer);
  // Runs `call` on a thread of its own; or says why not.
  absl::Status Start(Access needed, absl::AnyInvocable<void() &&> call);

  absl::Status ReadStats(const v1::GetMailboxStatsRequest& request, v1::GetMailboxStatsResponse& response);
  absl::Status Change(const v1::SetQuotaRequest& request, v1::SetQuotaResponse& response);
  absl::Status Revoke(const v1::AdminRevokeDeviceRequest& request, v1::AdminRevokeDeviceResponse& response);
  absl::StatusOr<DeviceId> DeviceOf(const std::string& partition, const v1::AdminRevokeDeviceRequest& request);
  absl::Status RunWhole(const v1::RunTaskRequest& request, const grpc::CallbackServerContext& rpc,
                        WaitingWriter<v1::RunTaskResponse>& writer);
  absl::StatusOr<std::string> Run(const v1::RunTaskRequest& request, TaskListener& listener);
  absl::Status DrainUntil(const v1::DrainRequest& request, const grpc::CallbackServerContext& rpc,
                          v1::DrainResponse& response);
  // Of the call's, or half a minute from now.
  absl::Time Deadline() const { return absl::FromUnixMillis(context_.clock.NowMs()) + absl::Seconds(30); }

  const AdminContext& context_;
  TaskSlot& tasks_;
  const Access access_;
  const MailboxFinder finder_;
  CallThreads threads_{kMostCalls};
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_ADMIN_ADMIN_SERVICE_H_
