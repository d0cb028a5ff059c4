// Stored messages as readers hand them out: read where they lie.
#ifndef LABYRINTH_SERVICE_MAILBOX_MESSAGE_VIEW_H_
#define LABYRINTH_SERVICE_MAILBOX_MESSAGE_VIEW_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "storage/schema.h"

namespace labyrinth::mailbox {

// A storage_v1::MessageRecord that lies in its row. Its fields are those of the record.
class MessageRow {
 public:
  MessageRow() = default;
  // `row` outlives what is made of it. Reads what Protocol Buffers' own parser reads; else DATA_DAMAGED.
  static absl::StatusOr<MessageRow> Parse(std::string_view row);

  std::string_view message_id() const { return message_id_; }
  uint64_t epoch_id() const { return epoch_id_; }
  uint32_t cipher_version() const { return cipher_version_; }
  std::string_view ciphertext() const { return ciphertext_; }
  int64_t expire_ms() const { return expire_ms_; }
  uint64_t replace_revision() const { return replace_revision_; }

 private:
  std::string_view message_id_;
  uint64_t epoch_id_ = 0;
  uint32_t cipher_version_ = 0;
  std::string_view ciphertext_;
  int64_t expire_ms_ = 0;
  uint64_t replace_revision_ = 0;
};

// What the messages of a thread that were read together point into.
struct ThreadRows {
  std::string thread_id;
  std::shared_ptr<const void> rows;  // a page's bytes, or a row
};

// A stored message and where it stands.
struct MessageView {
  // `row` lies in what `keeper` keeps. DATA_DAMAGED.
  static absl::StatusOr<MessageView> Of(std::shared_ptr<const ThreadRows> keeper, const storage::Place& place,
                                        std::string_view row);
  // The same of a row that stands alone.
  static absl::StatusOr<MessageView> Of(std::string thread_id, const storage::Place& place, std::string row);

  std::string_view thread_id() const { return keeper->thread_id; }
  uint64_t revision() const { return record.replace_revision() != 0 ? record.replace_revision() : place.revision; }

  storage::Place place;
  MessageRow record;
  std::shared_ptr<const ThreadRows> keeper;
};

// Beyond every timestamp.
inline constexpr int64_t kEndOfTime = int64_t{1} << 48;

// Rows that are read at a time where something else leads to them: 12 MiB at most.
inline constexpr std::size_t kRowsPerRead = 48;

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_MESSAGE_VIEW_H_
