// RunTask: one long piece of work on the call's own thread.
#include <fmt/format.h>

#include <chrono>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "common/errors.h"
#include "common/rpc_status.h"
#include "service/admin/admin_service.h"

namespace labyrinth::service {
namespace {

constexpr std::chrono::milliseconds kProgressEvery(200);
constexpr int64_t kRetryMs = 1000;

// Tells the call's client. A client that is slow to read slows the task down; one that has gone ends it.
class StreamListener final : public TaskListener {
 public:
  StreamListener(const grpc::CallbackServerContext& rpc, WaitingWriter<v1::RunTaskResponse>& writer,
                 const std::string& task_id)
      : rpc_(rpc), writer_(writer) {
    event_.set_task_id(task_id);
    event_.set_state(v1::TASK_STATE_RUNNING);
    Send();
  }

  void OnProgress(uint64_t done, uint64_t total, std::string_view unit) override {
    event_.set_done(done);
    event_.set_total(total);
    event_.set_unit(std::string(unit));
    const auto now = std::chrono::steady_clock::now();
    if (now - sent_ < kProgressEvery) return;
    Send();
  }
  void OnFinding(const v1::Finding& finding) override {
    event_.set_finding_count(event_.finding_count() + 1);
    *event_.mutable_finding() = finding;
    Send();
    event_.clear_finding();
  }
  bool cancelled() const override { return gone_ || rpc_.IsCancelled(); }

  void End(const std::string& result) {
    event_.set_state(v1::TASK_STATE_DONE);
    event_.set_result(result);
    Send();
  }
  uint64_t findings() const { return event_.finding_count(); }

 private:
  void Send() {
    sent_ = std::chrono::steady_clock::now();
    if (!gone_ && !writer_.Write(event_)) gone_ = true;
  }

  const grpc::CallbackServerContext& rpc_;
  WaitingWriter<v1::RunTaskResponse>& writer_;
  v1::RunTaskResponse event_;
  std::chrono::steady_clock::time_point sent_;
  bool gone_ = false;
};

template <typename Request>
absl::StatusOr<std::string> RunOne(const Task<Request>& task, const Request& request, TaskListener& listener) {
  if (!task) return absl::UnimplementedError("this server can't do that task");
  return task(request, listener);
}

}  // namespace

absl::StatusOr<std::string> AdminServiceHandler::Run(const v1::RunTaskRequest& request, TaskListener& listener) {
  const AdminTasks& tasks = context_.tasks;
  switch (request.task_case()) {
    case v1::RunTaskRequest::kBackup:
      return RunOne(tasks.backup, request.backup(), listener);
    case v1::RunTaskRequest::kVerify:
      return RunOne(tasks.verify, request.verify(), listener);
    case v1::RunTaskRequest::kCheck: {
      // Found once here, so that the task needs neither keys nor accounts.
      if (!request.check().has_mailbox()) return RunOne(tasks.check, request.check(), listener);
      auto partition = finder_.Find(request.check().mailbox());
      if (!partition.ok()) return partition.status();
      v1::CheckTask check = request.check();
      check.mutable_mailbox()->set_partition(*std::move(partition));
      return RunOne(tasks.check, check, listener);
    }
    case v1::RunTaskRequest::kCompact:
      return RunOne(tasks.compact, request.compact(), listener);
    case v1::RunTaskRequest::TASK_NOT_SET:
      break;
  }
  return errors::InvalidField("task", "required");
}

grpc::ServerWriteReactor<v1::RunTaskResponse>* AdminServiceHandler::RunTask(grpc::CallbackServerContext* rpc,
                                                                            const v1::RunTaskRequest* request) {
  auto* writer = new WaitingWriter<v1::RunTaskResponse>();  // gRPC's
  const absl::Status started =
      Start(Access::kAll, [=, this] { writer->Finish(ToGrpc(RunWhole(*request, *rpc, *writer))); });
  if (!started.ok()) writer->Finish(ToGrpc(started));
  return writer;
}

absl::Status AdminServiceHandler::RunWhole(const v1::RunTaskRequest& request, const grpc::CallbackServerContext& rpc,
                                           WaitingWriter<v1::RunTaskResponse>& writer) {
  const google::protobuf::FieldDescriptor* kind = v1::RunTaskRequest::GetReflection()->GetOneofFieldDescriptor(
      request, v1::RunTaskRequest::descriptor()->oneof_decl(0));
  if (kind == nullptr) return errors::InvalidField("task", "required");
  if (!tasks_.Take(kind->name())) return errors::RateLimited("admin_tasks", kRetryMs);
  const absl::Cleanup free = [this] { tasks_.Free(); };

  const RequestTag tag = RequestTag::Draw(context_.random);
  const auto start = std::chrono::steady_clock::now();
  context_.log.Event(LogLevel::kInfo, "admin_task").Request(tag).About(OperatorText(kind->name()));
  StreamListener listener(rpc, writer, fmt::format("{:08x}", tag.value()));
  const absl::StatusOr<std::string> result = Run(request, listener);
  if (result.ok()) listener.End(*result);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  LogLine line = context_.log.Event(result.ok() ? LogLevel::kInfo : LogLevel::kWarn, "admin_task_ended");
  line.Code(result.status().code()).Count("findings", listener.findings()).Ms(took.count()).Request(tag);
  if (!result.ok()) line.About(OperatorText(std::string(result.status().message())));
  return result.status();
}

}  // namespace labyrinth::service
