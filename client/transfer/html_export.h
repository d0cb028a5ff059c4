// Pages that a person can open and read, made from an export's lines (jsonl_export.h).
//
//   DIR/index.html            the threads, newest first
//   DIR/pages/NAME-N.html     a thread's messages, oldest first, kHtmlPageMessages a page
//
// The pages work from a folder, without a network and without scripts: a policy in each page forbids everything but its
// own style. Text of messages, titles and names can't become markup. Files are linked where a browser only shows them.
#ifndef LABYRINTH_CLIENT_TRANSFER_HTML_EXPORT_H_
#define LABYRINTH_CLIENT_TRANSFER_HTML_EXPORT_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/transfer/output_folder.h"

namespace labyrinth::client {

inline constexpr std::size_t kHtmlPageMessages = 500;

// `folder`, which lies at `path`, holds index.jsonl and the thread files. Pages of an earlier run are replaced, none of
// them stays. FAILED_PRECONDITION: a file can't be read or written, or isn't what the export wrote.
absl::Status WriteHtmlPages(const OutputFolder& folder, const std::string& path, absl::TimeZone zone);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_HTML_EXPORT_H_
