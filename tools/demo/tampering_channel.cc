#include "tools/demo/tampering_channel.h"

#include <grpcpp/support/client_interceptor.h>

#include <cstring>
#include <utility>
#include <vector>

#include "proto/labyrinth/v1/history.pb.h"

namespace labyrinth::demo {

namespace {

using grpc::experimental::ClientRpcInfo;
using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::Interceptor;
using grpc::experimental::InterceptorBatchMethods;

class Flipper final : public Interceptor {
 public:
  explicit Flipper(Tampering& tampering) : tampering_(tampering) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_MESSAGE) && tampering_.armed) {
      if (auto* reply = static_cast<v1::ListMessagesResponse*>(methods->GetRecvMessage()); reply != nullptr) {
        Flip(*reply);
      }
    }
    methods->Proceed();
  }

 private:
  void Flip(v1::ListMessagesResponse& reply) {
    if (reply.messages().empty()) return;
    std::string& ciphertext = *reply.mutable_messages(0)->mutable_ciphertext();
    ciphertext[ciphertext.size() / 2] ^= 1;
    ++tampering_.flips;
  }

  Tampering& tampering_;
};

class FlipperFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  explicit FlipperFactory(Tampering& tampering) : tampering_(tampering) {}

  Interceptor* CreateClientInterceptor(ClientRpcInfo* info) override {
    const bool lists = std::strcmp(info->method(), "/labyrinth.v1.HistoryService/ListMessages") == 0;
    return lists ? new Flipper(tampering_) : nullptr;
  }

 private:
  Tampering& tampering_;
};

}  // namespace

std::shared_ptr<grpc::Channel> TamperingChannel(const std::string& endpoint, Tampering& tampering) {
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<FlipperFactory>(tampering));
  return grpc::experimental::CreateCustomChannelWithInterceptors(endpoint, grpc::InsecureChannelCredentials(),
                                                                 grpc::ChannelArguments(), std::move(factories));
}

}  // namespace labyrinth::demo
