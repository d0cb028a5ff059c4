// One partition of attachments, held against itself and against those that it leads to.
#ifndef LABYRINTH_SERVICE_CHECK_ATTACHMENT_CHECK_H_
#define LABYRINTH_SERVICE_CHECK_ATTACHMENT_CHECK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "proto/storage/v1/attachments.pb.h"
#include "service/check/partition_check.h"
#include "storage/attachment_schema.h"
#include "storage/blob_store.h"

namespace labyrinth::check {

// Judges references against the sets of their blobs, both ways; blobs' counts and sizes against their sets and bytes;
// due rows and the wake time. Nothing is atomic across two partitions, so what another one says counts only if this one
// hasn't moved meanwhile. Bytes of blobs that no row names can't be found: the blob store lists none.
// Thread-compatible.
class AttachmentCheck final : public PartitionCheck {
 public:
  AttachmentCheck(storage::Engine& engine, storage::BlobStore& blobs, std::string partition, const Options& options,
                  Listener& listener, Summary& summary, int64_t now_ms)
      : PartitionCheck(engine, std::move(partition), options, listener, summary), blobs_(blobs), now_ms_(now_ms) {}

  void Run();

 private:
  void CheckHead();
  void CheckReferences();
  void CheckBlobs();
  void CheckBackReferences();
  void CheckDue(storage::attachment_keys::Kind kind);

  // A row of another partition; nullopt if there is none. Fails the check if it can't be read.
  template <typename Record>
  std::optional<Record> ReadElsewhere(const std::string& partition, const std::string& key);
  // Whether this partition still stands there: what was read elsewhere since was so at that moment.
  bool StandsAt(const storage::Position& position);

  storage::BlobStore& blobs_;
  const int64_t now_ms_;
};

}  // namespace labyrinth::check

#endif  // LABYRINTH_SERVICE_CHECK_ATTACHMENT_CHECK_H_
