// A file that appears under its name whole or not at all, and never in another's place.
#ifndef LABYRINTH_CLIENT_ATTACHMENTS_TARGET_FILE_H_
#define LABYRINTH_CLIENT_ATTACHMENTS_TARGET_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labyrinth::client {

// Written as `.labyrinth-XXXXXX.partial` (0600) in the same folder; removed unless committed. Errors are
// FAILED_PRECONDITION with path and reason. Move-only; thread-compatible.
class TargetFile {
 public:
  static constexpr char kPrefix[] = ".labyrinth-", kSuffix[] = ".partial";

  static absl::StatusOr<TargetFile> Create(const std::string& path);
  TargetFile(TargetFile&& other) noexcept;
  TargetFile& operator=(TargetFile&&) = delete;
  ~TargetFile();

  absl::Status Write(std::string_view bytes);
  // Syncs the file and gives it its name. ALREADY_EXISTS if something has that name.
  absl::Status Commit();

 private:
  TargetFile(std::string path, std::string written_as, int file)
      : path_(std::move(path)), written_as_(std::move(written_as)), file_(file) {}

  std::string path_;
  std::string written_as_;
  int file_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ATTACHMENTS_TARGET_FILE_H_
