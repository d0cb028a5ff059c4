// The JSON of one message_N.json.
#ifndef LABYRINTH_CLIENT_TRANSFER_THREAD_FILE_H_
#define LABYRINTH_CLIENT_TRANSFER_THREAD_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/transfer/messenger_export.h"

namespace labyrinth::client {

struct ThreadFile {
  std::string title;
  std::string thread_path;  // as the file claims; empty if it doesn't
  std::vector<std::string> participants;
  std::vector<ExportMessage> messages;  // oldest first, repeated ones dropped
  ExportOmissions omissions;
};

// Parses without building a document: memory is the text and the messages, and nesting is bounded by
// `limits.json_depth`. Unknown fields are skipped, null counts as absent. INVALID_ARGUMENT names the place and the rule
// ("messages[3].content: expected a string"), never the text itself.
absl::StatusOr<ThreadFile> ParseThreadFile(std::string_view json, const ExportLimits& limits);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_THREAD_FILE_H_
