// Recovery codes on their way to and from the user. Never from the command line, where the shell's history and every
// process of the machine would see them.
#ifndef LABYRINTH_TOOLS_LABYRINTH_CODE_FILE_H_
#define LABYRINTH_TOOLS_LABYRINTH_CODE_FILE_H_

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::cli {

// The code in `path`, or, if that is empty, asked for on the terminal. NOT_FOUND, or FAILED_PRECONDITION for a file
// that is too large to be a code; a usage error if there is neither a file nor a terminal.
absl::StatusOr<crypto::Secret> ReadCode(const std::string& path);

// A new file (0600) for a code, made before the code is, so that no code is lost to a folder that can't be written.
// Removed again unless Write succeeded. Move-only; thread-compatible.
class NewCodeFile {
 public:
  // ALREADY_EXISTS: nothing is ever overwritten. FAILED_PRECONDITION: can't be made.
  static absl::StatusOr<NewCodeFile> Create(const std::string& path);

  NewCodeFile(NewCodeFile&& other) noexcept;
  NewCodeFile& operator=(NewCodeFile&&) = delete;
  ~NewCodeFile();

  // The code and a line feed, on disk when it returns OK.
  absl::Status Write(const crypto::Secret& code);

 private:
  NewCodeFile(int file, std::string path) : file_(file), path_(std::move(path)) {}

  int file_;
  std::string path_;
};

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_LABYRINTH_CODE_FILE_H_
