#include "tools/bench/floor_service.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstdio>
#include <fstream>

#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "tools/bench/payload.h"

namespace labyrinth::bench {
namespace {

constexpr int kPageSize = 50;

using Methods = v1::HistoryService::WithRawCallbackMethod_ListMessages<
    v1::HistoryService::WithCallbackMethod_SaveMessages<v1::HistoryService::Service>>;

class FloorService final : public Methods {
 public:
  explicit FloorService(const Payload& payload) {
    v1::ListMessagesResponse page;
    for (uint64_t i = 1; i <= kPageSize; ++i) {
      v1::Message& message = *page.add_messages();
      payload.Fill(kFloorMessages - i * kFloorThreads, kFloorThreads, message);
      message.set_epoch_id(1);
      message.set_cipher_version(kCipherVersion);
      message.set_revision(1);
    }
    // As long as a real one.
    page.set_next_page_token(std::string(120, 't'));
    page.mutable_as_of()->set_generation(1);
    page.mutable_as_of()->set_revision(1);
    page_ = grpc::Slice(page.SerializeAsString());
  }

  grpc::ServerUnaryReactor* SaveMessages(grpc::CallbackServerContext* context, const v1::SaveMessagesRequest* request,
                                         v1::SaveMessagesResponse* response) override {
    response->set_revision(1);
    for (int i = 0; i < request->messages_size(); ++i) response->add_results()->set_outcome(v1::SAVE_OUTCOME_CREATED);
    return Finish(context);
  }

  grpc::ServerUnaryReactor* ListMessages(grpc::CallbackServerContext* context, const grpc::ByteBuffer*,
                                         grpc::ByteBuffer* response) override {
    *response = grpc::ByteBuffer(&page_, 1);
    return Finish(context);
  }

 private:
  static grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context) {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

  grpc::Slice page_;
};

}  // namespace

absl::Status ServeFloor(const std::string& port_file, uint64_t seed) {
  const Payload payload(seed);
  FloorService service(payload);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(-1);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  if (server == nullptr || port == 0) return absl::UnavailableError("the floor's service can't listen");
  const std::string temporary = port_file + ".new";
  std::ofstream(temporary) << port << "\n";
  if (std::rename(temporary.c_str(), port_file.c_str()) != 0) return absl::UnavailableError(port_file);
  server->Wait();
  return absl::OkStatus();
}

}  // namespace labyrinth::bench
