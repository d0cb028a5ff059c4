#include "storage/rocksdb/partition_cache.h"

#include <functional>
#include <utility>

namespace labyrinth::storage {

const PartitionCache::Place& PartitionCache::PlaceOf(std::string_view name) const {
  return places_[std::hash<std::string_view>()(name) % places_.size()];
}

PartitionCache::Place& PartitionCache::PlaceOf(std::string_view name) {
  return const_cast<Place&>(std::as_const(*this).PlaceOf(name));
}

PartitionCache::Glimpse PartitionCache::Look(std::string_view name) const {
  const Place& place = PlaceOf(name);
  Glimpse glimpse;
  const absl::MutexLock lock(&place.mutex);
  glimpse.version_ = place.version;
  if (place.writes == 0 && place.name == name) glimpse.record_ = place.record;
  return glimpse;
}

bool PartitionCache::Holds(std::string_view name, const Glimpse& glimpse) const {
  const Place& place = PlaceOf(name);
  const absl::MutexLock lock(&place.mutex);
  return place.version == glimpse.version_;
}

void PartitionCache::Remember(std::string_view name, const Glimpse& glimpse, const PartitionRecord& record) {
  Place& place = PlaceOf(name);
  const absl::MutexLock lock(&place.mutex);
  if (place.version != glimpse.version_ || place.writes != 0) return;
  place.name = name;
  place.record = record;
}

void PartitionCache::BeginWrite(std::string_view name) {
  Place& place = PlaceOf(name);
  const absl::MutexLock lock(&place.mutex);
  ++place.version;
  ++place.writes;
}

void PartitionCache::EndWrite(std::string_view name, const PartitionRecord& record) {
  Place& place = PlaceOf(name);
  const absl::MutexLock lock(&place.mutex);
  ++place.version;
  --place.writes;
  place.name = name;
  place.record = record;
}

}  // namespace labyrinth::storage
