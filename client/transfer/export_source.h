// Where an export's files come from: a zip archive, a folder, or one file.
#ifndef LABYRINTH_CLIENT_TRANSFER_EXPORT_SOURCE_H_
#define LABYRINTH_CLIENT_TRANSFER_EXPORT_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/transfer/messenger_export.h"

namespace labyrinth::client {

// A fixed list of named files, readable again and again. Names use '/' and stand for reading only: nobody opens a path
// made from one. Thread-compatible.
class ExportSource {
 public:
  virtual ~ExportSource() = default;

  // Every file, whatever it is called, in no particular order.
  virtual const std::vector<std::string>& names() const = 0;

  // The whole of names()[index]. INVALID_ARGUMENT: longer than `max_bytes`, encrypted, damaged or gone.
  virtual absl::StatusOr<std::string> Read(std::size_t index, uint64_t max_bytes) const = 0;
};

// True for "message_1.json" and so on, the only files that are listed or read.
bool IsMessageFile(std::string_view base_name);

// Folders' and single files' names are absolute, so that the folder above the thread's shows even if the export was
// named from inside. Links are skipped. INVALID_ARGUMENT: over `limits.files`; an unreadable folder is named.
absl::StatusOr<std::unique_ptr<ExportSource>> OpenFolder(const std::string& path, const ExportLimits& limits);
absl::StatusOr<std::unique_ptr<ExportSource>> OpenSingleFile(const std::string& path);

// INVALID_ARGUMENT: not a zip archive, or over `limits.files`. Sizes that the archive declares are checked and then not
// believed.
absl::StatusOr<std::unique_ptr<ExportSource>> OpenZip(const std::string& path, const ExportLimits& limits);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_EXPORT_SOURCE_H_
