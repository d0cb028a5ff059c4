#include "storage/attachment_schema.h"

namespace labyrinth::storage::attachment_keys {
namespace {

constexpr char kHead = '\x01';
constexpr char kRow = '\x02';
constexpr char kDue = '\x03';
constexpr char kBackReference = '\x04';

constexpr std::string_view kReferencePrefix = "attref-";
constexpr std::string_view kBlobPrefix = "attblob-";
constexpr std::size_t kTimeBytes = 6;
constexpr std::size_t kNameBytes = 32;

std::string PartitionOf(std::string_view prefix, std::string_view name) {
  std::string out(prefix);
  out += ToHex(name.substr(0, 1));
  return out;
}

bool IsPartition(std::string_view partition, std::string_view prefix) {
  if (!partition.starts_with(prefix)) return false;
  const std::string_view rest = partition.substr(prefix.size());
  const auto byte = FromHex(rest);
  return byte.has_value() && byte->size() == 1 && ToHex(*byte) == rest;
}

// Six bytes hold every time up to the year 9999.
void AppendTime(std::string& out, int64_t ms) {
  for (int shift = 40; shift >= 0; shift -= 8) out.push_back(static_cast<char>(static_cast<uint64_t>(ms) >> shift));
}

int64_t ReadTime(std::string_view bytes) {
  uint64_t ms = 0;
  for (const char c : bytes.substr(0, kTimeBytes)) ms = ms << 8 | static_cast<unsigned char>(c);
  return static_cast<int64_t>(ms);
}

std::string Key(char table, std::string_view first, std::string_view second = {}) {
  std::string out(1, table);
  out += first;
  out += second;
  return out;
}

std::string DueKey(int64_t due_ms, std::string_view first, std::string_view second = {}) {
  std::string out(1, kDue);
  AppendTime(out, due_ms);
  out += first;
  out += second;
  return out;
}

}  // namespace

std::string ReferencePartition(const AttachmentIndex& index) { return PartitionOf(kReferencePrefix, index.view()); }
std::string BlobPartition(const AttachmentBlob& blob) { return PartitionOf(kBlobPrefix, blob.view()); }

std::optional<Kind> KindOfPartition(std::string_view partition) {
  if (IsPartition(partition, kReferencePrefix)) return Kind::kReferences;
  if (IsPartition(partition, kBlobPrefix)) return Kind::kBlobs;
  return std::nullopt;
}

std::string Head() { return std::string(1, kHead); }
std::string Reference(const AttachmentIndex& index) { return Key(kRow, index.view()); }
std::string ReferenceDue(int64_t due_ms, const AttachmentIndex& index) { return DueKey(due_ms, index.view()); }
std::string Blob(const AttachmentBlob& blob) { return Key(kRow, blob.view()); }
std::string BlobDue(int64_t due_ms, const AttachmentBlob& blob) { return DueKey(due_ms, blob.view()); }
std::string BackReferenceDue(int64_t due_ms, const AttachmentBlob& blob, const AttachmentIndex& index) {
  return DueKey(due_ms, blob.view(), index.view());
}
std::string BackReference(const AttachmentBlob& blob, const AttachmentIndex& index) {
  return Key(kBackReference, blob.view(), index.view());
}

DueRange AllDue() { return {std::string(1, kDue), std::string(1, kDue + 1)}; }

std::optional<Due> ParseDue(Kind kind, std::string_view key) {
  const std::size_t fixed = 1 + kTimeBytes + kNameBytes;
  if (key.empty() || key[0] != kDue) return std::nullopt;
  if (key.size() != fixed && (kind != Kind::kBlobs || key.size() != fixed + kNameBytes)) return std::nullopt;
  Due due;
  due.due_ms = ReadTime(key.substr(1));
  const std::string_view first = key.substr(1 + kTimeBytes, kNameBytes);
  if (kind == Kind::kReferences) {
    due.index = AttachmentIndex::From(first);
  } else {
    due.blob = AttachmentBlob::From(first);
    if (key.size() > fixed) due.index = AttachmentIndex::From(key.substr(fixed));
  }
  return due;
}

}  // namespace labyrinth::storage::attachment_keys
