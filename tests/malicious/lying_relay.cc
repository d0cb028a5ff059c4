#include "tests/malicious/lying_relay.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace labyrinth::malicious {
namespace {

constexpr int kMaxMessageBytes = 16 << 20;  // above the server's own bound

std::shared_ptr<grpc::GenericStub> Connect(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  return std::make_shared<grpc::GenericStub>(
      grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments));
}

std::string ToBytes(grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

grpc::ByteBuffer ToBuffer(const std::string& bytes) {
  const grpc::Slice slice(bytes);
  return grpc::ByteBuffer(&slice, 1);
}

std::string MethodOf(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// What a client sees of a connection that broke.
grpc::Status Broken() { return {grpc::StatusCode::UNAVAILABLE, "the relay broke the connection"}; }

// A call whose request is lost.
class LostCall final : public grpc::ServerGenericBidiReactor {
 public:
  LostCall() { Finish(Broken()); }
  void OnDone() override { delete this; }
};

}  // namespace

// One call: the server's side towards the client, and the client's side towards the server. Requests and replies flow
// independently, one message at a time each way. Deletes itself with the client's side: gRPC ends the other one first,
// since Finish comes from there.
class LyingRelay::Call final : public grpc::ServerGenericBidiReactor {
 public:
  Call(LyingRelay& relay, grpc::GenericCallbackServerContext& context, const Trouble& trouble)
      : relay_(relay),
        method_(MethodOf(context.method())),
        trouble_(trouble),
        upstream_(*this),
        stub_(relay.StubFor(method_)) {
    for (const auto& [key, value] : context.client_metadata()) {
      const std::string_view name(key.data(), key.size());
      if (name == "authorization" || name.starts_with("x-labyrinth-")) {
        upstream_context_.AddMetadata(std::string(name), std::string(value.data(), value.size()));
      }
    }
    upstream_context_.set_deadline(context.deadline());
    stub_->PrepareBidiStreamingCall(&upstream_context_, context.method(), {}, &upstream_);
    upstream_.AddMultipleHolds(2);  // a hold for each direction, since either starts operations from the other's thread
    upstream_.StartCall();
    upstream_.StartRead(&reply_);
    StartRead(&request_);
  }

  void OnReadDone(bool ok) override {
    {
      absl::MutexLock lock(&mutex_);
      if (!requests_open_) return;
      if (ok) {
        const std::string request = ToBytes(request_);
        if (last_request_.empty()) last_request_ = request;
        question_ = ToBuffer(relay_.Question(method_, request));
        upstream_.StartWrite(&question_);
        return;
      }
      upstream_.StartWritesDone();
    }
    CloseRequests();
  }
  void OnWriteDone(bool ok) override {
    if (ok) upstream_.StartRead(&reply_);
    if (!ok) upstream_context_.TryCancel();
    if (!ok) upstream_.RemoveHold();
  }
  void OnCancel() override { upstream_context_.TryCancel(); }
  void OnDone() override { delete this; }

 private:
  class Upstream final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
   public:
    explicit Upstream(Call& call) : call_(call) {}
    void OnWriteDone(bool ok) override {
      if (call_.trouble_.loss == Loss::kConnection) call_.upstream_context_.TryCancel();
      if (ok) call_.StartRead(&call_.request_);
    }
    void OnReadDone(bool ok) override { call_.ReplyRead(ok); }
    void OnDone(const grpc::Status& status) override { call_.Finish(call_.troubled_ ? Broken() : status); }

   private:
    Call& call_;
  };

  void ReplyRead(bool ok) {
    if (!ok) {
      CloseRequests();
      upstream_.RemoveHold();
      return;
    }
    if (trouble_.replies == replies_) upstream_context_.TryCancel();
    if (trouble_.loss.has_value() || trouble_.replies == replies_) return upstream_.StartRead(&reply_);
    ++replies_;
    std::string request;
    {
      absl::MutexLock lock(&mutex_);
      request = last_request_;
    }
    answer_ = ToBuffer(relay_.Answer(method_, request, ToBytes(reply_)));
    StartWrite(&answer_);
  }

  // No more requests go up: the client has sent all of them, or the server has answered without waiting for them.
  void CloseRequests() {
    {
      absl::MutexLock lock(&mutex_);
      if (!std::exchange(requests_open_, false)) return;
    }
    upstream_.RemoveHold();
  }

  LyingRelay& relay_;
  const std::string method_;
  const Trouble trouble_;
  const bool troubled_ = trouble_.loss.has_value() || trouble_.replies.has_value();
  int replies_ = 0;  // that the client was sent
  grpc::ClientContext upstream_context_;
  Upstream upstream_;
  const std::shared_ptr<grpc::GenericStub> stub_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer question_;  // the request as the server gets it
  grpc::ByteBuffer reply_;
  grpc::ByteBuffer answer_;
  absl::Mutex mutex_;
  bool requests_open_ ABSL_GUARDED_BY(mutex_) = true;
  std::string last_request_ ABSL_GUARDED_BY(mutex_);  // of a stream, its first
};

