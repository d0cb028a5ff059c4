#include "service/attachments/upload_limiter.h"

#include <catch2/catch.hpp>

#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::attachments {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

TEST_CASE("a mailbox has so many uploads an hour, whatever others do") {
  ManualClock clock(kNowMs);
  UploadLimiter limiter(clock);
  for (uint32_t i = 0; i < limits::kUploadsPerHour; ++i) REQUIRE(limiter.Try("a", 1).ok());
  clock.Advance(1000);
  const absl::Status refused = limiter.Try("a", 1);
  CHECK(ReasonOf(refused) == Reason::kRateLimited);
  CHECK(DetailsOf(refused)["limit"] == "uploads_per_hour");
  CHECK(limiter.Try("b", 1).ok());
  clock.Advance(limits::kUploadWindowMs - 1001);
  CHECK_FALSE(limiter.Try("a", 1).ok());
  clock.Advance(1);
  CHECK(limiter.Try("a", 1).ok());
}

TEST_CASE("and so many bytes; what is refused isn't counted") {
  ManualClock clock(kNowMs);
  UploadLimiter limiter(clock);
  for (uint64_t sent = 0; sent + limits::kAttachmentBytes <= limits::kUploadBytesPerHour;
       sent += limits::kAttachmentBytes) {
    REQUIRE(limiter.Try("a", limits::kAttachmentBytes).ok());
  }
  CHECK(DetailsOf(limiter.Try("a", limits::kAttachmentBytes))["limit"] == "upload_bytes_per_hour");
  CHECK(limiter.Try("a", limits::kUploadBytesPerHour % limits::kAttachmentBytes).ok());
  CHECK_FALSE(limiter.Try("a", 1).ok());
}

TEST_CASE("a clock that steps back locks nobody out") {
  ManualClock clock(kNowMs);
  UploadLimiter limiter(clock);
  REQUIRE(limiter.Try("a", limits::kUploadBytesPerHour).ok());
  clock.Set(kNowMs - limits::kUploadWindowMs);
  CHECK(limiter.Try("a", 1).ok());
}

}  // namespace
}  // namespace labyrinth::attachments
