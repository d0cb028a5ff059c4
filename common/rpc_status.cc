#include "common/rpc_status.h"

#include <array>
#include <string>
#include <string_view>

#include "common/errors.h"
#include "google/rpc/status.pb.h"

namespace labyrinth {
namespace {

constexpr std::array kTravellingUrls = {errors::kErrorInfoUrl, errors::kRetryInfoUrl};

// Debian's absl::string_view is a type of its own.
absl::string_view Absl(std::string_view s) { return {s.data(), s.size()}; }

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  google::rpc::Status wire;
  wire.set_code(static_cast<int>(status.code()));
  wire.set_message(std::string(status.message()));
  for (const std::string_view url : kTravellingUrls) {
    const auto payload = status.GetPayload(Absl(url));
    if (!payload.has_value()) continue;
    auto* detail = wire.add_details();
    detail->set_type_url(std::string(url));
    detail->set_value(std::string(*payload));
  }
  // absl and gRPC number their codes alike; without details there is nothing that the trailers don't say already.
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), wire.message(),
                      wire.details().empty() ? "" : wire.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const int number = status.error_code();
  const bool known = number > grpc::StatusCode::OK && number <= grpc::StatusCode::UNAUTHENTICATED;
  absl::Status out(known ? static_cast<absl::StatusCode>(number) : absl::StatusCode::kUnknown,
                   Absl(status.error_message()));
  google::rpc::Status wire;
  if (status.error_details().empty() || !wire.ParseFromString(status.error_details()) || wire.code() != number) {
    return out;
  }
  for (const auto& detail : wire.details()) {
    for (const std::string_view url : kTravellingUrls) {
      if (detail.type_url() == url) out.SetPayload(Absl(url), absl::Cord(detail.value()));
    }
  }
  return out;
}

}  // namespace labyrinth
