#include "client/rotation_policy.h"

#include <catch2/catch.hpp>
#include <string>

#include "client/testing/mailbox_fixture.h"

namespace labyrinth::client {
namespace {

using testing::MailboxFixture;
using testing::TestClient;

constexpr int64_t kNow = 1'000 * kDayMs;

TEST_CASE("A rotation is due by the epoch's age, by an absence, or not at all") {
  const struct {
    RotationPolicy policy;
    int64_t opened_days_ago, written_days_ago;
    RotationDue due;
  } cases[] = {
      {{}, 0, 0, RotationDue::kNo},
      {{}, 30, 30, RotationDue::kNo},  // the bound itself is still within
      {{}, 31, 0, RotationDue::kEpochAge},
      {{}, 0, 31, RotationDue::kAbsence},
      {{}, 31, 31, RotationDue::kAbsence},
      {{}, 31, 1000, RotationDue::kEpochAge},  // written at 0: not known
      {{}, -5, -5, RotationDue::kNo},          // clocks that run ahead
      {{}, -5000, -5000, RotationDue::kNo},
      {{.max_epoch_age_ms = 0}, 900, 0, RotationDue::kNo},
      {{.max_absence_ms = 0}, 0, 900, RotationDue::kNo},
      {{.max_epoch_age_ms = 0}, 900, 31, RotationDue::kAbsence},
      {{.max_epoch_age_ms = 2 * kDayMs, .max_absence_ms = 90 * kDayMs}, 3, 60, RotationDue::kEpochAge},
  };
  for (const auto& c : cases) {
    INFO(c.opened_days_ago << " " << c.written_days_ago);
    CHECK(DecideRotation(c.policy, {.now_ms = kNow,
                                    .opened_ms = kNow - c.opened_days_ago * kDayMs,
                                    .last_write_ms = kNow - c.written_days_ago * kDayMs}) == c.due);
  }
}

absl::StatusOr<SaveReport> Send(TestClient& client, const std::string& id, bool may_rotate = true) {
  return client->history().Save({testing::Text("t", id, 1, "x")}, {.may_rotate = may_rotate});
}

uint32_t Sequence(TestClient& client) { return client->mailbox().Info()->epoch_sequence; }

TEST_CASE("The first save after the epoch grew old opens a fresh one, and tells") {
  MailboxFixture f;
  REQUIRE(Send(f.laptop, "a").ok());
  f.laptop.clock.Advance(29 * kDayMs);
  CHECK_FALSE(Send(f.laptop, "b")->rotation.has_value());
  f.laptop.clock.Advance(2 * kDayMs);
  CHECK_FALSE(Send(f.laptop, "c", /*may_rotate=*/false)->rotation.has_value());
  const auto saved = Send(f.laptop, "d");
  REQUIRE(saved.ok());
  REQUIRE(saved->rotation.has_value());
  CHECK(saved->rotation->epoch_sequence == 1);
  CHECK(saved->epoch_id == saved->rotation->epoch_id);
  CHECK_FALSE(Send(f.laptop, "e")->rotation.has_value());
  CHECK(Sequence(f.laptop) == 1);
}

TEST_CASE("An epoch that another member opened meanwhile is young enough") {
  MailboxFixture f;
  auto phone = f.Join(2);
  REQUIRE(Send(f.laptop, "a").ok());
  REQUIRE(Send(*phone, "b").ok());
  f.laptop.clock.Advance(31 * kDayMs);
  phone->clock.Advance(31 * kDayMs);
  // Neither has written for so long, so that each opens one: for its absence, not for the epoch's age.
  CHECK(Send(*phone, "c")->rotation.has_value());
  CHECK(Send(f.laptop, "d")->rotation.has_value());
  for (int i = 0; i < 2; ++i) {
    f.laptop.clock.Advance(16 * kDayMs);
    phone->clock.Advance(16 * kDayMs);
    const auto on_phone = Send(*phone, "e" + std::to_string(i));
    const auto on_laptop = Send(f.laptop, "f" + std::to_string(i));
    REQUIRE(on_phone.ok());
    REQUIRE(on_laptop.ok());
    CHECK(on_phone->rotation.has_value() == (i == 1));
    CHECK_FALSE(on_laptop->rotation.has_value());
  }
}

TEST_CASE("A device that wrote nothing for long rotates before it saves, also as a new process") {
  MailboxFixture f;
  auto phone = f.Join(2);
  REQUIRE(Send(*phone, "a").ok());
  for (int day = 0; day < 40; day += 10) {
    f.laptop.clock.Advance(10 * kDayMs);
    REQUIRE(f.laptop->devices().Rotate().ok());
  }
  phone->clock.Advance(40 * kDayMs);
  phone->Open();
  // Reading is no reason.
  const uint32_t before = Sequence(*phone);
  CHECK((*phone)->history().ListMessages({}).NextPage().ok());
  CHECK(Sequence(*phone) == before);
  const auto saved = Send(*phone, "b");
  REQUIRE(saved.ok());
  REQUIRE(saved->rotation.has_value());
  CHECK(saved->rotation->epoch_sequence == before + 1);
}

TEST_CASE("A policy may be off") {
  MailboxFixture f;
  REQUIRE(Send(f.laptop, "a").ok());
  f.laptop.rotation = {.max_epoch_age_ms = 0, .max_absence_ms = 0};
  f.laptop.Open();
  f.laptop.clock.Advance(1000 * kDayMs);
  CHECK_FALSE(Send(f.laptop, "b")->rotation.has_value());
  CHECK(Sequence(f.laptop) == 0);
}

}  // namespace
}  // namespace labyrinth::client
