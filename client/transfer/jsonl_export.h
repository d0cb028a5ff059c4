// Writes the whole history to a folder of JSON lines and, where asked for, of pages to read (html_export.h).
//
//   DIR/threads/NAME.jsonl   one line a message, oldest first; NAME is the thread id in hexadecimal (its SHA-256 if
//   longer
//                            than 32 bytes)
//   DIR/attachments/DIGEST-NAME   the files; DIGEST is the first 32 digits of the ciphertext's SHA-256, NAME the
//   writer's
//                            name made safe. A message's line names them in "attachments":[{"file":PATH,...}]
//   DIR/index.jsonl          one line a thread, by NAME: title, file, count, times, the file's SHA-256
//   DIR/manifest.json        counts, and the SHA-256 of all thread files, one after another in the index's order;
//   written last
//   DIR/history.partial, DIR/progress.jsonl   while the export isn't finished
//
// Two devices that see the same history write the same bytes: nothing in there depends on the device, the day, or the
// order of arrival. `cat DIR/threads/*.jsonl | sha256sum` (under LC_ALL=C) gives the manifest's sum again.
#ifndef LABYRINTH_CLIENT_TRANSFER_JSONL_EXPORT_H_
#define LABYRINTH_CLIENT_TRANSFER_JSONL_EXPORT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/transfer/history_source.h"

namespace labyrinth::client {

struct JsonlExportOptions {
  // Continue an interrupted export: threads that are whole stay, unless the mailbox has changed meanwhile (by its
  // counters and the thread's newest row); then everything is read again.
  bool resume = false;
  // Pages for people beside the lines, with times of this zone.
  std::optional<absl::TimeZone> html_zone = std::nullopt;
  // Of the download, which comes first: messages there, and of all. False cancels.
  std::function<bool(uint64_t done, uint64_t total)> download_progress = nullptr;
};

struct JsonlExportReport {
  uint64_t threads = 0;
  uint64_t messages = 0;             // lines
  uint64_t unverified_messages = 0;  // of these: written without an envelope by other software
  uint64_t refused_messages = 0;     // tampered with: not in the export
  uint64_t reused_threads = 0;       // from the interrupted export
  uint64_t attachments = 0;          // named by the lines and present
  uint64_t missing_attachments = 0;  // the server has none: {"missing":true}
  uint64_t refused_attachments = 0;  // not what their message says: {"refused":WHY}
  std::string sha256;                // the manifest's
};

// Messages written, and of all. False cancels.
using JsonlProgress = std::function<bool(uint64_t done, uint64_t total)>;

// FAILED_PRECONDITION: the folder isn't empty (without `resume`), isn't an interrupted export (with it), or can't be
// written. CANCELLED. Errors of `source`. After any error the folder holds an interrupted export, never a half-written
// file under its final name. A resumed export over a changed mailbox may leave attachments that no line names.
absl::StatusOr<JsonlExportReport> ExportJsonl(HistorySource& source, const std::string& folder,
                                              const JsonlExportOptions& options = {},
                                              const JsonlProgress& progress = nullptr);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_JSONL_EXPORT_H_
