#include "common/rpc_status.h"

#include <catch2/catch.hpp>

#include "common/errors.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace labyrinth {
namespace {

TEST_CASE("An error of the catalogue survives the wire with its reason and details") {
  const absl::Status sent = errors::EpochStale(EpochId(77), 3);
  const grpc::Status wire = ToGrpc(sent);
  CHECK(wire.error_code() == grpc::StatusCode::ABORTED);
  CHECK(wire.error_message() == sent.message());
  const absl::Status got = FromGrpc(wire);
  CHECK(got == sent);
  CHECK(ReasonOf(got) == Reason::kEpochStale);
  CHECK(DetailsOf(got).at("current_epoch_id") == "77");
}

TEST_CASE("Retry information travels beside the reason") {
  const absl::Status got = FromGrpc(ToGrpc(errors::RateLimited("misses", 2500)));
  CHECK(ReasonOf(got) == Reason::kRateLimited);
  google::rpc::RetryInfo retry;
  const auto payload = got.GetPayload(absl::string_view(errors::kRetryInfoUrl.data(), errors::kRetryInfoUrl.size()));
  REQUIRE(payload.has_value());
  REQUIRE(retry.ParseFromString(std::string(*payload)));
  CHECK(retry.retry_delay().seconds() == 2);
  CHECK(retry.retry_delay().nanos() == 500'000'000);
}

TEST_CASE("OK is OK in both directions") {
  CHECK(ToGrpc(absl::OkStatus()).ok());
  CHECK(FromGrpc(grpc::Status::OK).ok());
}

TEST_CASE("Payloads that were not meant to travel stay behind") {
  absl::Status status = errors::DeviceRevoked();
  status.SetPayload("type.googleapis.com/internal.Debug", absl::Cord("secret"));
  const grpc::Status wire = ToGrpc(status);
  CHECK(wire.error_details().find("secret") == std::string::npos);
  CHECK(ReasonOf(FromGrpc(wire)) == Reason::kDeviceRevoked);
}

TEST_CASE("Every gRPC code keeps its number; one outside the list becomes UNKNOWN") {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status got = FromGrpc(grpc::Status(static_cast<grpc::StatusCode>(code), "text"));
    CHECK(static_cast<int>(got.code()) == code);
    CHECK(static_cast<int>(ToGrpc(got).error_code()) == code);
    CHECK(ToGrpc(got).error_details().empty());
  }
  CHECK(FromGrpc(grpc::Status(static_cast<grpc::StatusCode>(40), "text")).code() == absl::StatusCode::kUnknown);
}

TEST_CASE("Details that lie or don't parse are ignored") {
  CHECK_FALSE(ReasonOf(FromGrpc(grpc::Status(grpc::StatusCode::ABORTED, "text", "\xff\xff garbage"))).has_value());
  // Genuine details under another code: a proxy's mix-up, or an attempt at confusion.
  const grpc::Status genuine = ToGrpc(errors::EpochStale(EpochId(1), 0));
  const grpc::Status relabelled(grpc::StatusCode::UNAVAILABLE, "text", genuine.error_details());
  CHECK_FALSE(ReasonOf(FromGrpc(relabelled)).has_value());
  const grpc::Status control(genuine.error_code(), "text", genuine.error_details());
  CHECK(ReasonOf(FromGrpc(control)) == Reason::kEpochStale);
}

}  // namespace
}  // namespace labyrinth
