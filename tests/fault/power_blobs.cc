#include "tests/fault/power_blobs.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace labyrinth::fault {

using storage::BlobName;

namespace {

constexpr std::size_t kMostBlobs = 24;

std::string RandomBytes(std::mt19937_64& random, std::size_t size) {
  std::string bytes(size, '\0');
  std::generate(bytes.begin(), bytes.end(), [&] { return static_cast<char>(random()); });
  return bytes;
}

}  // namespace

void PowerBlobs::Start(storage::BlobStore& store) {
  BlobName name;
  std::string bytes;
  bool deletes = false;
  {
    absl::MutexLock lock(&mutex_);
    if (blobs_.size() >= kMostBlobs || (!blobs_.empty() && random_() % 4 == 0)) {
      const auto chosen = std::next(blobs_.begin(), static_cast<std::ptrdiff_t>(random_() % blobs_.size()));
      name = chosen->first;
      chosen->second.may_be_deleted = deletes = true;
    } else {
      name = *BlobName::From(RandomBytes(random_, BlobName::kSize));
      bytes = RandomBytes(random_, 1 + random_() % 60'000);
      blobs_[name].bytes = bytes;
    }
  }
  if (deletes) {
    store.Delete(name, absl::InfiniteFuture(), [this, name](absl::Status status) {
      absl::MutexLock lock(&mutex_);
      if (status.ok()) blobs_[name].deleted = true;
    });
  } else {
    store.PutChunk(name, 0, std::move(bytes), absl::InfiniteFuture(), [this, name](absl::Status status) {
      absl::MutexLock lock(&mutex_);
      if (status.ok()) blobs_[name].put = true;
    });
  }
}

void PowerBlobs::Judge(storage::BlobStore& store, Tally& tally) {
  absl::MutexLock lock(&mutex_);
  for (auto one = blobs_.begin(); one != blobs_.end();) {
    Blob& blob = one->second;
    absl::StatusOr<std::string> found = absl::InternalError("not answered");
    store.ReadRange(one->first, 0, storage::kMaxBlobReadBytes, absl::InfiniteFuture(),
                    [&](absl::StatusOr<std::string> result) { found = std::move(result); });
    if (!found.ok()) {
      tally.Find(Fault::kOther, "a blob can't be read: " + found.status().ToString());
    } else if (found->empty()) {
      if (blob.put && !blob.may_be_deleted) tally.Find(Fault::kLost, "an acknowledged blob is lost");
    } else if (*found != blob.bytes) {
      tally.Find(Fault::kOther, "a blob has other bytes than its writer sent");
    } else if (blob.deleted) {
      tally.Find(Fault::kOther, "an acknowledged deletion of a blob is lost");
    }
    const bool gone = found.ok() && found->empty();
    blob.put = true;  // seen, and so to stay
    blob.may_be_deleted = blob.deleted = false;
    one = gone ? blobs_.erase(one) : std::next(one);
  }
}

}  // namespace labyrinth::fault
