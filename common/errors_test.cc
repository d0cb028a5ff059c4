#include "common/errors.h"

#include <catch2/catch.hpp>
#include <set>

namespace labyrinth {
namespace {

TEST_CASE("every reason has a row of its own in the catalogue") {
  std::set<std::string_view> names;
  const int last = static_cast<int>(Reason::kDataDamaged);
  for (int i = 0; i <= last; ++i) {
    const auto reason = static_cast<Reason>(i);
    CHECK(names.insert(ReasonName(reason)).second);
    CHECK(ReasonOf(errors::Make(reason, "x")) == reason);
  }
}

TEST_CASE("an error carries its reason and details, and keeps ids out of the message") {
  const absl::Status status = errors::EpochStale(EpochId(7182818284590452), 3);
  CHECK(status.code() == absl::StatusCode::kAborted);
  CHECK(ReasonOf(status) == Reason::kEpochStale);
  CHECK(DetailsOf(status).at("current_epoch_id") == "7182818284590452");
  CHECK(std::string(status.message()).find("7182818284590452") == std::string::npos);
}

TEST_CASE("foreign and OK statuses have no reason") {
  CHECK_FALSE(ReasonOf(absl::OkStatus()).has_value());
  CHECK_FALSE(ReasonOf(absl::InternalError("x")).has_value());
  CHECK(DetailsOf(absl::InternalError("x")).empty());
}

}  // namespace
}  // namespace labyrinth
