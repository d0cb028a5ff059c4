// Every unary call of the API is made once in the life of a mailbox. In other lives each of them gets lost at first:
// its request, its reply, or the connection with both. The identical call again, and the mailbox is the same as if
// nothing had happened, commit for commit.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "crypto/primitives/ristretto.h"
#include "proto/labyrinth/v1/attachment.grpc.pb.h"
#include "proto/labyrinth/v1/device.grpc.pb.h"
#include "proto/labyrinth/v1/enrollment.grpc.pb.h"
#include "proto/labyrinth/v1/epoch.grpc.pb.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "service/server/testing/api_attachments.h"
#include "tests/fault/mailbox_text.h"
#include "tests/fault/relayed_scene.h"

namespace labyrinth::fault {
namespace {

using service::testing::Answer;
using service::testing::ApiCaller;
using service::testing::ApiDevice;
using service::testing::AttachmentCaller;
using service::testing::DevConfig;
using service::testing::FreshDir;
using service::testing::LiveServer;
using Loss = LyingRelay::Loss;

using Mailboxes = v1::MailboxService::Stub;
using Devices = v1::DeviceService::Stub;
using Enrollments = v1::EnrollmentService::Stub;
using Epochs = v1::EpochService::Stub;
using History = v1::HistoryService::Stub;
using Attachments = v1::AttachmentService::Stub;

std::set<std::string> UnaryMethods() {
  std::set<std::string> names;
  for (const auto* file : {v1::CreateMailboxRequest::descriptor()->file(), v1::ListDevicesRequest::descriptor()->file(),
                           v1::OpenEnrollmentRequest::descriptor()->file(), v1::OpenEpochRequest::descriptor()->file(),
                           v1::SaveMessagesRequest::descriptor()->file(), v1::UploadRequest::descriptor()->file()}) {
    const auto* service = file->service(0);
    for (int i = 0; i < service->method_count(); ++i) {
      const auto* method = service->method(i);
      if (!method->client_streaming() && !method->server_streaming()) names.insert(method->name());
    }
  }
  return names;
}

class Life {
 public:
  // `loss`: of what each call suffers first. `careless`: a client that opens an epoch anew where it should repeat.
  Life(LiveServer& live, const std::string& account, std::optional<Loss> loss, bool careless = false)
      : f_(live, account), loss_(loss), careless_(careless), account_(account) {
    Write("begins");
  }

  // What the mailbox was after each call.
  std::vector<std::string> Live() {
    SaveAndDelete();
    EnrolByOneTimeCode();
    EnrolByRecoveryCode();
    Attach();
    RemoveAndRotate();
    Read();
    AnotherAccount();
    Call("DeleteMailbox", f_.Me(), &Mailboxes::DeleteMailbox, f_.Deletion(*f_.old));
    return std::move(pages_);
  }
  std::set<std::string> lost() const { return f_.relay.lost(); }

 private:
  void Write(const std::string& title) { pages_.push_back(title + "\n" + TextOf(f_.Directly(), names_)); }

  // Makes the call; a lost one is repeated as it was. Its answer, which must be OK.
  template <typename Method, typename Request>
  auto Call(const std::string& name, const ApiCaller& caller, Method method, const Request& request) {
    Lose(name, caller, method, request);
    const auto answer = caller.Ask(method, request);
    INFO(name << ": " << answer.status.error_message());
    REQUIRE(answer.ok());
    Write(name);
    return answer.body;
  }
  template <typename Method, typename Request>
  void Lose(const std::string& name, const ApiCaller& caller, Method method, const Request& request) {
    if (!loss_.has_value()) return;
    f_.relay.LoseNext(name, *loss_);
    const auto lost = caller.Ask(method, request);
    INFO(name);
    REQUIRE(lost.status.error_code() == grpc::StatusCode::UNAVAILABLE);
    CHECK(lost.reason() == std::nullopt);
  }
  // Whether the lost call was carried out; nullopt if it may have been.
  std::optional<bool> FirstCounted() const {
    if (loss_ == Loss::kConnection) return std::nullopt;
    return loss_ == Loss::kReply;
  }

