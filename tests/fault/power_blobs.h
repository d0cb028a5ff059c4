// Attachments' bytes beside the mailboxes of a store whose power is cut.
#ifndef LABYRINTH_TESTS_FAULT_POWER_BLOBS_H_
#define LABYRINTH_TESTS_FAULT_POWER_BLOBS_H_

#include <map>
#include <random>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/blob_store.h"
#include "tests/fault/tally.h"

namespace labyrinth::fault {

// Small blobs of one chunk, put and deleted at random, each answer noted. They share the mailboxes' log, and keep it
// from being written out together with them. Thread-safe.
class PowerBlobs {
 public:
  explicit PowerBlobs(uint64_t seed) : random_(seed) {}

  // Puts a new blob, or deletes an old one; doesn't wait. The answer comes while `store` lives.
  void Start(storage::BlobStore& store) ABSL_LOCKS_EXCLUDED(mutex_);

  // With nothing under way. What was acknowledged is there byte for byte, or gone; the rest is there whole or not at
  // all.
  void Judge(storage::BlobStore& store, Tally& tally) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Blob {
    std::string bytes;
    bool put = false, deleted = false;  // acknowledged
    bool may_be_deleted = false;        // started
  };

  absl::Mutex mutex_;
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  std::map<storage::BlobName, Blob> blobs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_POWER_BLOBS_H_
