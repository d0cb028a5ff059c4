// What a verification of the store's files tells.
#ifndef LABYRINTH_STORAGE_ROCKSDB_VERIFY_H_
#define LABYRINTH_STORAGE_ROCKSDB_VERIFY_H_

#include <cstdint>
#include <string>

namespace labyrinth::storage {

// Called from the verifying thread.
class VerifyListener {
 public:
  virtual ~VerifyListener() = default;
  virtual void OnBytes(uint64_t done_bytes, uint64_t total_bytes) = 0;
  // `file` is its path; `why` is for the operator: a place in it, a checksum.
  virtual void OnDamaged(const std::string& file, const std::string& why) = 0;
  virtual bool cancelled() const = 0;
};

struct VerifySummary {
  uint64_t files = 0;
  uint64_t bytes = 0;
  uint64_t damaged_files = 0;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_VERIFY_H_