  static v1::Message Message(const std::string& id, char fill) {
    v1::Message message;
    message.set_message_id(id);
    message.set_thread_id("t");
    message.set_timestamp_ms(1);
    message.set_ciphertext(std::string(44, fill));
    return message;
  }
  void Save(const std::vector<v1::Message>& messages, v1::OnConflict on_conflict, v1::SaveOutcome first) {
    v1::SaveMessagesRequest request;
    request.set_epoch_id(f_.old->epoch_id.value());
    request.set_cipher_version(3);
    request.set_on_conflict(on_conflict);
    *request.mutable_messages() = {messages.begin(), messages.end()};
    const auto saved = Call("SaveMessages", f_.Me(), &History::SaveMessages, request);
    for (const v1::SaveResult& result : saved.results()) {
      if (FirstCounted() == true) CHECK(result.outcome() == v1::SAVE_OUTCOME_UNCHANGED);
      if (FirstCounted() == false) CHECK(result.outcome() == first);
    }
  }

  void SaveAndDelete() {
    Save({Message("a", '1'), Message("b", '1')}, v1::ON_CONFLICT_KEEP_EXISTING, v1::SAVE_OUTCOME_CREATED);
    Save({Message("a", '2')}, v1::ON_CONFLICT_REPLACE, v1::SAVE_OUTCOME_REPLACED);
    v1::DeleteMessagesRequest request;
    request.add_message_ids("b");
    const auto deleted = Call("DeleteMessages", f_.Me(), &History::DeleteMessages, request);
    if (FirstCounted().has_value()) CHECK(deleted.deleted_count() == (*FirstCounted() ? 0u : 1u));
  }

  void Send(const std::string& id, v1::EnrollmentStep step, uint32_t run, const std::string& payload, bool by_member,
            const std::string& evolve_token = {}) {
    v1::SendEnrollmentMessageRequest request;
    request.set_enrollment_id(id);
    request.set_step(step);
    request.set_run(run);
    request.set_payload(payload);
    request.set_evolve_token(evolve_token);
    const auto sent =
        Call("SendEnrollmentMessage", by_member ? f_.Me() : f_.Account(), &Enrollments::SendEnrollmentMessage, request);
    CHECK(sent.guesses_left() == (run == 0 ? 3u : 2u));  // a repeat is no guess
  }

  void EnrolByOneTimeCode() {
    member_ = f_.NewDevice();
    v1::OpenEnrollmentRequest open;
    service::testing::ToProto(member_->keys(), *open.mutable_keys());
    open.set_nonce("nonce of 16 byte");
    // It has no request id: an enrolment that nobody heard of runs out of time by itself.
    const std::string id = Call("OpenEnrollment", f_.Account(), &Enrollments::OpenEnrollment, open).enrollment_id();
    Send(id, service::testing::kConsent, 0, "nO", true);
    Send(id, service::testing::kStart, 1, "Ya", false);
    Send(id, service::testing::kAnswer, 1, "Yb", true);
    Send(id, service::testing::kConfirm, 1, "mac", false);
    Send(id, service::testing::kGrant, 1, "bundle", true, f_.RandomScalar());
    f_.Became(*member_, Call("RegisterDevice", f_.Account(), &Devices::RegisterDevice,
                             f_.Registration(id, *member_, *f_.old, f_.Log())));
  }

