// What becomes of attachments by themselves (protocol section 7, steps 5 and 7).
#ifndef LABYRINTH_SERVICE_ATTACHMENTS_SWEEPER_H_
#define LABYRINTH_SERVICE_ATTACHMENTS_SWEEPER_H_

#include <memory>
#include <string>
#include <string_view>

#include "service/attachments/attachment_rows.h"
#include "service/attachments/store.h"
#include "service/wake/wakeful.h"

namespace labyrinth::attachments {

// Sweeps one partition: references whose lease or expiry is over, references and blobs that were taken out of use,
// announced references that were never written, uploads that nobody attached by their deadline. Each row that is to be
// looked at has a due row, and the partition's wake time is at or before the earliest: so the engine's Due() names the
// partition, and nothing is ever found by a scan of all. Thread-safe; outlives no part of what it is given, nor a
// sweep.
class Sweeper final : public service::Wakeful {
 public:
  // Rows looked at in one sweep. What is left keeps the partition due.
  static constexpr std::size_t kRowsPerSweep = 256;

  explicit Sweeper(const Store& store) : store_(store) {}

  // Partitions of attachments.
  bool Owns(std::string_view partition) const override {
    return storage::attachment_keys::KindOfPartition(partition).has_value();
  }

  // A sweep that fails, or dies, leaves the partition due. A damaged row doesn't keep others from being swept.
  // INVALID_ARGUMENT for a partition that it doesn't own; DATA_DAMAGED; ENGINE_UNAVAILABLE; OUTCOME_UNKNOWN.
  void Wake(const std::string& partition, absl::Time deadline, Done done) override;

 private:
  struct Run;
  // Goes on with the next row, unless `status` says that there is no point.
  void Continue(std::shared_ptr<Run> run, const absl::Status& status) const;
  void SweepReference(std::shared_ptr<Run> run, const AttachmentIndex& index) const;
  void SweepBackReference(std::shared_ptr<Run> run, const AttachmentBlob& blob, const AttachmentIndex& index,
                          int64_t due_ms) const;
  void SweepBlob(std::shared_ptr<Run> run, const AttachmentBlob& blob) const;
  void DeleteBytes(std::shared_ptr<Run> run, const AttachmentBlob& blob, bool drop_row) const;
  void SetWakeTime(std::shared_ptr<Run> run) const;

  const Store& store_;
};

}  // namespace labyrinth::attachments

#endif  // LABYRINTH_SERVICE_ATTACHMENTS_SWEEPER_H_
