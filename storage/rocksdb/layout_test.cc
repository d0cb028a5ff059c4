#include "storage/rocksdb/layout.h"

#include <catch2/catch.hpp>

#include "common/bytes.h"

namespace labyrinth::storage {
namespace {

// docs/STORAGE_FORMAT.md quotes these bytes: a change here is a change of the format.
TEST_CASE("the rows are laid out as the page says") {
  CHECK(ToHex(NextNumberKey()) == "00");
  CHECK(ToHex(EncodeNumber(0x0102)) == "0000000000000102");
  CHECK(ToHex(PartitionKey("abc")) == "01616263");
  CHECK(ToHex(WakeKey(0x0102030405, "abc")) == "020000000102030405616263");
  CHECK(ToHex(RecordKey(0x0a0b, "k")) == "0300000000000a0b6b");
  CHECK(ToHex(EncodePartitionRecord({7, {2, 9}, 258})) ==
        "0000000000000007"
        "0000000000000002"
        "0000000000000009"
        "0000000000000102");
}

TEST_CASE("what is encoded is decoded") {
  const PartitionRecord record{7, {2, 9}, 258};
  CHECK(DecodePartitionRecord(EncodePartitionRecord(record)) == record);
  CHECK(DecodeNumber(EncodeNumber(77)) == 77);
  const auto due = DecodeWakeKey(WakeKey(12345, "abc"));
  REQUIRE(due.has_value());
  CHECK(due->partition == "abc");
  CHECK(due->wake_at_ms == 12345);
}

TEST_CASE("rows of one partition lie together, wake times in order") {
  CHECK(RecordKey(1) < RecordKey(1, std::string(1, '\0')));
  CHECK(RecordKey(1, std::string(kMaxKeyBytes, '\xff')) < RecordKey(2));
  CHECK(RecordKey(255) < RecordKey(256));
  CHECK(WakeKey(255, "z") < WakeKey(256, "a"));
  CHECK(PartitionKey(std::string(kMaxPartitionNameBytes, '\xff')) < WakeKey(0, ""));
  CHECK(WakeKey(INT64_MAX, std::string(kMaxPartitionNameBytes, '\xff')) < RecordKey(0));
}

TEST_CASE("a record that was never encoded is refused") {
  const std::string good = EncodePartitionRecord({7, {2, 9}, 258});
  CHECK_FALSE(DecodePartitionRecord("").has_value());
  CHECK_FALSE(DecodePartitionRecord(good.substr(1)).has_value());
  CHECK_FALSE(DecodePartitionRecord(good + "x").has_value());
  CHECK_FALSE(DecodePartitionRecord(EncodePartitionRecord({7, {0, 9}, 0})).has_value());
  CHECK_FALSE(DecodePartitionRecord(EncodePartitionRecord({7, {2, 9}, -1})).has_value());
  CHECK_FALSE(DecodePartitionRecord(EncodePartitionRecord({0, {2, 9}, 0})).has_value());
  CHECK_FALSE(DecodePartitionRecord(EncodePartitionRecord({7, {2, 0}, 0})).has_value());
  CHECK_FALSE(DecodeNumber("1234567").has_value());
  CHECK_FALSE(DecodeWakeKey(std::string("\x02") + "12345678").has_value());
  CHECK_FALSE(DecodeWakeKey(std::string("\x03") + "12345678abc").has_value());
}

}  // namespace
}  // namespace labyrinth::storage
