// The partitions of attachments and their keys, byte by byte (docs/STORAGE_FORMAT.md). References and blobs live apart
// from mailboxes and from each other, spread by their first byte over 256 partitions each: "attref-5f", "attblob-5f".
// A mailbox's name has 32 bytes, so none can be such a name. Numbers are big-endian.
//
//   partition   key                                                  value
//   attref-xx   01                                                   AttachmentHead
//               02  index [32]                                       ReferenceRecord
//               03  due ms u48, index [32]                           Mark
//   attblob-xx  01                                                   AttachmentHead
//               02  blob name [32]                                   BlobRecord
//               03  due ms u48, blob name [32]                       Mark: a blob without references
//               03  due ms u48, blob name [32], index [32]           Mark: a back-reference to be confirmed
//               04  blob name [32], index [32]                       BackReferenceRecord
#ifndef LABYRINTH_STORAGE_ATTACHMENT_SCHEMA_H_
#define LABYRINTH_STORAGE_ATTACHMENT_SCHEMA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "storage/blob_store.h"

namespace labyrinth::storage {

inline constexpr uint32_t kAttachmentSchemaVersion = 1;

// idx of protocol section 7.
using AttachmentIndex = FixedBytes<32, struct AttachmentIndexTag>;
// B of protocol section 7: drawn by the server and never shown. The name of the bytes in a BlobStore.
using AttachmentBlob = BlobName;

namespace attachment_keys {

enum class Kind { kReferences, kBlobs };

std::string ReferencePartition(const AttachmentIndex& index);
std::string BlobPartition(const AttachmentBlob& blob);
// nullopt for any other partition.
std::optional<Kind> KindOfPartition(std::string_view partition);

std::string Head();
std::string Reference(const AttachmentIndex& index);
std::string ReferenceDue(int64_t due_ms, const AttachmentIndex& index);
std::string Blob(const AttachmentBlob& blob);
std::string BlobDue(int64_t due_ms, const AttachmentBlob& blob);
std::string BackReferenceDue(int64_t due_ms, const AttachmentBlob& blob, const AttachmentIndex& index);
std::string BackReference(const AttachmentBlob& blob, const AttachmentIndex& index);

// The due rows of a partition, earliest first: [begin, end).
struct DueRange {
  std::string begin;
  std::string end;
};
DueRange AllDue();

// A due row. In a partition of references the index alone is set; in one of blobs the blob, and the index if it is
// about a back-reference.
struct Due {
  int64_t due_ms = 0;
  std::optional<AttachmentBlob> blob;
  std::optional<AttachmentIndex> index;
};
std::optional<Due> ParseDue(Kind kind, std::string_view key);

}  // namespace attachment_keys
}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ATTACHMENT_SCHEMA_H_
