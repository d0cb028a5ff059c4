// What is kept of one whole backup, beside its files (docs/STORAGE_FORMAT.md, "Backups"). Text, one "name value" a
// line, the last the checksum of all before:
//
//   labyrinth-backup 1
//   name 1.3
//   create_ms 1714521600000
//   files 12
//   bytes 104857600
//   meta_crc32c 5f0c1a77          of RocksDB's own list of the backup's files, which has none
//   label journal 0f3c...         what the caller noted; any number of them
//   crc32c 99aabbcc
#ifndef LABYRINTH_STORAGE_ROCKSDB_BACKUP_RECORD_H_
#define LABYRINTH_STORAGE_ROCKSDB_BACKUP_RECORD_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace labyrinth::storage {

// "SET.NUMBER". Sets count full backups; what follows in a set shares its files. Orders by age.
struct BackupName {
  uint32_t set = 0;
  uint32_t number = 0;
  friend auto operator<=>(const BackupName&, const BackupName&) = default;

  std::string text() const;
  static std::optional<BackupName> Parse(std::string_view text);
};

struct BackupRecord {
  BackupName name;
  int64_t create_ms = 0;
  uint64_t files = 0;  // those that it shares with others included
  uint64_t bytes = 0;  // of them
  uint32_t meta_crc32c = 0;
  // Names and values of letters, digits and "_-." alone.
  std::map<std::string, std::string> labels;
  friend bool operator==(const BackupRecord&, const BackupRecord&) = default;
};

std::string EncodeBackupRecord(const BackupRecord& record);
// nullopt unless `text` is a record that Encode could have made, bit by bit.
std::optional<BackupRecord> DecodeBackupRecord(std::string_view text);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_BACKUP_RECORD_H_
