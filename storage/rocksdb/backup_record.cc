#include "storage/rocksdb/backup_record.h"

#include <fmt/format.h>

#include <charconv>
#include <vector>

#include "common/crc32c.h"

namespace labyrinth::storage {
namespace {

constexpr std::string_view kHeader = "labyrinth-backup 1";

template <typename Number>
bool ParseNumber(std::string_view text, Number& out, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size();
}

// The rest of `line` after "name ".
bool Take(std::string_view line, std::string_view name, std::string_view& rest) {
  if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ') return false;
  rest = line.substr(name.size() + 1);
  return true;
}

bool TakeLine(std::string_view line, BackupRecord& record) {
  std::string_view rest;
  if (Take(line, "name", rest)) {
    const auto name = BackupName::Parse(rest);
    record.name = name.value_or(BackupName());
    return name.has_value();
  }
  if (Take(line, "create_ms", rest)) return ParseNumber(rest, record.create_ms);
  if (Take(line, "files", rest)) return ParseNumber(rest, record.files);
  if (Take(line, "bytes", rest)) return ParseNumber(rest, record.bytes);
  if (Take(line, "meta_crc32c", rest)) return ParseNumber(rest, record.meta_crc32c, 16);
  if (!Take(line, "label", rest)) return false;
  const std::size_t space = rest.find(' ');
  if (space == std::string_view::npos) return false;
  return record.labels.emplace(rest.substr(0, space), rest.substr(space + 1)).second;
}

std::string Body(const BackupRecord& record) {
  std::string body = fmt::format("{}\nname {}\ncreate_ms {}\nfiles {}\nbytes {}\nmeta_crc32c {:08x}\n", kHeader,
                                 record.name.text(), record.create_ms, record.files, record.bytes, record.meta_crc32c);
  for (const auto& [name, value] : record.labels) body += fmt::format("label {} {}\n", name, value);
  return body;
}

}  // namespace

std::string BackupName::text() const { return fmt::format("{}.{}", set, number); }

std::optional<BackupName> BackupName::Parse(std::string_view text) {
  const std::size_t dot = text.find('.');
  BackupName name;
  if (dot == std::string_view::npos || !ParseNumber(text.substr(0, dot), name.set) ||
      !ParseNumber(text.substr(dot + 1), name.number) || name.set == 0 || name.number == 0 || name.text() != text) {
    return std::nullopt;
  }
  return name;
}

std::string EncodeBackupRecord(const BackupRecord& record) {
  const std::string body = Body(record);
  return fmt::format("{}crc32c {:08x}\n", body, Crc32c(body));
}

std::optional<BackupRecord> DecodeBackupRecord(std::string_view text) {
  BackupRecord record;
  std::string_view rest = text;
  for (bool first = true; !rest.empty(); first = false) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (first ? line != kHeader : !rest.empty() && !TakeLine(line, record)) return std::nullopt;
  }
  // Said in one way only, so the checksum at its end and every other byte is compared.
  if (EncodeBackupRecord(record) != text) return std::nullopt;
  return record;
}

}  // namespace labyrinth::storage
