// An account's mailbox with its first device, and all that can join it, over the public API. testonly.
#ifndef LABYRINTH_SERVICE_SERVER_TESTING_API_SCENE_H_
#define LABYRINTH_SERVICE_SERVER_TESTING_API_SCENE_H_

#include <memory>
#include <string>
#include <vector>

#include "proto/labyrinth/v1/device.grpc.pb.h"
#include "proto/labyrinth/v1/epoch.grpc.pb.h"
#include "service/server/testing/api_call.h"
#include "service/server/testing/api_device.h"
#include "service/server/testing/api_enrollment.h"
#include "service/server/testing/api_server.h"

namespace labyrinth::service::testing {

inline constexpr auto kConsent = v1::ENROLLMENT_STEP_CONSENT;
inline constexpr auto kStart = v1::ENROLLMENT_STEP_START;
inline constexpr auto kAnswer = v1::ENROLLMENT_STEP_ANSWER;
inline constexpr auto kConfirm = v1::ENROLLMENT_STEP_CONFIRM;
inline constexpr auto kGrant = v1::ENROLLMENT_STEP_GRANT;
inline constexpr auto kRefuse = v1::ENROLLMENT_STEP_REFUSE;
inline constexpr auto kRenew = v1::ENROLLMENT_STEP_RENEW;
inline constexpr auto kCancel = v1::ENROLLMENT_STEP_CANCEL;

// The requests are such that the server would accept them as things stand: a test spoils what it is about. MACs,
// entropies and sealed secrets are arbitrary bytes, since the server can't check them. Thread-compatible.
struct ApiScene {
  // Creates the mailbox and signs its first device in; the test fails unless that works. `api` outlives the scene.
  ApiScene(ApiServer& api, std::string account);

  // A device that isn't one yet: of this account, or of another.
  std::unique_ptr<ApiDevice> NewDevice(crypto::SubjectKind kind = crypto::SubjectKind::kPhysical) const;
  std::unique_ptr<ApiDevice> NewDevice(const std::string& of_account) const;

  // Whoever has the account's token; and the first device.
  ApiCaller Account() const { return {api.Channel(), token, ""}; }
  ApiCaller Me() const { return {api.Channel(), "", session}; }
  ApiCaller As(const ApiDevice& device) const { return {api.Channel(), "", device.SignIn()}; }
  LogPosition Log() const { return old->Log(session); }

  // One-time codes: the new device, and the first one as the member.
  EnrollmentCaller N() const { return {api.Channel(), token, ""}; }
  EnrollmentCaller O() const { return {api.Channel(), "", session}; }
  std::string RandomScalar() const;
  std::string NewRequestId() const { return api.random().Bytes(16); }
  // The enrolment's id.
  std::string MustConsent(const ApiDevice& added) const;
  // Up to the grant.
  std::string MustGrant(const ApiDevice& added) const;
  v1::RegisterDeviceRequest Registration(const std::string& id, const ApiDevice& added, const ApiDevice& sponsor,
                                         const LogPosition& at) const;
  grpc::Status Register(const std::string& id, ApiDevice& added) const;
  void Became(ApiDevice& added, const v1::RegisterDeviceResponse& response) const;
  // A member beside the first device.
  std::unique_ptr<ApiDevice> AddMember() const;

  // Recovery codes: `code` stands for what a code yields, 16 bytes.
  v1::CreateVirtualDeviceRequest VirtualDevice(const std::string& code, const ApiDevice& added,
                                               const ApiDevice& creator) const;
  v1::RegisterDeviceRequest RegistrationByCode(const std::string& code, const ApiDevice& added,
                                               const ApiDevice& sponsor) const;
  std::unique_ptr<ApiDevice> AddVirtualDevice(const std::string& code) const;

  v1::RevokeDeviceRequest Removal(const ApiDevice& removed, const ApiDevice& by) const;
  // By the account's holder, without a member's signature.
  v1::RevokeDeviceRequest CuttingOff(const ApiDevice& removed) const;
  void CutOff(const ApiDevice& device) const;

  // `removed` are active; `cut_off` are those that nobody has signed the removal of yet.
  v1::OpenEpochRequest Rotation(const ApiDevice& opener, const std::vector<const ApiDevice*>& members,
                                const std::vector<const ApiDevice*>& removed = {},
                                const std::vector<const ApiDevice*>& cut_off = {}) const;
  // The first device opens an epoch for these members; the new epoch's id, which it knows from then on.
  EpochId MustRotate(const std::vector<const ApiDevice*>& members, const std::vector<const ApiDevice*>& removed = {},
                     const std::vector<const ApiDevice*>& cut_off = {});
  v1::DeleteMailboxRequest Deletion(const ApiDevice& by) const;

  ApiServer& api;
  const std::string account;
  std::string token;
  std::unique_ptr<ApiDevice> old;
  std::string session;
};

}  // namespace labyrinth::service::testing

#endif  // LABYRINTH_SERVICE_SERVER_TESTING_API_SCENE_H_
