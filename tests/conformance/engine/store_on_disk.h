// Stores of the embedded engine in scratch directories, and ways to hurt them.
#ifndef LABYRINTH_TESTS_CONFORMANCE_ENGINE_STORE_ON_DISK_H_
#define LABYRINTH_TESTS_CONFORMANCE_ENGINE_STORE_ON_DISK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "storage/rocksdb/options.h"
#include "storage/rocksdb/rocksdb_engine.h"

namespace labyrinth::storage {

// An empty directory of its own, removed at the end. Move-only.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(TempDir&& other) noexcept;
  TempDir& operator=(TempDir&& other) noexcept;

  // A store's path in it; not there yet.
  std::string path() const { return root_ + "/store"; }

 private:
  std::string root_;
};

// Small caches, no reserve.
RocksdbOptions TestOptions();

// Ends the test with the error if the store can't be opened.
std::unique_ptr<RocksdbEngine> MustOpen(const std::string& path, const RocksdbOptions& options = TestOptions());

// A copy of the store as it is on the disk now: of an open one that nobody writes to, what a crash would leave.
TempDir CopyOf(const std::string& path);

// The store's files with this extension (".log", ".sst"), oldest first.
std::vector<std::string> FilesOf(const std::string& path, const std::string& extension);

// The store's list of tables. Ends the test if there is none.
std::string ManifestOf(const TempDir& store);

std::string ReadFile(const std::string& file);
void WriteFile(const std::string& file, const std::string& bytes);
void FlipBit(const std::string& file, uint64_t offset);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_TESTS_CONFORMANCE_ENGINE_STORE_ON_DISK_H_
