// Files that nobody else may read, replaced whole or not at all.
#ifndef LABYRINTH_CLIENT_PRIVATE_FILE_H_
#define LABYRINTH_CLIENT_PRIVATE_FILE_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::client {

// A directory of mode 0700 that this process alone uses: it holds an exclusive flock on the file `lock` in it, which
// the kernel drops when the process ends, however it ends. Move-only; thread-compatible.
class PrivateDirectory {
 public:
  // Makes the directory if it is missing (not its parents). FAILED_PRECONDITION if it is no directory, belongs to
  // another user, can be entered by group or world, or is in use by another process.
  static absl::StatusOr<PrivateDirectory> OpenAndLock(const std::string& path);

  PrivateDirectory(PrivateDirectory&& other) noexcept;
  PrivateDirectory& operator=(PrivateDirectory&& other) noexcept;
  ~PrivateDirectory();

  // nullopt if there is no such file. FAILED_PRECONDITION for a symbolic link, another type or owner, a file that group
  // or world can reach, or one above `max_size`.
  absl::StatusOr<std::optional<crypto::Secret>> Read(const std::string& name, std::size_t max_size) const;

  // Writes `name`.tmp (0600), syncs it, renames it over `name`, syncs the directory. OK means durable. After an error
  // the old content is in place unless `*replaced` says that the rename had happened already.
  absl::Status Replace(const std::string& name, std::string_view content, bool* replaced) const;

  // Removes what a crash inside Replace left behind.
  absl::Status RemoveLeftover(const std::string& name) const;

 private:
  PrivateDirectory(int directory, int lock) : directory_(directory), lock_(lock) {}
  void Close();

  int directory_ = -1;
  int lock_ = -1;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_PRIVATE_FILE_H_
