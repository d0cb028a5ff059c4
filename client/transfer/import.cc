#include "client/transfer/import.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "client/transfer/chat_content.h"

namespace labyrinth::client {
namespace {

// Gathers messages into batches, and files into journal lines once their last message is saved. Thread-compatible.
class Batcher {
 public:
  Batcher(const SaveBatch& save, ImportJournal& journal, const ImportProgress& progress, ImportReport& report)
      : save_(save), journal_(journal), progress_(progress), report_(report) {}

  absl::Status Add(NewMessage message) {
    // The server refuses a batch that names an id twice. Files of one thread may overlap.
    if (!ids_.insert(message.message_id).second) {
      ++report_.existing;
      return absl::OkStatus();
    }
    const std::size_t size = message.content.size();
    if (batch_.size() == kImportBatchMessages || bytes_ + size > kImportBatchBytes) {
      if (absl::Status s = Flush(); !s.ok()) return s;
      ids_.insert(message.message_id);
    }
    bytes_ += size;
    batch_.push_back(std::move(message));
    return absl::OkStatus();
  }

  // Everything added since the last call belongs to one file.
  absl::Status EndFile(std::string digest) {
    whole_files_.push_back(std::move(digest));
    return batch_.empty() ? Settle() : absl::OkStatus();
  }

  absl::Status Flush() {
    if (batch_.empty()) return absl::OkStatus();
    absl::StatusOr<SaveReport> saved = save_(batch_);
    if (!saved.ok()) return saved.status();
    ++report_.batches;
    for (SaveOutcome outcome : saved->outcomes) {
      switch (outcome) {
        case SaveOutcome::kCreated:
        case SaveOutcome::kReplaced:
          ++report_.created;
          break;
        case SaveOutcome::kUnchanged:
        case SaveOutcome::kKeptExisting:
          ++report_.existing;
          break;
        case SaveOutcome::kWasDeleted:
          ++report_.deleted;
          break;
      }
    }
    batch_.clear();
    ids_.clear();
    bytes_ = 0;
    return Settle();
  }

  absl::Status Report() {
    if (progress_ && !progress_(report_.messages())) return absl::CancelledError("interrupted");
    return absl::OkStatus();
  }

 private:
  absl::Status Settle() {
    for (const std::string& digest : whole_files_) {
      if (absl::Status s = journal_.Add(digest); !s.ok()) return s;
    }
    whole_files_.clear();
    return Report();
  }

  const SaveBatch& save_;
  ImportJournal& journal_;
  const ImportProgress& progress_;
  ImportReport& report_;
  std::vector<NewMessage> batch_;
  absl::flat_hash_set<std::string> ids_;  // of the batch
  std::size_t bytes_ = 0;
  std::vector<std::string> whole_files_;  // whose messages are all in the batch or saved
};

}  // namespace

absl::StatusOr<ImportReport> ImportExport(const MessengerExport& source, const crypto::ImportIds& ids,
                                          const SaveBatch& save, ImportJournal& journal,
                                          const ImportProgress& progress) {
  ImportReport report;
  Batcher batcher(save, journal, progress, report);
  absl::Status status = source.ForEachPart([&](ExportPart part) -> absl::Status {
    if (part.first_of_thread) ++report.threads;
    const std::string& path = part.thread.path;
    std::vector<std::string> message_ids;
    std::string all_ids;
    for (const ExportMessage& m : part.messages) {
      message_ids.push_back(ids.MessageId(path, m.timestamp_ms, m.sender, m.content));
      all_ids += message_ids.back();
    }
    std::string digest = ImportJournal::DigestOf(all_ids);
    if (journal.Contains(digest)) {
      report.skipped += part.messages.size();
      return batcher.Report();
    }
    const std::string thread_id = ids.ThreadId(path);
    for (std::size_t i = 0; i < part.messages.size(); ++i) {
      ExportMessage& m = part.messages[i];
      absl::Status added =
          batcher.Add({.thread_id = thread_id,
                       .message_id = std::move(message_ids[i]),
                       .timestamp_ms = m.timestamp_ms,
                       .content = EncodeChatContent({std::move(m.sender), std::move(m.content), part.thread.title})});
      if (!added.ok()) return added;
    }
    return batcher.EndFile(std::move(digest));
  });
  if (status.ok()) status = batcher.Flush();
  if (!status.ok()) return status;
  journal.Finish();
  return report;
}

}  // namespace labyrinth::client
