// What names an attachment, between proto and domain.
#ifndef LABYRINTH_SERVICE_CONVERTERS_ATTACHMENTS_H_
#define LABYRINTH_SERVICE_CONVERTERS_ATTACHMENTS_H_

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "proto/labyrinth/v1/attachment.pb.h"
#include "service/attachments/locate.h"

namespace labyrinth::service {

// INVALID_FIELD (points that aren't canonical, ids that are missing) or LIMIT_EXCEEDED (ids), naming the field below
// `field`.
absl::StatusOr<attachments::Claim> ParseClaim(const v1::AttachmentPoint& point, std::string_view field);

// The same for a list, each entry named by its place: "attachments[2].point".
absl::StatusOr<std::vector<attachments::Claim>> ParseClaims(
    const google::protobuf::RepeatedPtrField<v1::AttachmentPoint>& points, std::string_view field);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_CONVERTERS_ATTACHMENTS_H_
