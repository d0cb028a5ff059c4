#include "storage/rocksdb/log_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string_view>

#include "storage/rocksdb/log_records.h"

namespace labyrinth::storage {
namespace {

absl::Status Lost(const std::string& file, std::string_view what) {
  return absl::DataLossError(fmt::format(
      "{}: {}, and acknowledged saves with it: keep a copy of the directory, then restore a backup", file, what));
}

std::optional<uint64_t> TakeVarint(std::string_view& bytes) {
  uint64_t value = 0;
  for (int shift = 0; shift < 64 && !bytes.empty(); shift += 7) {
    const auto byte = static_cast<uint8_t>(bytes[0]);
    bytes.remove_prefix(1);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

// What the manifest says of the logs.
struct Known {
  std::string file;
  LogWalk walk;
  uint64_t last_sequence = 0;  // the highest number of a write that it knows of
  uint64_t first_log = 0;      // what logs below this one hold is in tables
};

// Takes what a manifest record says of them. It is a list of tags with their values; ours are preceded by few others,
// of two forms.
void TakeKnown(std::string_view record, Known& known) {
  constexpr uint64_t kComparator = 1, kLogNumber = 2, kNextFile = 3, kLastSequence = 4, kPrevLogNumber = 9,
                     kMinLogNumberToKeep = 10, kMaxColumnFamily = 203, kDbId = 8193;
  while (const auto tag = TakeVarint(record)) {
    const auto value = TakeVarint(record);
    if (!value.has_value()) return;
    switch (*tag) {
      case kLastSequence:
        known.last_sequence = std::max(known.last_sequence, *value);
        continue;
      case kMinLogNumberToKeep:
        known.first_log = std::max(known.first_log, *value);
        continue;
      case kLogNumber:
      case kNextFile:
      case kPrevLogNumber:
      case kMaxColumnFamily:
        continue;
      case kComparator:
      case kDbId:  // the value was a length
        if (*value > record.size()) return;
        record.remove_prefix(*value);
        continue;
      default:
        return;
    }
  }
}

absl::StatusOr<Known> CheckManifest(const std::string& db_dir) {
  std::string name;
  if (!(std::ifstream(db_dir + "/CURRENT") >> name)) return Lost(db_dir + "/CURRENT", "the file is damaged");
  Known known;
  known.file = db_dir + "/" + name;
  const auto walk = WalkLog(known.file, [&](std::string_view record, bool after_damage) {
    if (!after_damage) TakeKnown(record, known);
    return !after_damage;
  });
  if (!walk.ok()) return walk.status();
  if (walk->stopped || walk->intact_bytes == 0) return Lost(known.file, "the list of tables is damaged");
  known.walk = *walk;
  return known;
}

absl::StatusOr<std::map<uint64_t, std::string>> WalFiles(const std::string& db_dir, bool may_lack_log) {
  std::map<uint64_t, std::string> files;
  std::error_code error;
  for (std::filesystem::directory_iterator it(db_dir, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() != ".log") continue;
    const std::string stem = it->path().stem().string();
    uint64_t number = 0;
    const auto [rest, parsed] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
    if (parsed == std::errc() && rest == stem.data() + stem.size()) files[number] = it->path().string();
  }
  if (error) return absl::DataLossError(fmt::format("{}: cannot be listed: {}", db_dir, error.message()));
  if (files.empty() && !may_lack_log) return Lost(db_dir, "the write-ahead log (*.log) is gone");
  return files;
}

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

// Follows the numbers of writes across files.
class Follower {
 public:
  // A write begins with its first sequence number, u64, and how many it takes, u32.
  bool Take(std::string_view write) {
    if (write.size() < 12) return false;
    const uint64_t sequence = LittleEndian(write.substr(0, 8));
    if (writes_++ == 0) {
      first_ = sequence;
    } else if (sequence != next_) {
      return false;
    }
    next_ = sequence + LittleEndian(write.substr(8, 4));
    return true;
  }

  uint64_t writes() const { return writes_; }
  uint64_t first() const { return first_; }
  uint64_t last() const { return writes_ == 0 ? 0 : next_ - 1; }

 private:
  uint64_t writes_ = 0;
  uint64_t first_ = 0;
  uint64_t next_ = 0;
};

}  // namespace

absl::StatusOr<LogSummary> CheckLogs(const std::string& db_dir, bool may_lack_log) {
  const auto known = CheckManifest(db_dir);
  if (!known.ok()) return known.status();
  const auto files = WalFiles(db_dir, may_lack_log);
  if (!files.ok()) return files.status();
  Follower follower;
  bool torn = false;
  for (const auto& [number, file] : *files) {
    // RocksDB is done with it. Of several such logs it deletes the newest first, so a crash may leave gaps between
    // them.
    if (number < known->first_log) continue;
    const uint64_t before = follower.writes();
    // A torn write that an earlier recovery dropped may lie before this one, which then has its number.
    const auto walk = WalkLog(file, [&](std::string_view write, bool) { return follower.Take(write); });
    if (!walk.ok()) return walk.status();
    if (walk->stopped) return Lost(file, "the write-ahead log is damaged");
    torn = walk->torn || (torn && follower.writes() == before);
    if (follower.writes() > 0 && follower.first() > known->last_sequence + 1)
      return Lost(db_dir, "the list of tables is damaged");
  }
  return LogSummary{.writes = follower.writes(),
                    .last_sequence = std::max(known->last_sequence, follower.last()),
                    .torn = torn,
                    .manifest_torn = known->walk.torn,
                    .manifest = known->file,
                    .manifest_intact_bytes = known->walk.intact_bytes};
}

}  // namespace labyrinth::storage
