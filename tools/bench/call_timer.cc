#include "tools/bench/call_timer.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/client_interceptor.h>

#include <chrono>

namespace labyrinth::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Point = grpc::experimental::InterceptionHookPoints;

class Timer final : public grpc::experimental::Interceptor {
 public:
  explicit Timer(std::shared_ptr<CallTimes> times) : times_(std::move(times)) {}

  void Intercept(grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(Point::PRE_SEND_INITIAL_METADATA)) begun_ = Clock::now();
    if (methods->QueryInterceptionHookPoint(Point::POST_RECV_STATUS)) {
      times_->Add(std::chrono::duration<double, std::micro>(Clock::now() - begun_).count());
    }
    methods->Proceed();
  }

 private:
  const std::shared_ptr<CallTimes> times_;
  Clock::time_point begun_;
};

class TimerFactory final : public grpc::experimental::ClientInterceptorFactoryInterface {
 public:
  TimerFactory(std::string method, std::shared_ptr<CallTimes> times)
      : method_(std::move(method)), times_(std::move(times)) {}

  grpc::experimental::Interceptor* CreateClientInterceptor(grpc::experimental::ClientRpcInfo* info) override {
    return method_ == info->method() ? new Timer(times_) : nullptr;
  }

 private:
  const std::string method_;
  const std::shared_ptr<CallTimes> times_;
};

}  // namespace

std::shared_ptr<grpc::Channel> TimedChannel(const std::string& endpoint, const std::string& method,
                                            std::shared_ptr<CallTimes> times) {
  std::vector<std::unique_ptr<grpc::experimental::ClientInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<TimerFactory>(method, std::move(times)));
  return grpc::experimental::CreateCustomChannelWithInterceptors(endpoint, grpc::InsecureChannelCredentials(), {},
                                                                 std::move(factories));
}

}  // namespace labyrinth::bench
