#include "service/converters/attachments.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "common/errors.h"
#include "common/limits.h"
#include "proto/labyrinth/v1/history.pb.h"

namespace labyrinth::service {
namespace {

v1::AttachmentPoint Good() {
  v1::AttachmentPoint point;
  point.set_point(crypto::HashToCurve("reference").str());
  point.set_mac_point(crypto::HashToCurve("owner").str());
  point.set_thread_id("t");
  point.set_message_id("m");
  return point;
}

TEST_CASE("A claim is parsed as it came") {
  const auto claim = ParseClaim(Good(), "attachment");
  REQUIRE(claim.ok());
  CHECK(claim->point == crypto::HashToCurve("reference"));
  CHECK(claim->mac_point == crypto::HashToCurve("owner"));
  CHECK(claim->thread_id == "t");
  CHECK(claim->message_id == "m");
}

TEST_CASE("What is wrong with a claim is named") {
  using Spoil = std::function<void(v1::AttachmentPoint&)>;
  const struct {
    Spoil spoil;
    const char* field;
    Reason reason;
  } cases[] = {
      {[](auto& p) { p.clear_point(); }, "attachment.point", Reason::kInvalidField},
      {[](auto& p) { p.set_point(std::string(32, '\0')); }, "attachment.point", Reason::kInvalidField},  // identity
      {[](auto& p) { p.set_point(std::string(32, '\xff')); }, "attachment.point", Reason::kInvalidField},
      {[](auto& p) { p.mutable_point()->push_back('x'); }, "attachment.point", Reason::kInvalidField},
      {[](auto& p) { p.clear_mac_point(); }, "attachment.mac_point", Reason::kInvalidField},
      {[](auto& p) { p.set_mac_point(std::string(32, '\0')); }, "attachment.mac_point", Reason::kInvalidField},
      {[](auto& p) { p.clear_thread_id(); }, "attachment.thread_id", Reason::kInvalidField},
      {[](auto& p) { p.set_thread_id(std::string(limits::kThreadIdBytes + 1, 't')); }, "attachment.thread_id",
       Reason::kLimitExceeded},
      {[](auto& p) { p.clear_message_id(); }, "attachment.message_id", Reason::kInvalidField},
      {[](auto& p) { p.set_message_id(std::string(limits::kMessageIdBytes + 1, 'm')); }, "attachment.message_id",
       Reason::kLimitExceeded},
  };
  for (const auto& c : cases) {
    v1::AttachmentPoint point = Good();
    c.spoil(point);
    const absl::Status refused = ParseClaim(point, "attachment").status();
    CHECK(ReasonOf(refused) == c.reason);
    CHECK(DetailsOf(refused)["field"] == c.field);
  }
}

TEST_CASE("Of a list, the entry is named") {
  v1::DeleteMessagesRequest request;
  *request.add_attachments() = Good();
  *request.add_attachments() = Good();
  const auto claims = ParseClaims(request.attachments(), "attachments");
  REQUIRE(claims.ok());
  CHECK(claims->size() == 2);
  request.mutable_attachments(1)->clear_message_id();
  CHECK(DetailsOf(ParseClaims(request.attachments(), "attachments").status())["field"] == "attachments[1].message_id");
}

}  // namespace
}  // namespace labyrinth::service
