#include "tests/e2e/tapped_channel.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/client_interceptor.h>

#include <utility>
#include <vector>

namespace labyrinth::e2e {
namespace {

using google::protobuf::Message;
namespace experimental = grpc::experimental;
using Point = experimental::InterceptionHookPoints;

class Interceptor final : public experimental::Interceptor {
 public:
  Interceptor(experimental::ClientRpcInfo* call, Tap& tap) : call_(call), tap_(tap) {
    const std::string path = call->method();
    method_ = path.substr(path.rfind('/') + 1);
  }

  void Intercept(experimental::InterceptorBatchMethods* batch) override {
    // gRPC hands out the generated message that the caller gave it.
    if (batch->QueryInterceptionHookPoint(Point::PRE_SEND_MESSAGE) && tap_.on_send && !tap_.cut()) {
      const auto* message = static_cast<const Message*>(batch->GetSendMessage());
      sent_.reset(message->New());
      sent_->CopyFrom(*message);
      tap_.on_send(method_, *sent_);
      batch->ModifySendMessage(sent_.get());
    }
    auto* received = batch->QueryInterceptionHookPoint(Point::POST_RECV_MESSAGE)
                         ? static_cast<Message*>(batch->GetRecvMessage())
                         : nullptr;
    if (received != nullptr && tap_.on_receive && !tap_.cut()) tap_.on_receive(method_, *received);
    const bool begins = batch->QueryInterceptionHookPoint(Point::PRE_SEND_INITIAL_METADATA);
    if (received != nullptr) ++received_;
    if (tap_.breaks && (begins || received != nullptr)) broken_ = broken_ || tap_.breaks(method_, received_);
    if (broken_ && batch->QueryInterceptionHookPoint(Point::POST_RECV_STATUS)) {
      *batch->GetRecvStatus() = grpc::Status(grpc::StatusCode::UNAVAILABLE, "the line broke");
    }
    // Cancelling comes by here itself, with the context's lock held.
    const bool cancelling = batch->QueryInterceptionHookPoint(Point::PRE_SEND_CANCEL);
    if ((tap_.cut() || broken_) && !cancelling) call_->client_context()->TryCancel();
    batch->Proceed();
  }

 private:
  experimental::ClientRpcInfo* call_;
  Tap& tap_;
  std::string method_;
  int received_ = 0;
  bool broken_ = false;
  std::unique_ptr<Message> sent_;
};

class Factory final : public experimental::ClientInterceptorFactoryInterface {
 public:
  explicit Factory(Tap& tap) : tap_(tap) {}
  experimental::Interceptor* CreateClientInterceptor(experimental::ClientRpcInfo* call) override {
    return new Interceptor(call, tap_);  // gRPC's own
  }

 private:
  Tap& tap_;
};

}  // namespace

std::shared_ptr<grpc::Channel> TappedChannel(const std::string& endpoint, Tap& tap) {
  std::vector<std::unique_ptr<experimental::ClientInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<Factory>(tap));
  return experimental::CreateCustomChannelWithInterceptors(endpoint, grpc::InsecureChannelCredentials(), {},
                                                           std::move(factories));
}

}  // namespace labyrinth::e2e
