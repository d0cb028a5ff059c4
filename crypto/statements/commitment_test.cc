#include "crypto/statements/commitment.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/primitives/seeded_random.h"
#include "crypto/statements/log_testing.h"

namespace labyrinth::crypto {
namespace {

template <typename Fixed>
Fixed Filled(uint8_t byte) {
  Fixed out;
  std::fill_n(out.data(), Fixed::kSize, byte);
  return out;
}

Secret RootKey(char byte) { return Secret::CopyOf(std::string(32, byte)); }

LogMember Member(uint8_t device, uint8_t storage) {
  LogMember member;
  member.device_key = Filled<PublicKey>(device);
  member.epoch_storage_key = Filled<PublicKey>(storage);
  member.sponsor = Filled<PublicKey>(1);
  return member;
}

MembershipState State() {
  LogMember removed = Member(3, 0x3a);
  removed.removed_index = 4;
  return MembershipState(TestNames(),
                         {{5, Filled<LogHead>(0xcc)}, 3, false, {Member(2, 0x2a), removed, Member(1, 0x1a)}});
}

// Made by hand with Python's struct, hashlib and hmac.
constexpr std::string_view kExpected =
    "010000000000000004cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc2257f9384e92111355f8a8cd943c3ca7"
    "923c965d2d89c2a35fbbb32b8a6fe78ae653cfc2c93598a4ae64d84662ff43ee69df8cf5c288fa729ab5440a92efd6da";

TEST_CASE("a commitment has exactly the protocol's bytes") {
  const std::string bytes = BuildCommitment(State(), RootKey(9), 3);
  CHECK(ToHex(bytes) == kExpected);
  CHECK(bytes.size() == kCommitmentSizeBytes);
  CHECK(bytes.size() <= limits::kCommitmentBytes);
}

TEST_CASE("a commitment opens under its own epoch alone and shows every change") {
  const std::string bytes = BuildCommitment(State(), RootKey(9), 3);
  const auto opened = OpenCommitment(bytes, RootKey(9), 3);
  REQUIRE(opened.ok());
  CHECK(opened->log_index == 4);
  CHECK(opened->head == Filled<LogHead>(0xcc));
  CHECK(CheckCommitment(*opened, State(), 3).ok());

  CHECK_FALSE(OpenCommitment(bytes, RootKey(8), 3).ok());
  CHECK_FALSE(OpenCommitment(bytes, RootKey(9), 4).ok());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] ^= 0x20;
    CHECK(ReasonOf(OpenCommitment(changed, RootKey(9), 3).status()) == Reason::kDataDamaged);
  }
  CHECK_FALSE(OpenCommitment("", RootKey(9), 3).ok());
  CHECK_FALSE(OpenCommitment(bytes.substr(1), RootKey(9), 3).ok());
  CHECK_FALSE(OpenCommitment(bytes + '\0', RootKey(9), 3).ok());
}

TEST_CASE("a fork, other members and another place in the log are told apart") {
  const auto commitment = OpenCommitment(BuildCommitment(State(), RootKey(9), 3), RootKey(9), 3);
  REQUIRE(commitment.ok());
  const auto check = [&](MembershipState::Snapshot snapshot, uint64_t sequence = 3) {
    return std::string(
        CheckCommitment(*commitment, MembershipState(TestNames(), std::move(snapshot)), sequence).message());
  };
  const std::vector<LogMember> members = {Member(1, 0x1a), Member(2, 0x2a)};
  CHECK(check({{5, Filled<LogHead>(0xcc)}, 3, false, members}).empty());
  CHECK_THAT(check({{5, Filled<LogHead>(0xcd)}, 3, false, members}), Catch::Contains("fork"));
  CHECK_THAT(check({{6, Filled<LogHead>(0xcc)}, 3, false, members}), Catch::Contains("another place"));
  CHECK_THAT(check({{0, LogHead()}, 3, false, {}}), Catch::Contains("another place"));
  CHECK_THAT(check({{5, Filled<LogHead>(0xcc)}, 4, false, members}), Catch::Contains("another epoch"));
  CHECK_THAT(check({{5, Filled<LogHead>(0xcc)}, 3, false, {Member(1, 0x1a)}}), Catch::Contains("members"));
  // The device keys agree, a storage key was exchanged.
  CHECK_THAT(check({{5, Filled<LogHead>(0xcc)}, 3, false, {Member(1, 0x1a), Member(2, 0x2b)}}),
             Catch::Contains("members"));
}

}  // namespace
}  // namespace labyrinth::crypto
