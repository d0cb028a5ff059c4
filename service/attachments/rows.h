// One update's view of a partition of attachments.
#ifndef LABYRINTH_SERVICE_ATTACHMENTS_ROWS_H_
#define LABYRINTH_SERVICE_ATTACHMENTS_ROWS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "common/errors.h"
#include "proto/storage/v1/attachments.pb.h"
#include "proto/storage/v1/records.pb.h"
#include "service/mailbox/records.h"
#include "storage/engine.h"

namespace labyrinth::attachments {

using RowMap = std::map<std::string, std::optional<std::string>>;

// What updates decide on: the rows that they asked for, at one moment, with their own and earlier updates' changes laid
// over. An update's changes count only if it is accepted. Thread-compatible.
class Rows {
 public:
  // All outlive the object.
  Rows(const RowMap& read, const storage_v1::AttachmentHead& head, const std::vector<storage::Page>& pages)
      : read_(read), pages_(pages), head_(head) {}

  // nullopt: there is no such row. INTERNAL if the update didn't ask for the key; DATA_DAMAGED.
  template <typename Record>
  absl::StatusOr<std::optional<Record>> Get(const std::string& key) const {
    const std::optional<std::string>* found = Find(key);
    if (found == nullptr) return absl::InternalError("an update decided on a row that it had not asked for");
    if (!found->has_value()) return std::optional<Record>();
    absl::StatusOr<Record> record = mailbox::ParseRecord<Record>(**found);
    if (!record.ok()) return record.status();
    return std::optional<Record>(*std::move(record));
  }
  // One per scan of the update, as read.
  const std::vector<storage::Page>& pages() const { return pages_; }

  void Put(const std::string& key, const google::protobuf::MessageLite& record) {
    changes_[key] = record.SerializeAsString();
  }
  void PutMark(const std::string& key) {
    storage_v1::Mark mark;
    mark.set_version(1);
    Put(key, mark);
  }
  void Delete(const std::string& key) { changes_[key] = std::nullopt; }

  // Sees to it that the partition is woken at `ms` or earlier. Waking for nothing is allowed, so what was due may go
  // without a word.
  void WakeBy(int64_t ms) {
    if (head_.wake_at_ms() == 0 || ms < head_.wake_at_ms()) head_.set_wake_at_ms(ms);
  }
  // Exactly then; 0: not at all. For an update that has just seen all that is due.
  void WakeAt(int64_t ms) { head_.set_wake_at_ms(ms); }

  const RowMap& changes() const { return changes_; }
  const storage_v1::AttachmentHead& head() const { return head_; }

 private:
  const std::optional<std::string>* Find(const std::string& key) const {
    if (const auto it = changes_.find(key); it != changes_.end()) return &it->second;
    if (const auto it = read_.find(key); it != read_.end()) return &it->second;
    return nullptr;
  }

  const RowMap& read_;
  const std::vector<storage::Page>& pages_;
  storage_v1::AttachmentHead head_;
  RowMap changes_;
};

}  // namespace labyrinth::attachments

#endif  // LABYRINTH_SERVICE_ATTACHMENTS_ROWS_H_
