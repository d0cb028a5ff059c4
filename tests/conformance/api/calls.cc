#include "tests/conformance/api/calls.h"

#include <utility>

#include "common/crc32c.h"
#include "crypto/primitives/ristretto.h"
#include "proto/labyrinth/v1/attachment.grpc.pb.h"

namespace labyrinth::conformance {
namespace {

using Attachments = v1::AttachmentService::Stub;
using Enrollments = v1::EnrollmentService::Stub;

template <typename Method, typename Request>
Call Unary(std::string name, Needs needs, Method method, Request request) {
  return {std::move(name), needs,
          [method, request](const ApiCaller& caller) { return caller.Ask(method, request).status; }};
}

template <typename Method, typename Request>
Call Stream(std::string name, Needs needs, Method method, Request request) {
  return {std::move(name), needs, [method, request](const ApiCaller& caller) { return caller.EndOf(method, request); }};
}

v1::AttachmentPoint AnyPoint() {
  v1::AttachmentPoint point;
  point.set_point(crypto::HashToCurve("reference").str());
  point.set_mac_point(crypto::HashToCurve("owner").str());
  point.set_thread_id("t");
  point.set_message_id("m");
  return point;
}

grpc::Status Upload(const ApiCaller& caller) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
  v1::UploadResponse response;
  Attachments stub(caller.channel());
  const auto writer = stub.Upload(&context, &response);
  v1::UploadRequest request;
  request.set_upload_ticket("no ticket");
  request.set_data("x");
  request.set_crc32c(Crc32c("x"));
  writer->Write(request);
  writer->WritesDone();
  return writer->Finish();
}

}  // namespace

std::vector<Call> EveryCall(const Scene& f) {
  v1::CreateChallengeRequest challenge;
  challenge.set_device_id(f.old->device_id.value());
  v1::CreateSessionRequest sign_in = f.old->Prove(f.old->NewChallenge());
  v1::OpenEnrollmentRequest enrollment;
  const auto added = f.NewDevice(), other = f.NewDevice(crypto::SubjectKind::kVirtual);
  service::testing::ToProto(added->keys(), *enrollment.mutable_keys());
  enrollment.set_nonce("nonce of 16 byte");
  v1::SendEnrollmentMessageRequest consent;
  consent.set_enrollment_id(std::string(16, 'e'));
  consent.set_step(v1::ENROLLMENT_STEP_CONSENT);
  consent.set_payload("nO");
  v1::WatchEnrollmentsRequest watch_one;
  watch_one.set_enrollment_id(std::string(16, 'e'));
  v1::GetVirtualDeviceRequest by_code;
  by_code.set_virtual_device_id(std::string(16, 'v'));
  v1::DeleteMessagesRequest deletion;
  deletion.add_message_ids("nothing");
  v1::BatchGetMessagesRequest by_id;
  by_id.add_message_ids("nothing");
  v1::ListChangesRequest changes;
  *changes.mutable_since() = f.Head();
  v1::WatchRequest watch;
  watch.mutable_since()->set_generation(~uint64_t{0});  // ends by itself
  v1::PrepareUploadRequest upload;
  upload.set_size_bytes(1);
  v1::CreateReferenceRequest reference;
  *reference.mutable_attachment() = AnyPoint();
  reference.set_upload_ticket(f.Me().Must(&Attachments::PrepareUpload, upload).upload_ticket());
  v1::PrepareDownloadRequest download;
  *download.mutable_attachment() = AnyPoint();
  v1::DownloadRequest from_ticket;
  from_ticket.set_download_ticket("no ticket");
  return {
      Unary("CreateChallenge", Needs::kToken, &Mailboxes::CreateChallenge, challenge),
      Unary("CreateSession", Needs::kToken, &Mailboxes::CreateSession, sign_in),
      Unary("CreateMailbox", Needs::kToken, &Mailboxes::CreateMailbox, f.old->CreateRequest()),
      Unary("GetMailbox", Needs::kAnySession, &Mailboxes::GetMailbox, v1::GetMailboxRequest()),
      Unary("ListLog", Needs::kAnySession, &Mailboxes::ListLog, v1::ListLogRequest()),
      Unary("ListDevices", Needs::kSession, &Devices::ListDevices, v1::ListDevicesRequest()),
      Unary("RegisterDevice", Needs::kToken, &Devices::RegisterDevice,
            f.RegistrationByCode(std::string(16, 'v'), *added, *f.old)),
      Unary("CreateVirtualDevice", Needs::kSession, &Devices::CreateVirtualDevice,
            f.VirtualDevice(f.api.random().Bytes(16), *other, *f.old)),
      Unary("GetVirtualDevice", Needs::kToken, &Devices::GetVirtualDevice, by_code),
      Unary("ListVirtualDeviceChecks", Needs::kToken, &Devices::ListVirtualDeviceChecks,
            v1::ListVirtualDeviceChecksRequest()),
      Unary("OpenEnrollment", Needs::kToken, &Enrollments::OpenEnrollment, enrollment),
      Unary("SendEnrollmentMessage", Needs::kSessionOrToken, &Enrollments::SendEnrollmentMessage, consent),
      Stream("WatchEnrollments", Needs::kSessionOrToken, &Enrollments::WatchEnrollments, watch_one),
      Unary("ListEpochs", Needs::kAnySession, &Epochs::ListEpochs, v1::ListEpochsRequest()),
      Unary("SaveMessages", Needs::kSession, &History::SaveMessages, f.Saving({MakeMessage("m")})),
      Unary("DeleteMessages", Needs::kSession, &History::DeleteMessages, deletion),
      Unary("BatchGetMessages", Needs::kSession, &History::BatchGetMessages, by_id),
      Unary("ListMessages", Needs::kSession, &History::ListMessages, v1::ListMessagesRequest()),
      Unary("ListThreads", Needs::kSession, &History::ListThreads, v1::ListThreadsRequest()),
      Stream("DownloadHistory", Needs::kSession, &History::DownloadHistory, v1::DownloadHistoryRequest()),
      Unary("ListChanges", Needs::kSession, &History::ListChanges, changes),
      Stream("Watch", Needs::kSession, &History::Watch, watch),
      Unary("PrepareUpload", Needs::kSession, &Attachments::PrepareUpload, upload),
      {"Upload", Needs::kTicket, Upload},
      Unary("CreateReference", Needs::kSession, &Attachments::CreateReference, reference),
      Unary("PrepareDownload", Needs::kSession, &Attachments::PrepareDownload, download),
      Stream("Download", Needs::kSession, &Attachments::Download, from_ticket),
      Unary("OpenEpoch", Needs::kSession, &Epochs::OpenEpoch, f.Rotation(*f.old, {f.old.get()})),
      Unary("RevokeDevice", Needs::kSessionOrToken, &Devices::RevokeDevice, f.Removal(*f.old, *f.old)),
      Unary("DeleteMailbox", Needs::kSession, &Mailboxes::DeleteMailbox, f.Deletion(*f.old)),
  };
}

}  // namespace labyrinth::conformance
