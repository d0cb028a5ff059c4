// A mailbox with a message, ready for attachments over the wire. testonly.
#ifndef LABYRINTH_SERVICE_SERVER_TESTING_ATTACHMENT_FIXTURE_H_
#define LABYRINTH_SERVICE_SERVER_TESTING_ATTACHMENT_FIXTURE_H_

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "common/limits.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "service/server/testing/api_attachments.h"
#include "service/server/testing/enrollment_fixture.h"

namespace labyrinth::service::testing {

inline constexpr uint64_t kChunk = limits::kAttachmentChunkBytes;

// Alice's mailbox with its first device and a message "m" in thread "t". Time stands still unless a test moves it. The
// points are any: what they are multiples of is the client's business.
struct AttachmentFixture : EnrollmentFixture {
  explicit AttachmentFixture(const std::string& name) : EnrollmentFixture("attachment_" + name) { Save("m", "t"); }

  void Save(const std::string& id, const std::string& thread, int64_t expire_ms = 0) {
    grpc::ClientContext context;
    Authorize(context, "", session);
    v1::SaveMessagesRequest request;
    v1::SaveMessagesResponse response;
    request.set_epoch_id(old->epoch_id.value());
    request.set_cipher_version(3);
    request.set_on_conflict(v1::ON_CONFLICT_KEEP_EXISTING);
    v1::Message& message = *request.add_messages();
    message.set_message_id(id);
    message.set_thread_id(thread);
    message.set_timestamp_ms(1);
    message.set_expire_ms(expire_ms);
    message.set_ciphertext(std::string(64, 'c'));
    const auto stub = v1::HistoryService::NewStub(server.Channel());
    const grpc::Status status = stub->SaveMessages(&context, request, &response);
    INFO(status.error_message());
    REQUIRE(status.ok());
  }
  grpc::Status Delete(const std::string& id, const v1::AttachmentPoint& attachment) {
    grpc::ClientContext context;
    Authorize(context, "", session);
    v1::DeleteMessagesRequest request;
    v1::DeleteMessagesResponse response;
    request.add_message_ids(id);
    *request.add_attachments() = attachment;
    return v1::HistoryService::NewStub(server.Channel())->DeleteMessages(&context, request, &response);
  }
  static v1::AttachmentPoint PointOf(const std::string& name, const std::string& thread = "t",
                                     const std::string& message = "m") {
    v1::AttachmentPoint point;
    point.set_point(crypto::HashToCurve("reference " + name).str());
    point.set_mac_point(crypto::HashToCurve("owner " + name).str());
    point.set_thread_id(thread);
    point.set_message_id(message);
    return point;
  }
  AttachmentCaller Me() { return {server.Channel(), session}; }
  AttachmentCaller Of(const ApiDevice& device) { return {server.Channel(), device.SignIn()}; }
  // The first device, signed in anew: tokens and sessions end by the clock.
  AttachmentCaller Later() {
    old->token = server.Token("alice");
    return Of(*old);
  }
  std::string Content(std::size_t size) { return server.random().Bytes(size); }
  // Uploaded and attached to "m".
  void MustAttach(const AttachmentCaller& caller, const std::string& name, const std::string& content) {
    const grpc::Status status = caller.CreateReference(PointOf(name), caller.MustUpload(content));
    INFO(status.error_message());
    REQUIRE(status.ok());
  }
  // A connection on which hardly anything gets through to a client that doesn't read.
  std::shared_ptr<grpc::Channel> NarrowChannel() {
    grpc::ChannelArguments narrow;
    narrow.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1024);
    narrow.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    narrow.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(server.endpoint(), grpc::InsecureChannelCredentials(), narrow);
  }
  // Waits for what the server does by its own clock's ticks.
  void AdvanceUntilLogged(int64_t step_ms, const std::string& text) {
    for (int steps = 0; !server.AwaitLog(text, absl::Seconds(2)); ++steps) {
      REQUIRE(steps < 10);
      clock.Advance(step_ms);
    }
  }
};

}  // namespace labyrinth::service::testing

#endif  // LABYRINTH_SERVICE_SERVER_TESTING_ATTACHMENT_FIXTURE_H_
