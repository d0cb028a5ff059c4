// The public port doesn't tell which calls there are: whatever links gRPC's reflection library serves it, unasked, on
// threads that poll beside the server's own.
#include <grpcpp/generic/generic_stub.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "service/server/testing/live_server.h"

namespace labyrinth::service::testing {
namespace {

// Calls it with an empty message and says what came of it.
grpc::StatusCode CallReflection(const LiveServer& server) {
  grpc::GenericStub stub(server.Channel());
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                          request, &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  REQUIRE(queue.Next(&tag, &ok));
  queue.Shutdown();
  return status.error_code();
}

TEST_CASE("no reflection is served") {
  LiveServer server(DevConfig(FreshDir("reflection")));
  server.Start();
  CHECK(CallReflection(server) == grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace labyrinth::service::testing