  void EnrolByRecoveryCode() {
    const std::string code(16, 'v');
    recovery_ = f_.NewDevice(crypto::SubjectKind::kVirtual);
    recovery_->device_id = DeviceId(
        Call("CreateVirtualDevice", f_.Me(), &Devices::CreateVirtualDevice, f_.VirtualDevice(code, *recovery_, *f_.old))
            .device_id());
    v1::GetVirtualDeviceRequest by_code;
    by_code.set_virtual_device_id(code);
    Call("GetVirtualDevice", f_.Account(), &Devices::GetVirtualDevice, by_code);
    CHECK(Call("ListVirtualDeviceChecks", f_.Account(), &Devices::ListVirtualDeviceChecks,
               v1::ListVirtualDeviceChecksRequest())
              .checks_size() == 1);
    second_ = f_.NewDevice();
    f_.Became(*second_, Call("RegisterDevice", f_.Account(), &Devices::RegisterDevice,
                             f_.RegistrationByCode(code, *second_, *recovery_)));
  }

  void Attach() {
    v1::AttachmentPoint point;
    point.set_point(crypto::HashToCurve("reference").str());
    point.set_mac_point(crypto::HashToCurve("owner").str());
    point.set_thread_id("t");
    point.set_message_id("a");
    v1::PrepareUploadRequest prepare;
    prepare.set_size_bytes(5);
    // It has no request id: an upload that nobody heard of is deleted when its ticket ends.
    const std::string ticket = Call("PrepareUpload", f_.Me(), &Attachments::PrepareUpload, prepare).upload_ticket();
    prepare.set_upload_ticket(ticket);
    CHECK(Call("PrepareUpload", f_.Me(), &Attachments::PrepareUpload, prepare).committed_bytes() == 0);
    const AttachmentCaller files(f_.live.Channel(), f_.session);
    const auto upload = files.Upload();
    REQUIRE(upload->Send(service::testing::ChunkOf(ticket, 0, "bytes")));
    REQUIRE(upload->End().ok());
    v1::CreateReferenceRequest reference;
    *reference.mutable_attachment() = point;
    reference.set_upload_ticket(ticket);
    Call("CreateReference", f_.Me(), &Attachments::CreateReference, reference);
    v1::PrepareDownloadRequest found;
    *found.mutable_attachment() = point;
    const auto download = Call("PrepareDownload", f_.Me(), &Attachments::PrepareDownload, found);
    CHECK(files.Download(download.download_ticket())->Rest().first == "bytes");
    v1::DeleteMessagesRequest deletion;
    deletion.add_message_ids("a");
    *deletion.add_attachments() = point;
    Call("DeleteMessages", f_.Me(), &History::DeleteMessages, deletion);
    v1::PrepareDownloadResponse gone;
    CHECK(service::testing::ReasonOfCall(files.PrepareDownload(point, gone)) == Reason::kAttachmentNotFound);
  }

  void RemoveAndRotate() {
    Call("RevokeDevice", f_.Me(), &Devices::RevokeDevice, f_.Removal(*member_, *f_.old));
    Call("RevokeDevice", f_.Account(), &Devices::RevokeDevice, f_.CuttingOff(*second_));
    const std::vector<const ApiDevice*> stay = {f_.old.get(), recovery_.get()};
    auto request = f_.Rotation(*f_.old, stay, {}, {second_.get()});
    if (careless_) {
      Lose("OpenEpoch", f_.Me(), &Epochs::OpenEpoch, request);
      request = f_.Rotation(*f_.old, stay);
      f_.Me().Must(&Epochs::OpenEpoch, request);
      Write("OpenEpoch");
    } else {
      f_.old->epoch_id = EpochId(Call("OpenEpoch", f_.Me(), &Epochs::OpenEpoch, request).epoch_id());
    }
    if (!careless_) Save({Message("c", '3')}, v1::ON_CONFLICT_REJECT, v1::SAVE_OUTCOME_CREATED);
  }