LyingRelay::LyingRelay(const std::string& upstream) : upstream_(Connect(upstream)) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.RegisterCallbackGenericService(this);
  server_ = builder.BuildAndStart();
  if (server_ != nullptr && port_ != 0) return;
  fmt::print(stderr, "the relay can't listen on loopback\n");
  std::abort();
}

LyingRelay::~LyingRelay() {
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  server_->Wait();
}

std::string LyingRelay::endpoint() const { return fmt::format("127.0.0.1:{}", port_); }

void LyingRelay::Tell(const std::string& method, Lie lie) {
  absl::MutexLock lock(&mutex_);
  lies_[method] = std::move(lie);
}

void LyingRelay::Divert(const std::string& method, const std::string& upstream) {
  absl::MutexLock lock(&mutex_);
  diverted_[method] = Connect(upstream);
}

void LyingRelay::Ask(const std::string& method, std::function<void(std::string&)> change) {
  absl::MutexLock lock(&mutex_);
  questions_[method] = std::move(change);
}

void LyingRelay::LoseNext(const std::string& method, Loss loss) {
  absl::MutexLock lock(&mutex_);
  troubles_[method] = {loss, std::nullopt};
}

void LyingRelay::BreakNext(const std::string& method, int replies) {
  absl::MutexLock lock(&mutex_);
  troubles_[method] = {std::nullopt, replies};
}

LyingRelay::Trouble LyingRelay::TakeTrouble(const std::string& method) {
  absl::MutexLock lock(&mutex_);
  const auto it = troubles_.find(method);
  if (it == troubles_.end()) return {};
  const Trouble trouble = it->second;
  troubles_.erase(it);
  lost_.insert(method);
  return trouble;
}

std::set<std::string> LyingRelay::lost() const {
  absl::MutexLock lock(&mutex_);
  return lost_;
}

void LyingRelay::MoveTo(const std::string& upstream) {
  absl::MutexLock lock(&mutex_);
  upstream_ = Connect(upstream);
  moved_ = true;
}

void LyingRelay::Follow(const std::string& upstream) {
  absl::MutexLock lock(&mutex_);
  upstream_ = Connect(upstream);
  moved_ = false;
}

int LyingRelay::told() const {
  absl::MutexLock lock(&mutex_);
  return told_;
}

std::vector<LyingRelay::Exchange> LyingRelay::Heard(const std::string& method) const {
  absl::MutexLock lock(&mutex_);
  const auto it = heard_.find(method);
  return it == heard_.end() ? std::vector<Exchange>() : it->second;
}

grpc::ServerGenericBidiReactor* LyingRelay::CreateReactor(grpc::GenericCallbackServerContext* context) {
  const Trouble trouble = TakeTrouble(MethodOf(context->method()));
  if (trouble.loss == Loss::kRequest) return new LostCall;
  return new Call(*this, *context, trouble);
}

std::shared_ptr<grpc::GenericStub> LyingRelay::StubFor(const std::string& method) {
  absl::MutexLock lock(&mutex_);
  const auto it = diverted_.find(method);
  if (it != diverted_.end() || moved_) ++told_;
  return it == diverted_.end() ? upstream_ : it->second;
}

std::string LyingRelay::Question(const std::string& method, std::string request) {
  std::function<void(std::string&)> change;
  {
    absl::MutexLock lock(&mutex_);
    if (const auto it = questions_.find(method); it != questions_.end()) change = it->second;
  }
  if (change) change(request);
  return request;
}

std::string LyingRelay::Answer(const std::string& method, const std::string& request, std::string reply) {
  Lie lie;
  {
    absl::MutexLock lock(&mutex_);
    heard_[method].push_back({request, reply});
    if (const auto it = lies_.find(method); it != lies_.end()) lie = it->second;
  }
  if (!lie) return reply;
  std::string answer = reply;
  lie(request, answer);
  absl::MutexLock lock(&mutex_);
  told_ += answer != reply ? 1 : 0;
  return answer;
}

}  // namespace labyrinth::malicious
