#include "service/converters/attachments.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "service/converters/fields.h"

namespace labyrinth::service {

namespace {

absl::StatusOr<crypto::Point> ParseCanonical(std::string_view bytes, const std::string& field) {
  absl::StatusOr<crypto::Point> point = crypto::ParsePoint(bytes);
  if (!point.ok()) return errors::InvalidField(field, "must be a canonical encoding of a point, not the identity");
  return point;
}

}  // namespace

absl::StatusOr<attachments::Claim> ParseClaim(const v1::AttachmentPoint& in, std::string_view field) {
  const auto point = ParseCanonical(in.point(), fmt::format("{}.point", field));
  if (!point.ok()) return point.status();
  const auto mac_point = ParseCanonical(in.mac_point(), fmt::format("{}.mac_point", field));
  if (!mac_point.ok()) return mac_point.status();
  absl::Status ids =
      CheckBytes(in.thread_id(), fmt::format("{}.thread_id", field), "thread_id_bytes", limits::kThreadIdBytes);
  ids.Update(
      CheckBytes(in.message_id(), fmt::format("{}.message_id", field), "message_id_bytes", limits::kMessageIdBytes));
  if (!ids.ok()) return ids;
  return attachments::Claim{*point, *mac_point, in.thread_id(), in.message_id()};
}

absl::StatusOr<std::vector<attachments::Claim>> ParseClaims(
    const google::protobuf::RepeatedPtrField<v1::AttachmentPoint>& points, std::string_view field) {
  std::vector<attachments::Claim> claims;
  for (const v1::AttachmentPoint& point : points) {
    auto claim = ParseClaim(point, fmt::format("{}[{}]", field, claims.size()));
    if (!claim.ok()) return claim.status();
    claims.push_back(*std::move(claim));
  }
  return claims;
}

}  // namespace labyrinth::service
