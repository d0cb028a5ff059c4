// Messages that go: by a device's call, and by themselves while the server runs.
#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "common/errors.h"
#include "common/limits.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "service/server/testing/api_device.h"
#include "service/server/testing/live_server.h"

namespace labyrinth::service {
namespace {

using testing::ApiDevice;
using testing::Authorize;
using testing::DevConfig;
using testing::FreshDir;
using testing::LiveServer;
using testing::ReasonOfCall;

struct Fixture {
  explicit Fixture(const std::string& name) : clock(SystemClock().NowMs()), server(DevConfig(FreshDir(name)), &clock) {
    server.Start();
    device = std::make_unique<ApiDevice>(server.Channel(), std::string(kDevServerName), "alice", server.Token("alice"),
                                         server.random());
    device->CreateMailbox();
    session = device->SignIn();
    history = v1::HistoryService::NewStub(server.Channel());
  }

  void Save(const std::string& id, int64_t expire_ms = 0) {
    v1::SaveMessagesRequest request;
    request.set_epoch_id(device->epoch_id.value());
    request.set_cipher_version(3);
    request.set_on_conflict(v1::ON_CONFLICT_REJECT);
    v1::Message& message = *request.add_messages();
    message.set_message_id(id);
    message.set_thread_id("t");
    message.set_timestamp_ms(1);
    message.set_ciphertext(std::string(50, 'c'));
    message.set_expire_ms(expire_ms);
    grpc::ClientContext context;
    Authorize(context, "", session);
    v1::SaveMessagesResponse response;
    REQUIRE(history->SaveMessages(&context, request, &response).ok());
  }
  grpc::Status Delete(const std::vector<std::string>& ids, v1::DeleteMessagesResponse& response) {
    v1::DeleteMessagesRequest request;
    for (const std::string& id : ids) request.add_message_ids(id);
    grpc::ClientContext context;
    Authorize(context, "", session);
    return history->DeleteMessages(&context, request, &response);
  }
  v1::GetMailboxResponse Mailbox() {
    grpc::ClientContext context;
    Authorize(context, "", session);
    v1::GetMailboxResponse response;
    REQUIRE(v1::MailboxService::NewStub(server.Channel())->GetMailbox(&context, {}, &response).ok());
    return response;
  }

  ManualClock clock;
  LiveServer server;
  std::unique_ptr<ApiDevice> device;
  std::string session;
  std::unique_ptr<v1::HistoryService::Stub> history;
};

TEST_CASE("A device deletes what is there, once, and frees its quota") {
  Fixture f("delete");
  f.Save("a");
  f.Save("b");
  v1::DeleteMessagesResponse deleted;
  REQUIRE(f.Delete({"a", "nothing"}, deleted).ok());
  CHECK(deleted.deleted_count() == 1);
  CHECK(deleted.revision() == f.Mailbox().head().revision());
  CHECK(f.Mailbox().message_count() == 1);
  CHECK(f.Mailbox().used_bytes() == 50);
  v1::DeleteMessagesResponse again;
  REQUIRE(f.Delete({"a", "nothing"}, again).ok());
  CHECK(again.deleted_count() == 0);
  CHECK(again.revision() == deleted.revision());
}

TEST_CASE("A deletion outside of its bounds is refused by name") {
  Fixture f("delete_bounds");
  v1::DeleteMessagesResponse response;
  CHECK(ReasonOfCall(f.Delete({}, response)) == Reason::kInvalidField);
  CHECK(ReasonOfCall(f.Delete(std::vector<std::string>(limits::kDeleteMessages + 1, "a"), response)) ==
        Reason::kLimitExceeded);
  CHECK(ReasonOfCall(f.Delete({std::string(limits::kMessageIdBytes + 1, 'a')}, response)) == Reason::kLimitExceeded);
}

TEST_CASE("What has expired is swept by the running server, which frees its quota") {
  Fixture f("sweep");
  const int64_t expire_ms = f.clock.NowMs() + 60'000;
  f.Save("goes", expire_ms);
  f.Save("stays");
  f.clock.Set(expire_ms + limits::kExpirySlackMs);
  CHECK(f.server.AwaitLog("ev=wake code=OK n=1 failed=0"));
  CHECK(f.Mailbox().message_count() == 1);
  CHECK(f.Mailbox().used_bytes() == 50);
}

}  // namespace
}  // namespace labyrinth::service
