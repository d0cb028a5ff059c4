#include "tests/conformance/api/coverage.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>
#include <grpcpp/support/client_interceptor.h>

#include <utility>
#include <vector>

#include "common/rpc_status.h"
#include "proto/labyrinth/v1/attachment.pb.h"
#include "proto/labyrinth/v1/device.pb.h"
#include "proto/labyrinth/v1/enrollment.pb.h"
#include "proto/labyrinth/v1/epoch.pb.h"
#include "proto/labyrinth/v1/history.pb.h"
#include "proto/labyrinth/v1/mailbox.pb.h"

namespace labyrinth::conformance {
namespace {

namespace experimental = grpc::experimental;
using google::protobuf::FileDescriptor;

// Every call of the public API.
std::vector<std::string> AllPaths() {
  std::vector<std::string> paths;
  for (const FileDescriptor* file :
       {v1::CreateMailboxRequest::descriptor()->file(), v1::ListDevicesRequest::descriptor()->file(),
        v1::OpenEnrollmentRequest::descriptor()->file(), v1::OpenEpochRequest::descriptor()->file(),
        v1::SaveMessagesRequest::descriptor()->file(), v1::UploadRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      const auto* service = file->service(i);
      for (int j = 0; j < service->method_count(); ++j) {
        paths.push_back(fmt::format("/{}/{}", service->full_name(), service->method(j)->name()));
      }
    }
  }
  return paths;
}

struct Exception {
  Reason reason;
  const char* why;
};
constexpr Exception kNoClientCauses[] = {
    {Reason::kOutcomeUnknown, "a store that doesn't answer; service/mailbox:sequencer_outcome_test"},
    {Reason::kEngineUnavailable, "a store that fails or is full; tests/conformance/engine:rocksdb_fault_test"},
    {Reason::kDataDamaged, "damaged bytes on the disk; tests/conformance/engine:rocksdb_damage_test"},
};
constexpr Exception kOnlyInProcess[] = {
    {Reason::kDraining, "a server that stops"},
    {Reason::kQuotaExceeded, "a quota that can be reached"},
    {Reason::kResyncRequired, "ninety days that pass"},
};

template <std::size_t kSize>
const char* WhyNot(const Exception (&exceptions)[kSize], Reason reason) {
  for (const Exception& exception : exceptions) {
    if (exception.reason == reason) return exception.why;
  }
  return nullptr;
}

class Noting final : public experimental::Interceptor {
 public:
  explicit Noting(const experimental::ClientRpcInfo& call) : path_(call.method()) {}

  void Intercept(experimental::InterceptorBatchMethods* batch) override {
    if (batch->QueryInterceptionHookPoint(experimental::InterceptionHookPoints::POST_RECV_STATUS)) {
      CoverageSoFar().Met(path_, *batch->GetRecvStatus());
    }
    batch->Proceed();
  }

 private:
  const std::string path_;
};

class NotingFactory final : public experimental::ClientInterceptorFactoryInterface {
 public:
  experimental::Interceptor* CreateClientInterceptor(experimental::ClientRpcInfo* call) override {
    return new Noting(*call);  // gRPC's own
  }
};

}  // namespace

void Coverage::Met(const std::string& path, const grpc::Status& status) {
  const auto reason = ReasonOf(FromGrpc(status));
  const absl::MutexLock lock(&mutex_);
  if (reason.has_value()) reasons_.insert(*reason);
  // A watch never ends with OK.
  if (status.ok() || path.ends_with("/Watch")) paths_.insert(path);
}

bool Coverage::Judge(bool in_process) const {
  const absl::MutexLock lock(&mutex_);
  bool complete = true;
  const std::vector<std::string> paths = AllPaths();
  std::size_t met = 0;
  for (const std::string& path : paths) {
    met += paths_.contains(path);
    if (paths_.contains(path)) continue;
    complete = false;
    fmt::print("coverage: no case had an answer to {}\n", path);
  }
  std::size_t reasons = 0, met_reasons = 0;
  for (int i = 0; i <= static_cast<int>(Reason::kDataDamaged); ++i) {
    const auto reason = static_cast<Reason>(i);
    const char* why = WhyNot(kNoClientCauses, reason);
    if (why == nullptr && !in_process) why = WhyNot(kOnlyInProcess, reason);
    if (why != nullptr && !reasons_.contains(reason)) {
      fmt::print("coverage: {} was not met: it takes {}\n", ReasonName(reason), why);
      continue;
    }
    ++reasons;
    met_reasons += reasons_.contains(reason);
    if (reasons_.contains(reason)) continue;
    complete = false;
    fmt::print("coverage: no case met {}\n", ReasonName(reason));
  }
  fmt::print("coverage: {} of {} calls, {} of {} reasons\n", met, paths.size(), met_reasons, reasons);
  return complete;
}

Coverage& CoverageSoFar() {
  static Coverage coverage;
  return coverage;
}

std::shared_ptr<grpc::Channel> NotedChannel(const std::string& endpoint,
                                            const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                                            const grpc::ChannelArguments& arguments) {
  std::vector<std::unique_ptr<experimental::ClientInterceptorFactoryInterface>> factories;
  factories.push_back(std::make_unique<NotingFactory>());
  return experimental::CreateCustomChannelWithInterceptors(endpoint, credentials, arguments, std::move(factories));
}

}  // namespace labyrinth::conformance
