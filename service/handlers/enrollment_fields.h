// Messages of enrolments, between the API's form and the relay's.
#ifndef LABYRINTH_SERVICE_HANDLERS_ENROLLMENT_FIELDS_H_
#define LABYRINTH_SERVICE_HANDLERS_ENROLLMENT_FIELDS_H_

#include <optional>

#include "absl/status/statusor.h"
#include "crypto/primitives/secret.h"
#include "proto/labyrinth/v1/enrollment.pb.h"
#include "service/enrollment/enrollment.h"
#include "service/enrollment/relay.h"

namespace labyrinth::service {

struct OpenEnrollmentFields {
  crypto::DevicePublicKeys keys;  // verified
  enrollment::Nonce nonce;
  std::string sealed_label;
};

// INVALID_FIELD, LIMIT_EXCEEDED (sealed_label_bytes).
absl::StatusOr<OpenEnrollmentFields> ParseOpenEnrollment(const v1::OpenEnrollmentRequest& request);

struct EnrollmentMessageFields {
  enrollment::EnrollmentId id;
  enrollment::Message message;                 // without the temporary scalar
  std::optional<crypto::Secret> evolve_token;  // 32 bytes, with a grant alone
};

// Checks form alone: whose step it is, and when, is the relay's. INVALID_FIELD, LIMIT_EXCEEDED
// (enrollment_payload_bytes).
absl::StatusOr<EnrollmentMessageFields> ParseEnrollmentMessage(const v1::SendEnrollmentMessageRequest& request);

v1::WatchEnrollmentsResponse ToProto(const enrollment::EnrollmentId& id, const enrollment::Event& event);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_ENROLLMENT_FIELDS_H_
