// The history as an export reads it: a seam between the client and the files.
#ifndef LABYRINTH_CLIENT_TRANSFER_HISTORY_SOURCE_H_
#define LABYRINTH_CLIENT_TRANSFER_HISTORY_SOURCE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/attachments/attachment.h"
#include "client/message.h"

namespace labyrinth::client {

class LabyrinthClient;
class LocalHistory;

// Thread-compatible.
class HistorySource {
 public:
  using Visit = absl::FunctionRef<absl::Status(const HistoryMessage&)>;
  // Messages there so far, and of all; false is CANCELLED.
  using LoadProgress = absl::FunctionRef<bool(uint64_t done, uint64_t total)>;

  virtual ~HistorySource() = default;

  // Before anything is read. What it has to keep, it keeps in `folder`, where an interrupted load goes on.
  virtual absl::Status Load(const std::string& /*folder*/, LoadProgress /*progress*/) { return absl::OkStatus(); }
  // Removes what Load keeps. Nothing is read afterwards.
  virtual absl::Status Unload() { return absl::OkStatus(); }

  struct Totals {
    uint64_t messages = 0;
    // Differs whenever the mailbox has changed, so an interrupted export isn't continued over a changed mailbox.
    std::string fingerprint;
  };
  virtual absl::StatusOr<Totals> GetTotals() = 0;

  // The newest message of each thread.
  virtual absl::Status ForEachThread(Visit visit) = 0;
  // Oldest first, in the history's total order.
  virtual absl::Status ForEachMessage(const std::string& thread_id, Visit visit) = 0;

  // Writes the file of a verified message's attachment to `path`, as Attachments::Download does. `go_on` is asked now
  // and then; false is CANCELLED.
  virtual absl::Status SaveAttachment(const Attachment& attachment, const RowClaims& row, const std::string& path,
                                      absl::FunctionRef<bool()> go_on) = 0;
};

// Downloads the history into a copy (client/sync) and reads that: one moment of the mailbox, however long the export
// takes and however often it is interrupted. Rows that were refused come after the others of their thread. Borrows the
// client.
class ClientHistorySource final : public HistorySource {
 public:
  explicit ClientHistorySource(LabyrinthClient& client);
  ~ClientHistorySource() override;

  absl::Status Load(const std::string& folder, LoadProgress progress) override;
  absl::Status Unload() override;
  absl::StatusOr<Totals> GetTotals() override;
  absl::Status ForEachThread(Visit visit) override;
  absl::Status ForEachMessage(const std::string& thread_id, Visit visit) override;
  absl::Status SaveAttachment(const Attachment& attachment, const RowClaims& row, const std::string& path,
                              absl::FunctionRef<bool()> go_on) override;

 private:
  LabyrinthClient& client_;
  std::string path_;
  std::unique_ptr<LocalHistory> copy_;  // between Load and Unload
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_HISTORY_SOURCE_H_
