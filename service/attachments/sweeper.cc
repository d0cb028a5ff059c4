#include "service/attachments/sweeper.h"

#include <deque>
#include <utility>

#include "common/errors.h"
#include "service/attachments/references.h"

namespace labyrinth::attachments {

namespace keys = storage::attachment_keys;

namespace {

storage::Scan ScanDue(std::size_t max_items) {
  auto range = keys::AllDue();
  storage::Scan scan;
  scan.begin = std::move(range.begin);
  scan.end = std::move(range.end);
  scan.max_items = max_items;
  return scan;
}

}  // namespace

struct Sweeper::Run {
  std::string partition;
  keys::Kind kind;
  absl::Time deadline;
  StatusCallback done;
  std::deque<keys::Due> due;
  absl::Status damage;  // the first that was met

  void Finish(absl::Status status) { std::move(done)(std::move(status)); }
};

void Sweeper::Wake(const std::string& partition, absl::Time deadline, Done done) {
  const auto kind = keys::KindOfPartition(partition);
  if (!kind.has_value()) return std::move(done)(absl::InvalidArgumentError("not a partition of attachments"));
  auto run = std::make_shared<Run>(Run{partition, *kind, deadline, std::move(done), {}, {}});
  storage::ReadRequest request;
  request.partition = partition;
  request.scans = {ScanDue(kRowsPerSweep)};
  request.deadline = deadline;
  store_.engine.Read(std::move(request), [this, run](absl::StatusOr<storage::ReadResult> result) mutable {
    if (!result.ok()) return run->Finish(result.status());
    const int64_t now_ms = store_.NowMs();
    for (const storage::Row& row : result->pages[0].items) {
      const auto due = keys::ParseDue(run->kind, row.key);
      if (!due.has_value()) return run->Finish(errors::DataDamaged("an attachment's due row"));
      if (due->due_ms > now_ms) break;
      run->due.push_back(*due);
    }
    Continue(std::move(run), absl::OkStatus());
  });
}

void Sweeper::Continue(std::shared_ptr<Run> run, const absl::Status& status) const {
  if (ReasonOf(status) == Reason::kDataDamaged) {
    run->damage.Update(status);
  } else if (!status.ok()) {
    return run->Finish(status);
  }
  if (run->due.empty()) return SetWakeTime(std::move(run));
  const keys::Due due = run->due.front();
  run->due.pop_front();
  if (!due.blob.has_value()) return SweepReference(std::move(run), *due.index);
  if (!due.index.has_value()) return SweepBlob(std::move(run), *due.blob);
  SweepBackReference(std::move(run), *due.blob, *due.index, due.due_ms);
}

// Out of use, if its time has come; then, a while later, gone.
void Sweeper::SweepReference(std::shared_ptr<Run> run, const AttachmentIndex& index) const {
  DeleteReference(store_, index, std::nullopt, run->deadline, [this, run, index](absl::Status status) mutable {
    if (!status.ok()) return Continue(std::move(run), status);
    const auto finish = [index, now_ms = store_.NowMs()](Rows& rows) { return FinishDelete(rows, index, now_ms); };
    store_.Change(run->partition, ReferenceKeys(index), run->deadline, finish,
                  [this, run](absl::Status status) mutable { Continue(std::move(run), status); });
  });
}

// Announced a day ago: by now its reference exists, or never will.
void Sweeper::SweepBackReference(std::shared_ptr<Run> run, const AttachmentBlob& blob, const AttachmentIndex& index,
                                 int64_t due_ms) const {
  store_.ReadRow<storage_v1::ReferenceRecord>(
      keys::ReferencePartition(index), keys::Reference(index), run->deadline,
      [this, run, blob, index, due_ms](absl::StatusOr<std::optional<storage_v1::ReferenceRecord>> reference) mutable {
        if (!reference.ok()) return Continue(std::move(run), reference.status());
        const auto next = [this, run](absl::Status status) mutable { Continue(std::move(run), status); };
        // One that is being deleted counts: whoever deletes it sees to its entry here.
        if (!reference->has_value() || (*reference)->blob_name() != blob.view()) {
          return DeleteBackReference(store_, blob, index, due_ms, run->deadline, next);
        }
        const auto confirm = [blob, index, due_ms](Rows& rows) {
          return ConfirmBackReference(rows, blob, index, due_ms);
        };
        store_.Change(run->partition, BlobKeys(blob, index), run->deadline, confirm, next);
      });
}

void Sweeper::SweepBlob(std::shared_ptr<Run> run, const AttachmentBlob& blob) const {
  const auto step = [blob, now_ms = store_.NowMs()](Rows& rows) { return attachments::SweepBlob(rows, blob, now_ms); };
  store_.Change<BlobStep>(run->partition, BlobKeys(blob), run->deadline, step,
                          [this, run, blob](absl::StatusOr<BlobStep> step) mutable {
                            if (!step.ok() || *step == BlobStep::kNothing) {
                              return Continue(std::move(run), step.status());
                            }
                            DeleteBytes(std::move(run), blob, *step == BlobStep::kDropRow);
                          });
}

void Sweeper::DeleteBytes(std::shared_ptr<Run> run, const AttachmentBlob& blob, bool drop_row) const {
  store_.DeleteBytes(blob, run->deadline, [this, run, blob, drop_row](absl::Status status) mutable {
    if (!status.ok() || !drop_row) return Continue(std::move(run), status);
    const auto drop = [blob, now_ms = store_.NowMs()](Rows& rows) { return DropBlob(rows, blob, now_ms); };
    store_.Change(run->partition, BlobKeys(blob), run->deadline, drop,
                  [this, run](absl::Status status) mutable { Continue(std::move(run), status); });
  });
}

// Reads the earliest due row in the same moment as the wake time that it sets: a row added meanwhile wins.
void Sweeper::SetWakeTime(std::shared_ptr<Run> run) const {
  Update update;
  update.partition = run->partition;
  update.scans = {ScanDue(1)};
  update.deadline = run->deadline;
  update.decide = [kind = run->kind](Rows& rows) -> absl::Status {
    const storage::Page& first = rows.pages()[0];
    if (first.items.empty()) return rows.WakeAt(0), absl::OkStatus();
    const auto due = keys::ParseDue(kind, first.items[0].key);
    if (!due.has_value()) return errors::DataDamaged("an attachment's due row");
    rows.WakeAt(due->due_ms);
    return absl::OkStatus();
  };
  update.done = [run](absl::Status status) mutable { run->Finish(status.ok() ? run->damage : std::move(status)); };
  store_.updates.Submit(std::move(update));
}

}  // namespace labyrinth::attachments
