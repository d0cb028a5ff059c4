#include "storage/rocksdb/layout.h"

namespace labyrinth::storage {
namespace {

constexpr char kNextNumberTag = '\x00';
constexpr char kPartitionTag = '\x01';
constexpr char kWakeTag = '\x02';
constexpr char kRecordTag = '\x03';

void AppendU64(std::string& out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

uint64_t ReadU64(std::string_view bytes) {
  uint64_t value = 0;
  for (int i = 0; i < 8; ++i) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

}  // namespace

std::string EncodePartitionRecord(const PartitionRecord& record) {
  std::string out;
  out.reserve(32);
  AppendU64(out, record.number);
  AppendU64(out, record.position.incarnation);
  AppendU64(out, record.position.revision);
  AppendU64(out, static_cast<uint64_t>(record.wake_at_ms));
  return out;
}

std::optional<PartitionRecord> DecodePartitionRecord(std::string_view bytes) {
  if (bytes.size() != 32) return std::nullopt;
  PartitionRecord record;
  record.number = ReadU64(bytes);
  record.position = {ReadU64(bytes.substr(8)), ReadU64(bytes.substr(16))};
  record.wake_at_ms = static_cast<int64_t>(ReadU64(bytes.substr(24)));
  if (record.position.incarnation == 0 || record.wake_at_ms < 0) return std::nullopt;
  if ((record.number == 0) != (record.position.revision == 0)) return std::nullopt;
  return record;
}

std::string NextNumberKey() { return std::string(1, kNextNumberTag); }

std::string EncodeNumber(uint64_t number) {
  std::string out;
  AppendU64(out, number);
  return out;
}

std::optional<uint64_t> DecodeNumber(std::string_view bytes) {
  if (bytes.size() != 8) return std::nullopt;
  return ReadU64(bytes);
}

std::string PartitionKey(std::string_view name) {
  std::string out(1, kPartitionTag);
  out.append(name);
  return out;
}

std::string_view PartitionName(std::string_view key) { return key.substr(1); }

std::string WakeKey(int64_t wake_at_ms, std::string_view name) {
  std::string out(1, kWakeTag);
  AppendU64(out, static_cast<uint64_t>(wake_at_ms));
  out.append(name);
  return out;
}

std::optional<DuePartition> DecodeWakeKey(std::string_view key) {
  if (key.size() < 10 || key[0] != kWakeTag) return std::nullopt;
  return DuePartition{std::string(key.substr(9)), static_cast<int64_t>(ReadU64(key.substr(1)))};
}

std::string RecordKey(uint64_t number, std::string_view key) {
  std::string out;
  out.reserve(kRecordPrefixBytes + key.size());
  AppendU64(out, uint64_t{kRecordTag} << 56 | number);
  out.append(key);
  return out;
}

}  // namespace labyrinth::storage
