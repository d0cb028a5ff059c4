#include "service/handlers/attachment_upload.h"

#include <string>
#include <utility>

#include "common/crc32c.h"
#include "common/errors.h"
#include "common/limits.h"
#include "service/attachments/attachments.h"

namespace labyrinth::service {

namespace {

// For one step in the store; an upload that can't do it in that time ends, and goes on in another stream.
constexpr absl::Duration kStepTimeout = absl::Seconds(10);

}  // namespace

UploadStream::UploadStream(const HandlerContext& context, grpc::CallbackServerContext* rpc,
                           v1::UploadResponse* response)
    : context_(context),
      rpc_(rpc),
      response_(response),
      start_(std::chrono::steady_clock::now()),
      record_{.method = "upload", .tag = RequestTag::Draw(context.random), .partition = {}, .status = {}} {}

grpc::ServerReadReactor<v1::UploadRequest>* UploadStream::Begin(const std::shared_ptr<UploadStream>& upload) {
  upload->self_ = upload;
  // Counted by its hold.
  const absl::Status added = upload->context_.attachment_streams.Add(upload, "", "");
  added.ok() ? upload->Read() : upload->End(added);
  return upload.get();
}

absl::Time UploadStream::StepDeadline() const { return absl::FromUnixMillis(context_.clock.NowMs()) + kStepTimeout; }

void UploadStream::Tick() {
  {
    const absl::MutexLock lock(&mutex_);
    if (state_ != State::kReading || context_.clock.NowMs() < read_until_ms_) return;
  }
  Stop(absl::CancelledError());
}

void UploadStream::Stop(const absl::Status& why) {
  {
    const absl::MutexLock lock(&mutex_);
    if (!stop_.has_value()) stop_ = why;
    if (state_ != State::kReading) return;
    state_ = State::kFinished;
  }
  Close();
}

void UploadStream::Read() {
  const std::shared_ptr<UploadStream> keep = self_;
  bool stopped;
  uint64_t mine;
  {
    const absl::MutexLock lock(&mutex_);
    stopped = stop_.has_value();
    state_ = stopped ? State::kFinished : State::kAsking;
    mine = ++reads_;
    read_until_ms_ = context_.clock.NowMs() + limits::kStreamStallMs;
  }
  if (stopped) return Close();
  StartRead(&request_);
  {
    const absl::MutexLock lock(&mutex_);
    // The chunk may be there already, and even the next one be asked for by somebody else.
    if (state_ != State::kAsking || reads_ != mine) return;
    state_ = stop_.has_value() ? State::kFinished : State::kReading;
    if (state_ == State::kReading) return;
  }
  Close();
}

void UploadStream::OnReadDone(bool ok) {
  {
    const absl::MutexLock lock(&mutex_);
    if (state_ == State::kFinished) return;
    state_ = State::kBusy;
  }
  if (!ok) {
    if (rpc_->IsCancelled()) return End(absl::CancelledError());
    return End(hold_.has_value() ? absl::OkStatus() : errors::TicketExpired());
  }
  if (!hold_.has_value()) return Open();
  if (!request_.upload_ticket().empty()) {
    return End(errors::InvalidField("upload_ticket", "must be empty after the first message"));
  }
  Add();
}

void UploadStream::Open() {
  auto hold = context_.attachments.uploads.Open(request_.upload_ticket());
  if (!hold.ok()) return End(hold.status());
  hold_.emplace(*std::move(hold));
  context_.attachments.uploads.Committed(*hold_, StepDeadline(),
                                         [this, keep = self_](absl::StatusOr<uint64_t> committed) {
                                           if (!committed.ok()) return End(committed.status());
                                           committed_ = *committed;
                                           Add();
                                         });
}

void UploadStream::Add() {
  if (Crc32c(request_.data()) != request_.crc32c()) return End(errors::InvalidField("crc32c", "is not the data's"));
  std::string data = std::move(*request_.mutable_data());
  const std::size_t bytes = data.size();
  context_.attachments.uploads.Add(*hold_, committed_, request_.offset(), std::move(data), StepDeadline(),
                                   [this, keep = self_, bytes](absl::StatusOr<uint64_t> committed) {
                                     if (!committed.ok()) return End(committed.status());
                                     committed_ = *committed;
                                     ++record_.messages;
                                     record_.bytes += bytes;
                                     Read();
                                   });
}

void UploadStream::End(const absl::Status& status) {
  {
    const absl::MutexLock lock(&mutex_);
    if (!stop_.has_value()) stop_ = status;
    state_ = State::kFinished;
  }
  Close();
}

void UploadStream::Close() {
  {
    const absl::MutexLock lock(&mutex_);
    record_.status = *stop_;
    // Before the client can know of the end, and come again.
    hold_.reset();
  }
  if (record_.status.ok()) response_->set_committed_bytes(committed_);
  Finish(AnswerOf(record_.status, record_.tag));
}

void UploadStream::OnDone() {
  std::shared_ptr<UploadStream> last;
  {
    const absl::MutexLock lock(&mutex_);
    record_.took = std::chrono::steady_clock::now() - start_;
    last = std::move(self_);
  }
  context_.attachment_streams.Remove(this);
  context_.log.OnCall(record_);
}

}  // namespace labyrinth::service
