#include "tools/bench/floor_service.h"

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/proto_buffer_reader.h>

#include <cstdio>
#include <fstream>

#include "absl/container/flat_hash_map.h"
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
    for (uint64_t thread = 0; thread < kFloorThreads; ++thread) {
      pages_.emplace(payload.ThreadId(thread), grpc::Slice(NewestOf(payload, thread).SerializeAsString()));
    }
  }

  grpc::ServerUnaryReactor* SaveMessages(grpc::CallbackServerContext* context, const v1::SaveMessagesRequest* request,
                                         v1::SaveMessagesResponse* response) override {
    response->set_revision(1);
    for (int i = 0; i < request->messages_size(); ++i) response->add_results()->set_outcome(v1::SAVE_OUTCOME_CREATED);
    return Finish(context);
  }

  grpc::ServerUnaryReactor* ListMessages(grpc::CallbackServerContext* context, const grpc::ByteBuffer* bytes,
                                         grpc::ByteBuffer* response) override {
    grpc::ByteBuffer read = *bytes;  // used up
    v1::ListMessagesRequest request;
    if (!grpc::SerializationTraits<v1::ListMessagesRequest>::Deserialize(&read, &request).ok()) {
      return Finish(context, grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "malformed"));
    }
    const auto page = pages_.find(request.thread_id());
    if (page == pages_.end()) return Finish(context, grpc::Status(grpc::StatusCode::NOT_FOUND, "no such thread"));
    *response = grpc::ByteBuffer(&page->second, 1);
    return Finish(context);
  }

 private:
  static v1::ListMessagesResponse NewestOf(const Payload& payload, uint64_t thread) {
    v1::ListMessagesResponse page;
    for (uint64_t i = 1; i <= kPageSize; ++i) {
      v1::Message& message = *page.add_messages();
      payload.Fill(kFloorMessages - i * kFloorThreads + thread, kFloorThreads, message);
      message.set_epoch_id(1);
      message.set_cipher_version(kCipherVersion);
      message.set_revision(1);
    }
    // As long as a real one.
    page.set_next_page_token(std::string(120, 't'));
    page.mutable_as_of()->set_generation(1);
    page.mutable_as_of()->set_revision(1);
    return page;
  }
  static grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context,
                                          const grpc::Status& status = grpc::Status::OK) {
    auto* reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
  }

  absl::flat_hash_map<std::string, grpc::Slice> pages_;  // by thread
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
