#include "storage/rocksdb/file_verifier.h"

#include <fmt/format.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/metadata.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <thread>

#include "storage/rocksdb/blob_file.h"
#include "storage/rocksdb/log_records.h"

namespace labyrinth::storage {
namespace {

constexpr std::chrono::milliseconds kLongestSleep(100);
constexpr std::size_t kReadBytes = 1 << 20;

std::string WithoutSlash(std::string name) {
  if (name.starts_with('/')) name.erase(0, 1);
  return name;
}

}  // namespace

absl::StatusOr<VerifySummary> FileVerifier::Run() {
  start_ = std::chrono::steady_clock::now();
  const std::vector<File> data = TablesAndBlobs();
  const std::vector<File> logs = Logs();
  for (const auto* files : {&data, &logs}) {
    for (const File& file : *files) total_bytes_ += file.bytes;
  }
  for (const File& file : data) {
    const auto advance = [this](uint64_t bytes) { return Advance(bytes); };
    const bool blob = file.name.ends_with(".blob");
    Take(file, blob ? VerifyBlobFile(db_dir_ + "/" + file.name, families_[file.family]->GetID(), advance)
                    : VerifyTable(file));
    if (listener_.cancelled()) return absl::CancelledError("interrupted");
  }
  for (const File& file : logs) {
    Take(file, VerifyLog(file));
    if (listener_.cancelled()) return absl::CancelledError("interrupted");
  }
  return summary_;
}

std::vector<FileVerifier::File> FileVerifier::TablesAndBlobs() const {
  std::vector<File> files;
  for (std::size_t family = 0; family < families_.size(); ++family) {
    ::rocksdb::ColumnFamilyMetaData meta;
    db_->GetColumnFamilyMetaData(families_[family], &meta);
    for (const ::rocksdb::LevelMetaData& level : meta.levels) {
      for (const ::rocksdb::SstFileMetaData& table : level.files) {
        const bool known = table.file_checksum_func_name != ::rocksdb::kUnknownFileChecksumFuncName;
        files.push_back({WithoutSlash(table.name), table.size, family, known ? table.file_checksum : std::string()});
      }
    }
    for (const ::rocksdb::BlobMetaData& blob : meta.blob_files) {
      files.push_back({WithoutSlash(blob.blob_file_name), blob.blob_file_size, family, {}});
    }
  }
  return files;
}

std::vector<FileVerifier::File> FileVerifier::Logs() const {
  std::vector<File> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(db_dir_, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.ends_with(".log") && !name.starts_with("MANIFEST-")) continue;
    const uint64_t bytes = entry.file_size(error);
    if (!error) files.push_back({name, bytes, 0, {}});
  }
  std::sort(files.begin(), files.end(), [](const File& a, const File& b) { return a.name < b.name; });
  return files;
}

// The whole file by the checksum in the manifest; a table of before there were any, by those of its blocks.
absl::Status FileVerifier::VerifyTable(const File& file) {
  const auto factory = db_->GetDBOptions().file_checksum_gen_factory;
  if (file.checksum.empty() || factory == nullptr) {
    Advance(file.bytes);
    return VerifyBlocks(file);
  }
  const auto generator = factory->CreateFileChecksumGenerator({file.name, ""});
  std::ifstream in(db_dir_ + "/" + file.name, std::ios::binary);
  std::string buffer(kReadBytes, '\0');
  while (in.good()) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto bytes = static_cast<std::size_t>(in.gcount());
    generator->Update(buffer.data(), bytes);
    if (!Advance(bytes)) return absl::CancelledError("interrupted");
  }
  if (!in.eof()) return absl::UnavailableError("it can't be read");
  generator->Finalize();
  if (generator->GetChecksum() == file.checksum) return absl::OkStatus();
  // The blocks tell where.
  const absl::Status blocks = VerifyBlocks(file);
  return blocks.ok() ? absl::DataLossError("it isn't as it was written") : blocks;
}

absl::Status FileVerifier::VerifyBlocks(const File& file) {
  ::rocksdb::Options options = db_->GetOptions(families_[file.family]);
  // What is cached says nothing of the disk.
  ::rocksdb::BlockBasedTableOptions table;
  if (const auto* ours = options.table_factory->GetOptions<::rocksdb::BlockBasedTableOptions>()) table = *ours;
  table.no_block_cache = true;
  table.block_cache = nullptr;
  table.cache_index_and_filter_blocks = false;
  table.pin_l0_filter_and_index_blocks_in_cache = false;
  options.table_factory.reset(::rocksdb::NewBlockBasedTableFactory(table));
  options.listeners.clear();
  ::rocksdb::SstFileReader reader(options);
  ::rocksdb::Status status = reader.Open(db_dir_ + "/" + file.name);
  ::rocksdb::ReadOptions read;
  read.verify_checksums = true;
  read.fill_cache = false;
  if (status.ok()) status = reader.VerifyChecksum(read);
  if (status.ok()) return absl::OkStatus();
  return status.IsCorruption() ? absl::DataLossError(status.ToString()) : absl::UnavailableError(status.ToString());
}

absl::Status FileVerifier::VerifyLog(const File& file) {
  // The end may be in the middle of being written.
  bool damaged = false;
  const auto walked = WalkLog(db_dir_ + "/" + file.name, [&](std::string_view, bool after_damage) {
    damaged = damaged || after_damage;
    return !damaged;
  });
  Advance(file.bytes);
  if (!walked.ok()) return walked.status();
  return damaged ? absl::DataLossError("a record in its midst is damaged") : absl::OkStatus();
}

void FileVerifier::Take(const File& file, const absl::Status& status) {
  if (absl::IsCancelled(status)) return;
  // Compactions and flushes delete files; what can't be read and is still there is as good as damaged.
  if (!status.ok() && !Exists(file)) return;
  ++summary_.files;
  if (status.ok()) return;
  ++summary_.damaged_files;
  listener_.OnDamaged(db_dir_ + "/" + file.name, std::string(status.message()));
}

bool FileVerifier::Exists(const File& file) const {
  std::error_code error;
  return std::filesystem::exists(db_dir_ + "/" + file.name, error);
}

bool FileVerifier::Advance(uint64_t bytes) {
  summary_.bytes += bytes;
  listener_.OnBytes(std::min(summary_.bytes, total_bytes_), total_bytes_);
  if (rate_ == 0) return !listener_.cancelled();
  const auto until = start_ + std::chrono::milliseconds(static_cast<int64_t>(
                                  1000.0 * static_cast<double>(summary_.bytes) / static_cast<double>(rate_)));
  while (!listener_.cancelled()) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) return true;
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(left, kLongestSleep));
  }
  return false;
}

}  // namespace labyrinth::storage
