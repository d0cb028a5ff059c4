// The history as an export reads it: a seam between the client and the files.
#ifndef LABYRINTH_CLIENT_TRANSFER_HISTORY_SOURCE_H_
#define LABYRINTH_CLIENT_TRANSFER_HISTORY_SOURCE_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/attachments/attachment.h"
#include "client/message.h"

namespace labyrinth::client {

class LabyrinthClient;

// Thread-compatible.
class HistorySource {
 public:
  using Visit = absl::FunctionRef<absl::Status(const HistoryMessage&)>;

  virtual ~HistorySource() = default;

  struct Totals {
    uint64_t messages = 0;
    // Differs whenever the mailbox's counters do, so an interrupted export isn't continued over a changed mailbox.
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

// Reads through a client, which it borrows.
class ClientHistorySource final : public HistorySource {
 public:
  explicit ClientHistorySource(LabyrinthClient& client) : client_(client) {}

  absl::StatusOr<Totals> GetTotals() override;
  absl::Status ForEachThread(Visit visit) override;
  absl::Status ForEachMessage(const std::string& thread_id, Visit visit) override;
  absl::Status SaveAttachment(const Attachment& attachment, const RowClaims& row, const std::string& path,
                              absl::FunctionRef<bool()> go_on) override;

 private:
  LabyrinthClient& client_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_HISTORY_SOURCE_H_
