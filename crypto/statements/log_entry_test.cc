#include "crypto/statements/log_entry.h"

#include <catch2/catch.hpp>
#include <functional>

#include "common/errors.h"
#include "crypto/primitives/seeded_random.h"
#include "crypto/statements/codec.h"
#include "crypto/statements/log_testing.h"

namespace labyrinth::crypto {
namespace {

template <typename Fixed>
Fixed Counting(uint8_t first) {
  Fixed out;
  for (std::size_t i = 0; i < Fixed::kSize; ++i) out.data()[i] = static_cast<uint8_t>(first + i);
  return out;
}

LogEntry Example() {
  LogEntry entry;
  entry.kind = LogEntryKind::kAddDevice;
  entry.index = 7;
  entry.previous_head = Counting<LogHead>(0);
  entry.server_name = "labyrinth.test";
  entry.account_id = "account-1";
  entry.time_ms = 1'700'000'000'123;
  entry.subject_kind = SubjectKind::kPhysical;
  entry.subject_device_key = Counting<PublicKey>(0x20);
  entry.subject_epoch_storage_key = Counting<PublicKey>(0x40);
  entry.subject_epoch_storage_auth_key = Counting<PublicKey>(0x60);
  entry.epoch_sequence = 5;
  entry.body_hash = Counting<Sha256Digest>(0x80);
  entry.actor_device_key = Counting<PublicKey>(0xa0);
  return entry;
}

// Example()'s bytes and head under a signature of 64 times 0x5a, made by hand with Python's struct and hashlib.
constexpr std::string_view kExampleHex =
    "01020000000000000007000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0000000e6c61627972696e74"
    "682e74657374000000096163636f756e742d310000018bcfe5687b01202122232425262728292a2b2c2d2e2f30313233343536373839"
    "3a3b3c3d3e3f404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f"
    "707172737475767778797a7b7c7d7e7f00000005808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9fa0a1"
    "a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf";
constexpr std::string_view kExampleHead = "c2b58a310d2c23a1e1b849ddbf5fbed75bf4f661b61a02109e24977c1738153d";

std::string FaultOf(const absl::Status& status) {
  if (status.ok()) return "none";
  return DetailsOf(status)["field"];
}

TEST_CASE("an entry has exactly the protocol's bytes and head") {
  const auto bytes = EncodeLogEntry(Example());
  REQUIRE(bytes.ok());
  CHECK(ToHex(*bytes) == kExampleHex);
  Signature signature;
  std::fill_n(signature.data(), Signature::kSize, uint8_t{0x5a});
  CHECK(ToHex(HeadOf(*bytes, signature).view()) == kExampleHead);
  CHECK(SignedLogEntry{*bytes, signature}.Head() == HeadOf(*bytes, signature));

  const auto decoded = DecodeLogEntry(*bytes);
  REQUIRE(decoded.ok());
  CHECK(*decoded == Example());
}

TEST_CASE("every truncation and every surplus is refused") {
  const std::string bytes = *EncodeLogEntry(Example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    INFO(size);
    CHECK_FALSE(DecodeLogEntry(std::string_view(bytes).substr(0, size)).ok());
  }
  CHECK_FALSE(DecodeLogEntry(bytes + '\0').ok());
  CHECK_FALSE(DecodeLogEntry(bytes + bytes).ok());
  CHECK(ReasonOf(DecodeLogEntry(std::string(513, '\1')).status()) == Reason::kLimitExceeded);
}

TEST_CASE("whatever is accepted re-encodes to the same bytes") {
  const std::string bytes = *EncodeLogEntry(Example());
  SeededRandom random(4);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string mutated = bytes;
    const std::string dice = random.Bytes(6);
    // Mostly the structured head of the entry, where lengths and kinds are.
    const std::size_t at = static_cast<uint8_t>(dice[0]) % (dice[5] & 1 ? mutated.size() : 75);
    mutated[at] = dice[1];
    if ((dice[2] & 7) == 0) mutated[static_cast<uint8_t>(dice[3]) % mutated.size()] ^= 1 << (dice[4] & 7);
    const auto decoded = DecodeLogEntry(mutated);
    if (!decoded.ok()) continue;
    ++accepted;
    const auto again = EncodeLogEntry(*decoded);
    REQUIRE(again.ok());
    REQUIRE(*again == mutated);
  }
  CHECK(accepted > 1000);
}

TEST_CASE("an entry that doesn't fit its kind is refused by encoder and decoder alike") {
  struct Case {
    std::string_view field;
    std::function<void(LogEntry&)> change;
  };
  const Case cases[] = {
      {"log_entry.kind", [](LogEntry& e) { e.kind = static_cast<LogEntryKind>(0); }},
      {"log_entry.kind", [](LogEntry& e) { e.kind = static_cast<LogEntryKind>(7); }},
      {"log_entry.server_name", [](LogEntry& e) { e.server_name.clear(); }},
      {"log_entry.account_id", [](LogEntry& e) { e.account_id.clear(); }},
      {"log_entry.account_id", [](LogEntry& e) { e.account_id.assign(257, 'a'); }},
      {"log_entry.time_ms", [](LogEntry& e) { e.time_ms = -1; }},
      {"log_entry.time_ms", [](LogEntry& e) { e.time_ms = limits::kTimestampMs + 1; }},
      {"log_entry.subject_kind", [](LogEntry& e) { e.subject_kind = SubjectKind::kVirtual; }},
      {"log_entry.subject_kind", [](LogEntry& e) { e.subject_kind = static_cast<SubjectKind>(3); }},
      {"log_entry.subject_kind", [](LogEntry& e) { e.kind = LogEntryKind::kAddVirtualDevice; }},
      {"log_entry.subject_kind", [](LogEntry& e) { e.kind = LogEntryKind::kOpenEpoch; }},
      {"log_entry.subject_kind",
       [](LogEntry& e) {
         e.kind = LogEntryKind::kRemove;
         e.subject_kind = SubjectKind::kNone;
       }},
      {"log_entry.subject_device_key", [](LogEntry& e) { e.subject_device_key = PublicKey(); }},
      {"log_entry.subject_epoch_storage_key", [](LogEntry& e) { e.subject_epoch_storage_key = PublicKey(); }},
      {"log_entry.subject_epoch_storage_auth_key", [](LogEntry& e) { e.subject_epoch_storage_auth_key = PublicKey(); }},
      {"log_entry.subject_epoch_storage_auth_key",
       [](LogEntry& e) {
         e.kind = LogEntryKind::kAddVirtualDevice;
         e.subject_kind = SubjectKind::kVirtual;
       }},
      {"log_entry.subject_device_key",
       [](LogEntry& e) {
         e.kind = LogEntryKind::kOpenEpoch;
         e.subject_kind = SubjectKind::kNone;
       }},
      {"log_entry.actor", [](LogEntry& e) { e.actor_device_key = PublicKey(); }},
      {"log_entry.epoch_sequence", [](LogEntry& e) { e.epoch_sequence = 0x80000000; }},
      {"log_entry.body_hash", [](LogEntry& e) { e.kind = LogEntryKind::kRemove; }},
      {"log_entry.index", [](LogEntry& e) { e.index = 0; }},
      {"log_entry.index", [](LogEntry& e) { e.kind = LogEntryKind::kCreate; }},
      {"log_entry.previous_head",
       [](LogEntry& e) {
         e.kind = LogEntryKind::kCreate;
         e.index = 0;
       }},
      {"log_entry.epoch_sequence",
       [](LogEntry& e) {
         e.kind = LogEntryKind::kCreate;
         e.index = 0;
         e.previous_head = LogHead();
       }},
      {"log_entry.actor",
       [](LogEntry& e) {
         e.kind = LogEntryKind::kCreate;
         e.index = 0;
         e.previous_head = LogHead();
         e.epoch_sequence = 0;
       }},
  };
  for (const Case& one : cases) {
    LogEntry entry = Example();
    one.change(entry);
    CHECK(FaultOf(CheckShape(entry)) == one.field);
    CHECK(FaultOf(EncodeLogEntry(entry).status()) == one.field);
  }
  // The decoder asks the same question: an unknown kind in the bytes.
  std::string bytes = *EncodeLogEntry(Example());
  bytes[1] = 9;
  CHECK(FaultOf(DecodeLogEntry(bytes).status()) == "log_entry.kind");
  bytes = *EncodeLogEntry(Example());
  bytes[0] = 2;
  CHECK(FaultOf(DecodeLogEntry(bytes).status()) == "log_entry.version");
}

TEST_CASE("the names of an entry share 289 bytes") {
  LogEntry entry = Example();
  entry.account_id.assign(limits::kAccountIdBytes, 'a');
  entry.server_name.assign(33, 's');
  REQUIRE(EncodeLogEntry(entry).ok());
  CHECK(EncodeLogEntry(entry)->size() == limits::kLogEntryBytes);
  CHECK(DecodeLogEntry(*EncodeLogEntry(entry)).ok());
  entry.server_name.push_back('s');
  CHECK(ReasonOf(EncodeLogEntry(entry).status()) == Reason::kLimitExceeded);
}

TEST_CASE("an entry is signed by its actor alone, and any change shows") {
  SeededRandom random(5);
  const TestDevice actor = MakeTestDevice(SubjectKind::kPhysical, random);
  const TestDevice other = MakeTestDevice(SubjectKind::kPhysical, random);
  LogEntry entry = Example();
  entry.actor_device_key = actor.id();

  CHECK_FALSE(SignLogEntry(entry, other.device_key.private_key, random).ok());
  CHECK_FALSE(SignLogEntry(entry, Secret(31), random).ok());
  const auto signed_entry = SignLogEntry(entry, actor.device_key.private_key, random);
  REQUIRE(signed_entry.ok());
  CHECK(VerifyLogSignature(*signed_entry, actor.id()).ok());
  CHECK(FaultOf(VerifyLogSignature(*signed_entry, other.id())) == "log_entry.signature");

  for (std::size_t at = 0; at < signed_entry->entry.size(); at += 5) {
    SignedLogEntry changed = *signed_entry;
    changed.entry[at] ^= 1;
    CHECK_FALSE(VerifyLogSignature(changed, actor.id()).ok());
  }
  SignedLogEntry forged = *signed_entry;
  forged.signature.data()[0] ^= 1;
  CHECK_FALSE(VerifyLogSignature(forged, actor.id()).ok());
  // A signature for another use over the same bytes is no log signature.
  forged.signature = *Sign(actor.device_key.private_key, SignatureUse::kSession, signed_entry->entry, random);
  CHECK_FALSE(VerifyLogSignature(forged, actor.id()).ok());
}

}  // namespace
}  // namespace labyrinth::crypto
