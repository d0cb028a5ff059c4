#include "tests/conformance/engine/store_on_disk.h"

#include <stdlib.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <utility>

namespace labyrinth::storage {

namespace fs = std::filesystem;

TempDir::TempDir() {
  const char* base = std::getenv("TEST_TMPDIR");
  std::string pattern = std::string(base != nullptr ? base : "/tmp") + "/engine.XXXXXX";
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  root_ = pattern;
}

TempDir::TempDir(TempDir&& other) noexcept : root_(std::exchange(other.root_, "")) {}

TempDir& TempDir::operator=(TempDir&& other) noexcept {
  std::swap(root_, other.root_);
  return *this;
}

TempDir::~TempDir() {
  std::error_code ignored;
  if (!root_.empty()) fs::remove_all(root_, ignored);
}

RocksdbOptions TestOptions() {
  RocksdbOptions options;
  options.block_cache_bytes = 8 << 20;
  options.min_free_disk_bytes = 0;
  return options;
}

std::unique_ptr<RocksdbEngine> MustOpen(const std::string& path, const RocksdbOptions& options) {
  auto engine = RocksdbEngine::Open(path, options);
  INFO(engine.status().ToString());
  REQUIRE(engine.ok());
  return *std::move(engine);
}

namespace {

// Every file and its size, RocksDB's own talk aside.
std::map<std::string, uintmax_t> Listing(const std::string& path) {
  std::map<std::string, uintmax_t> listing;
  std::error_code gone;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    const std::string name = fs::relative(entry.path(), path).string();
    if (name.find("/LOG") == std::string::npos) listing[name] = fs::file_size(entry.path(), gone);
  }
  return listing;
}

void CopyFiles(const std::string& from, const std::string& to) {
  fs::create_directory(to);
  for (const auto& entry : fs::recursive_directory_iterator(from)) {
    const fs::path target = to / fs::relative(entry.path(), from);
    std::error_code gone;
    if (entry.is_directory()) {
      fs::create_directory(target);
    } else {
      fs::copy_file(entry.path(), target, gone);
    }
  }
}

}  // namespace

TempDir CopyOf(const std::string& path) {
  // Of one moment: a copy during which a compaction swapped its files is made again.
  for (;;) {
    TempDir copy;
    const auto before = Listing(path);
    CopyFiles(path, copy.path());
    if (Listing(path) == before) return copy;
  }
}

std::vector<std::string> FilesOf(const std::string& path, const std::string& extension) {
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(path + "/db")) {
    if (entry.path().extension() == extension) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string ManifestOf(const TempDir& store) {
  for (const auto& entry : std::filesystem::directory_iterator(store.path() + "/db")) {
    if (entry.path().filename().string().starts_with("MANIFEST")) return entry.path().string();
  }
  FAIL("no manifest");
  return "";
}

std::string ReadFile(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void WriteFile(const std::string& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

void FlipBit(const std::string& file, uint64_t offset) {
  std::string bytes = ReadFile(file);
  REQUIRE(offset < bytes.size());
  bytes[offset] ^= 0x10;
  WriteFile(file, bytes);
}

}  // namespace labyrinth::storage
