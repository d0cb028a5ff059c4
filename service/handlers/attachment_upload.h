// The stream of Upload: no thread of its own, one chunk at a time, the next asked for when the one before is durable.
#ifndef LABYRINTH_SERVICE_HANDLERS_ATTACHMENT_UPLOAD_H_
#define LABYRINTH_SERVICE_HANDLERS_ATTACHMENT_UPLOAD_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "proto/labyrinth/v1/attachment.pb.h"
#include "service/attachments/uploads.h"
#include "service/handlers/call.h"
#include "service/handlers/streams.h"

namespace labyrinth::service {

// Ends OK once the client has closed its side, CANCELLED when it left or sent no chunk for limits::kStreamStallMs, and
// with what Uploads says. Owned by shared_ptr; keeps itself from Begin() until gRPC is done with it, and writes its
// line into the log then. Thread-safe.
class UploadStream final : public grpc::ServerReadReactor<v1::UploadRequest>, public LiveStream {
 public:
  UploadStream(const HandlerContext& context, grpc::CallbackServerContext* rpc, v1::UploadResponse* response);

  // What the handler returns to gRPC.
  static grpc::ServerReadReactor<v1::UploadRequest>* Begin(const std::shared_ptr<UploadStream>& upload);

  void Kick(bool) override {}  // it has no topic
  void Tick() override ABSL_LOCKS_EXCLUDED(mutex_);
  void Stop(const absl::Status& why) override ABSL_LOCKS_EXCLUDED(mutex_);

  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCancel() override { Stop(absl::CancelledError()); }
  void OnDone() override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // kBusy: somebody works on a chunk, and goes on. kAsking: somebody is about to wait for the next one; while that
  // lasts the call must not end. Nothing follows kFinished.
  enum class State { kBusy, kAsking, kReading, kFinished };

  // The steps of whoever is busy; each goes on to the next or to End().
  void Read() ABSL_LOCKS_EXCLUDED(mutex_);
  void Open();
  void Add();
  void End(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_);

  // Answers with stop_, by whoever made the state kFinished.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Time StepDeadline() const;

  const HandlerContext& context_;
  grpc::CallbackServerContext* const rpc_;
  v1::UploadResponse* const response_;
  const std::chrono::steady_clock::time_point start_;

  absl::Mutex mutex_;
  // Whoever is busy has these, and hands them on through the mutex.
  CallRecord record_;
  v1::UploadRequest request_;
  std::optional<attachments::Uploads::Hold> hold_;  // from the first message on
  uint64_t committed_ = 0;
  std::shared_ptr<UploadStream> self_;
  State state_ ABSL_GUARDED_BY(mutex_) = State::kBusy;
  uint64_t reads_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t read_until_ms_ ABSL_GUARDED_BY(mutex_) = 0;
  std::optional<absl::Status> stop_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_ATTACHMENT_UPLOAD_H_