  void Read() {
    Call("GetMailbox", f_.Me(), &Mailboxes::GetMailbox, v1::GetMailboxRequest());
    Call("ListLog", f_.Me(), &Mailboxes::ListLog, v1::ListLogRequest());
    Call("ListDevices", f_.Me(), &Devices::ListDevices, v1::ListDevicesRequest());
    Call("ListEpochs", f_.Me(), &Epochs::ListEpochs, v1::ListEpochsRequest());
    Call("ListMessages", f_.Me(), &History::ListMessages, v1::ListMessagesRequest());
    Call("ListThreads", f_.Me(), &History::ListThreads, v1::ListThreadsRequest());
    v1::BatchGetMessagesRequest by_id;
    by_id.add_message_ids("c");
    Call("BatchGetMessages", f_.Me(), &History::BatchGetMessages, by_id);
    v1::ListChangesRequest feed;
    feed.mutable_since()->set_generation(1);
    Call("ListChanges", f_.Me(), &History::ListChanges, feed);
  }

  // From its first call on.
  void AnotherAccount() {
    const std::string account = account_ + " too";
    const auto device = f_.NewDevice(account);
    const ApiCaller holder(f_.Channel(), device->token, "");
    const auto created = Call("CreateMailbox", holder, &Mailboxes::CreateMailbox, device->CreateRequest());
    device->mailbox_id = *MailboxId::From(created.mailbox_id());
    device->device_id = DeviceId(created.device_id());
    v1::CreateChallengeRequest challenge;
    challenge.set_device_id(created.device_id());
    const auto challenged = Call("CreateChallenge", holder, &Mailboxes::CreateChallenge, challenge);
    // A proof is good once. Whoever doesn't hear what became of it proves itself anew.
    const auto proof = device->Prove(challenged.challenge());
    Lose("CreateSession", holder, &Mailboxes::CreateSession, proof);
    const auto repeated = holder.Ask(&Mailboxes::CreateSession, proof);
    if (FirstCounted() == true) CHECK(repeated.reason() == Reason::kProofInvalid);
    if (FirstCounted() == false) CHECK(repeated.ok());
    Names names;
    pages_.push_back("another account\n" + TextOf({f_.live.Channel(), "", device->SignIn()}, names));
  }

  RelayedScene f_;
  const std::optional<Loss> loss_;
  const bool careless_;
  const std::string account_;
  std::unique_ptr<ApiDevice> member_, second_, recovery_;
  Names names_;
  std::vector<std::string> pages_;
};

TEST_CASE("each call that is repeated after a loss has the effect of one") {
  RunningServer server("retries");
  const std::vector<std::string> undisturbed = Life(server.live, "undisturbed", std::nullopt).Live();
  CHECK(undisturbed.back() == "DeleteMailbox\nMAILBOX_NOT_FOUND\n");
  const struct {
    const char* name;
    Loss loss;
  } losses[] = {{"requests", Loss::kRequest}, {"replies", Loss::kReply}, {"connections", Loss::kConnection}};
  for (const auto& row : losses) {
    INFO("without " << row.name);
    Life life(server.live, row.name, row.loss);
    const std::vector<std::string> pages = life.Live();
    REQUIRE(pages.size() == undisturbed.size());
    for (std::size_t i = 0; i < pages.size(); ++i) REQUIRE(pages[i] == undisturbed[i]);
    CHECK(life.lost() == UnaryMethods());  // each of them
  }
}

TEST_CASE("a client that begins anew instead of repeating does it twice, and the comparison shows it") {
  RunningServer server("careless");
  const auto page_of = [](std::vector<std::string> pages) {
    const auto page = std::find_if(pages.begin(), pages.end(),
                                   [](const std::string& text) { return text.starts_with("OpenEpoch\n"); });
    REQUIRE(page != pages.end());
    return *page;
  };
  const std::string careful = page_of(Life(server.live, "careful", Loss::kReply).Live());
  const std::string careless = page_of(Life(server.live, "careless", Loss::kReply, /*careless=*/true).Live());
  CHECK(careless != careful);
  CHECK(careful.find("epoch: 1 is") != std::string::npos);
  CHECK(careful.find("epoch: 2 is") == std::string::npos);
  CHECK(careless.find("epoch: 2 is") != std::string::npos);
}

}  // namespace
}  // namespace labyrinth::fault
