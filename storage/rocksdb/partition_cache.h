// Where partitions stand, so that neither a read nor a commit has to look it up first.
#ifndef LABYRINTH_STORAGE_ROCKSDB_PARTITION_CACHE_H_
#define LABYRINTH_STORAGE_ROCKSDB_PARTITION_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/rocksdb/layout.h"

namespace labyrinth::storage {

// Remembers the records of partitions, and tells a reader whether one was written while it read: then what it read is
// of one moment without a snapshot. A name has one place; another that falls on it takes it over, so memory is bounded
// and nothing has to be evicted. Thread-safe; BeginWrite and EndWrite are for the one thread that writes.
class PartitionCache {
 public:
  static constexpr std::size_t kPlaces = 16384;  // some 90 bytes each

  explicit PartitionCache(std::size_t places = kPlaces) : places_(places) {}

  // What is known of a partition at some moment.
  class Glimpse {
   public:
    // nullopt: nothing is, or it is being written.
    const std::optional<PartitionRecord>& record() const { return record_; }

   private:
    friend class PartitionCache;
    std::optional<PartitionRecord> record_;
    uint64_t version_ = 0;
  };

  Glimpse Look(std::string_view name) const;
  // Whether nothing wrote, or began to write, the partition since `glimpse` of it. May be false without a cause.
  bool Holds(std::string_view name, const Glimpse& glimpse) const;
  // What was read, under a snapshot taken after `glimpse`. Forgotten at once if the partition was written meanwhile.
  void Remember(std::string_view name, const Glimpse& glimpse, const PartitionRecord& record);

  // Around a write of the partition: before any of it can be seen, and when all of it can. After a write that failed
  // the second never comes: what then stands in the store, only the store can tell.
  void BeginWrite(std::string_view name);
  void EndWrite(std::string_view name, const PartitionRecord& record);

 private:
  struct Place {
    mutable absl::Mutex mutex;
    std::string name ABSL_GUARDED_BY(mutex);
    PartitionRecord record ABSL_GUARDED_BY(mutex);
    uint64_t version ABSL_GUARDED_BY(mutex) = 0;  // raised where a write of a name that falls here begins, and ends
    int writes ABSL_GUARDED_BY(mutex) = 0;        // that have begun and not ended
  };

  const Place& PlaceOf(std::string_view name) const;
  Place& PlaceOf(std::string_view name);

  std::vector<Place> places_;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_PARTITION_CACHE_H_
