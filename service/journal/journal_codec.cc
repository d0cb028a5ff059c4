#include "service/journal/journal_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "common/crc32c.h"
#include "crypto/statements/codec.h"
#include "storage/engine.h"

namespace labyrinth::journal {
namespace {

using Kind = JournalEntry::Kind;

constexpr std::string_view kNewestMagic = "labyrinth-revocations 1\n";
constexpr std::string_view kAnyMagic = "labyrinth-revocations ";
constexpr std::size_t kHeaderBytes = kNewestMagic.size() + JournalId::kSize + 4;
constexpr std::size_t kFrameBytes = 8;
constexpr std::size_t kMaxBodyBytes = 64 << 10;
constexpr std::size_t kDeviceKeyBytes = 32;
constexpr uint32_t kMaxDevices = 1024;

std::optional<JournalEntry> DecodeBody(std::string_view body) {
  crypto::ByteReader in(body);
  JournalEntry entry;
  entry.number = in.U64();
  const uint8_t kind = in.U8();
  entry.generation = in.U64();
  entry.revocation.time_ms = in.I64();
  entry.kind = static_cast<Kind>(kind);
  if (entry.kind == Kind::kRevoke || entry.kind == Kind::kDelete) {
    entry.revocation.partition = std::string(in.Lv(storage::kMaxPartitionNameBytes));
    entry.revocation.mailbox_id = std::string(in.Bytes(MailboxId::kSize));
    const uint32_t count = entry.kind == Kind::kRevoke ? in.U32() : 0;
    if (!in.ok() || count > kMaxDevices || (entry.kind == Kind::kRevoke && count == 0)) return std::nullopt;
    for (uint32_t i = 0; i < count; ++i) {
      mailbox::RevokedDevice device;
      device.id = DeviceId(in.U64());
      device.device_key = std::string(in.Bytes(kDeviceKeyBytes));
      entry.revocation.devices.push_back(std::move(device));
    }
  } else if (entry.kind == Kind::kVoid || entry.kind == Kind::kChecked) {
    entry.about = in.U64();
  } else {
    return std::nullopt;
  }
  if (!in.AtEnd()) return std::nullopt;
  return entry;
}

// The entry at the beginning of `bytes`, and how long it is; nullopt: no intact one begins here.
std::optional<std::pair<JournalEntry, std::size_t>> DecodeEntry(std::string_view bytes) {
  if (bytes.size() < kFrameBytes) return std::nullopt;
  crypto::ByteReader in(bytes);
  const uint32_t size = in.U32();
  const uint32_t crc = in.U32();
  if (size > kMaxBodyBytes || size > bytes.size() - kFrameBytes) return std::nullopt;
  const std::string_view body = bytes.substr(kFrameBytes, size);
  if (ExtendCrc32c(Crc32c(bytes.substr(0, 4)), body) != crc) return std::nullopt;
  auto entry = DecodeBody(body);
  if (!entry.has_value()) return std::nullopt;
  return std::pair(*std::move(entry), kFrameBytes + size);
}

absl::Status Damaged(std::size_t at) {
  return absl::DataLossError(
      fmt::format("the journal of revocations is damaged at byte {}, before its end: put an intact copy back", at));
}

absl::StatusOr<JournalId> DecodeHeader(std::string_view bytes) {
  if (!bytes.starts_with(kNewestMagic)) {
    const bool newer = bytes.starts_with(kAnyMagic) && bytes.substr(0, 64).find('\n') != std::string_view::npos;
    if (newer) return absl::FailedPreconditionError("a journal of revocations of another version: use a newer program");
    return absl::DataLossError("no journal of revocations, or damaged at its beginning");
  }
  if (bytes.size() < kHeaderBytes) return Damaged(bytes.size());
  crypto::ByteReader in(bytes.substr(kNewestMagic.size()));
  const auto id = in.Read<JournalId>();
  if (in.U32() != Crc32c(bytes.substr(0, kHeaderBytes - 4))) return Damaged(0);
  return id;
}

}  // namespace

std::vector<mailbox::Revocation> JournalContent::Revocations() const {
  std::set<uint64_t> voided;
  for (const JournalEntry& entry : entries) {
    if (entry.kind == Kind::kVoid) voided.insert(entry.about);
  }
  std::vector<mailbox::Revocation> out;
  for (const JournalEntry& entry : entries) {
    const bool takes_away = entry.kind == Kind::kRevoke || entry.kind == Kind::kDelete;
    if (takes_away && !voided.contains(entry.number)) out.push_back(entry.revocation);
  }
  return out;
}

uint64_t JournalContent::HighestGeneration() const {
  uint64_t highest = 0;
  for (const JournalEntry& entry : entries) highest = std::max(highest, entry.generation);
  return highest;
}

std::string EncodeJournalHeader(const JournalId& id) {
  std::string out(kNewestMagic);
  out.append(id.view());
  crypto::AppendU32(out, Crc32c(out));
  return out;
}

std::string EncodeJournalEntry(const JournalEntry& entry) {
  std::string body;
  crypto::AppendU64(body, entry.number);
  crypto::AppendU8(body, static_cast<uint8_t>(entry.kind));
  crypto::AppendU64(body, entry.generation);
  crypto::AppendI64(body, entry.revocation.time_ms);
  if (entry.kind == Kind::kVoid || entry.kind == Kind::kChecked) {
    crypto::AppendU64(body, entry.about);
  } else {
    crypto::AppendLv(body, entry.revocation.partition);
    body.append(entry.revocation.mailbox_id);
    if (entry.kind == Kind::kRevoke) {
      crypto::AppendU32(body, static_cast<uint32_t>(entry.revocation.devices.size()));
      for (const mailbox::RevokedDevice& device : entry.revocation.devices) {
        crypto::AppendU64(body, device.id.value());
        body.append(device.device_key);
      }
    }
  }
  std::string out;
  crypto::AppendU32(out, static_cast<uint32_t>(body.size()));
  crypto::AppendU32(out, ExtendCrc32c(Crc32c(out), body));
  out.append(body);
  return out;
}

absl::StatusOr<JournalContent> DecodeJournal(std::string_view bytes) {
  const auto id = DecodeHeader(bytes);
  if (!id.ok()) return id.status();
  JournalContent content;
  content.id = *id;
  std::size_t at = kHeaderBytes;
  while (at < bytes.size()) {
    auto next = DecodeEntry(bytes.substr(at));
    if (!next.has_value()) break;
    if (next->first.number != content.entries.size() + 1) return Damaged(at);
    at += next->second;
    content.entries.push_back(std::move(next->first));
  }
  content.intact_bytes = at;
  content.torn = at < bytes.size();
  // The writer never begins an entry before the one before it was synced.
  for (std::size_t later = at + 1; later < bytes.size(); ++later) {
    if (DecodeEntry(bytes.substr(later)).has_value()) return Damaged(at);
  }
  return content;
}

absl::StatusOr<JournalContent> ReadJournal(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return absl::NotFoundError(fmt::format("{}: no such file", path));
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file || !bytes) return absl::UnavailableError(fmt::format("{}: cannot be read", path));
  auto content = DecodeJournal(bytes.str());
  if (content.ok()) return content;
  return absl::Status(content.status().code(), fmt::format("{}: {}", path, std::string(content.status().message())));
}

}  // namespace labyrinth::journal
