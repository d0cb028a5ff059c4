// The files beside an export's messages.
#ifndef LABYRINTH_CLIENT_TRANSFER_EXPORT_ATTACHMENTS_H_
#define LABYRINTH_CLIENT_TRANSFER_EXPORT_ATTACHMENTS_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "client/transfer/history_source.h"
#include "client/transfer/jsonl_export.h"
#include "client/transfer/jsonl_line.h"

namespace labyrinth::client {

// Saves attachments as `attachments/DIGEST-NAME` below an export's folder and counts them in its report. What lies
// there already was verified when it got its name, so a resumed export doesn't fetch it again. Thread-compatible;
// borrows.
class ExportAttachments {
 public:
  ExportAttachments(HistorySource& source, const std::string& folder, JsonlExportReport& report)
      : source_(source), folder_(folder), report_(report) {}

  // What a killed run left half-written.
  absl::Status RemovePartial() const;

  // Saves those of one message, and adds to each entry of `document["attachments"]` its "file", or why there is none:
  // "missing" or "refused". Only what concerns the whole export is an error.
  absl::Status Save(const RowClaims& row, const ShownMessage& shown, nlohmann::ordered_json& document,
                    absl::FunctionRef<bool()> go_on);

 private:
  HistorySource& source_;
  const std::string folder_;
  JsonlExportReport& report_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_EXPORT_ATTACHMENTS_H_
