#include "service/handlers/enrollment_fields.h"

#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "service/converters/fields.h"

namespace labyrinth::service {

namespace {

using enrollment::Step;

constexpr std::size_t kEvolveTokenBytes = 32;

// The relay's steps are numbered as the API's, from OPEN on.
constexpr int kFirst = v1::ENROLLMENT_STEP_OPEN;
static_assert(static_cast<int>(Step::kOpen) + kFirst == v1::ENROLLMENT_STEP_OPEN);
static_assert(static_cast<int>(Step::kConsent) + kFirst == v1::ENROLLMENT_STEP_CONSENT);
static_assert(static_cast<int>(Step::kStart) + kFirst == v1::ENROLLMENT_STEP_START);
static_assert(static_cast<int>(Step::kAnswer) + kFirst == v1::ENROLLMENT_STEP_ANSWER);
static_assert(static_cast<int>(Step::kConfirm) + kFirst == v1::ENROLLMENT_STEP_CONFIRM);
static_assert(static_cast<int>(Step::kGrant) + kFirst == v1::ENROLLMENT_STEP_GRANT);
static_assert(static_cast<int>(Step::kRefuse) + kFirst == v1::ENROLLMENT_STEP_REFUSE);
static_assert(static_cast<int>(Step::kRenew) + kFirst == v1::ENROLLMENT_STEP_RENEW);
static_assert(static_cast<int>(Step::kCancel) + kFirst == v1::ENROLLMENT_STEP_CANCEL);
static_assert(static_cast<int>(Step::kRegistered) + kFirst == v1::ENROLLMENT_STEP_REGISTERED);
static_assert(static_cast<int>(Step::kClosed) + kFirst == v1::ENROLLMENT_STEP_CLOSED);

absl::StatusOr<Step> ParseStep(v1::EnrollmentStep step) {
  if (step == v1::ENROLLMENT_STEP_UNSPECIFIED) return errors::InvalidField("step", "required");
  if (!v1::EnrollmentStep_IsValid(step)) return errors::InvalidField("step", "not known to this version");
  const bool made_here =
      step == v1::ENROLLMENT_STEP_OPEN || step == v1::ENROLLMENT_STEP_REGISTERED || step == v1::ENROLLMENT_STEP_CLOSED;
  if (made_here) return errors::InvalidField("step", "the server's alone");
  return static_cast<Step>(step - kFirst);
}

void FillKeys(const crypto::DevicePublicKeys& keys, v1::DeviceKeys& out) {
  out.set_device_key(keys.device_key.str());
  out.set_epoch_storage_key(keys.epoch_storage_key.str());
  out.set_sig_30(keys.sig_30.str());
  if (keys.epoch_storage_auth_key.has_value()) out.set_epoch_storage_auth_key(keys.epoch_storage_auth_key->str());
  if (keys.sig_31.has_value()) out.set_sig_31(keys.sig_31->str());
}

}  // namespace

absl::StatusOr<OpenEnrollmentFields> ParseOpenEnrollment(const v1::OpenEnrollmentRequest& request) {
  auto keys = ParseDeviceKeys(request.keys(), crypto::SubjectKind::kPhysical);
  if (!keys.ok()) return keys.status();
  auto nonce = ParseFixed<enrollment::Nonce>(request.nonce(), "nonce");
  if (!nonce.ok()) return nonce.status();
  if (request.sealed_label().size() > limits::kSealedLabelBytes) {
    return errors::LimitExceeded("sealed_label", "sealed_label_bytes", limits::kSealedLabelBytes);
  }
  return OpenEnrollmentFields{*std::move(keys), *nonce, request.sealed_label()};
}

absl::StatusOr<EnrollmentMessageFields> ParseEnrollmentMessage(const v1::SendEnrollmentMessageRequest& request) {
  auto id = ParseFixed<enrollment::EnrollmentId>(request.enrollment_id(), "enrollment_id");
  if (!id.ok()) return id.status();
  auto step = ParseStep(request.step());
  if (!step.ok()) return step.status();
  if (request.payload().size() > limits::kEnrollmentPayloadBytes) {
    return errors::LimitExceeded("payload", "enrollment_payload_bytes", limits::kEnrollmentPayloadBytes);
  }
  std::optional<crypto::Secret> token;
  if (!request.evolve_token().empty()) {
    if (*step != Step::kGrant) return errors::InvalidField("evolve_token", "must be empty with this step");
    if (request.evolve_token().size() != kEvolveTokenBytes) {
      return errors::InvalidField("evolve_token", "must be 32 bytes");
    }
    token = crypto::Secret::CopyOf(request.evolve_token());
  }
  enrollment::Message message{*step, request.run(), request.payload(), {}};
  return EnrollmentMessageFields{*id, std::move(message), std::move(token)};
}

v1::WatchEnrollmentsResponse ToProto(const enrollment::EnrollmentId& id, const enrollment::Event& event) {
  v1::WatchEnrollmentsResponse response;
  response.set_enrollment_id(id.str());
  response.set_sequence(event.sequence);
  response.set_step(static_cast<v1::EnrollmentStep>(static_cast<int>(event.step) + kFirst));
  response.set_run(event.run);
  response.set_payload(event.payload);
  response.set_expire_ms(event.expire_ms);
  if (event.keys.has_value()) FillKeys(*event.keys, *response.mutable_keys());
  response.set_sealed_label(event.sealed_label);
  return response;
}

}  // namespace labyrinth::service
