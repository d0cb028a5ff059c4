// A folder of private files, each of which appears whole or not at all.
#ifndef LABYRINTH_CLIENT_TRANSFER_OUTPUT_FOLDER_H_
#define LABYRINTH_CLIENT_TRANSFER_OUTPUT_FOLDER_H_

#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labyrinth::client {

// A file being written. Move-only; thread-compatible.
class OutputFile {
 public:
  OutputFile(OutputFile&& other) noexcept;
  OutputFile& operator=(OutputFile&&) = delete;
  // Removes a file that was made by Create and not committed.
  ~OutputFile();

  // Buffered: what isn't flushed or committed is lost.
  absl::Status Write(std::string_view bytes);
  absl::Status Flush();
  // Gives a file made by Create its name. Durable after OutputFolder::Sync alone.
  absl::Status Commit();

 private:
  friend class OutputFolder;
  OutputFile(std::string path, std::string written_as) : path_(std::move(path)), written_as_(std::move(written_as)) {}

  int file_ = -1;
  std::string path_;
  std::string written_as_;  // path_ with ".partial", or path_ itself for appending
  std::string buffer_;
};

// Folders are 0700, files 0600: this is plaintext. Names are the caller's own, never a server's. Every other
// error is FAILED_PRECONDITION and names the file and the system's reason. Thread-compatible.
class OutputFolder {
 public:
  // Makes the folder if it is missing, not its parents.
  static absl::StatusOr<OutputFolder> Open(const std::string& path);
  // NOT_FOUND if it is missing.
  static absl::StatusOr<OutputFolder> OpenExisting(const std::string& path);

  absl::StatusOr<bool> IsEmpty() const;
  bool Has(const std::string& name) const;
  absl::Status MakeSubfolder(const std::string& name) const;

  // Under a temporary name until Commit.
  absl::StatusOr<OutputFile> Create(const std::string& name) const;
  absl::StatusOr<OutputFile> Append(const std::string& name) const;
  // Gives the content to `take` in pieces. False if there is no such file.
  absl::StatusOr<bool> Read(const std::string& name, absl::FunctionRef<void(std::string_view)> take) const;
  absl::Status Remove(const std::string& name) const;

  // Makes everything durable that was committed so far: one sync for thousands of files.
  absl::Status Sync() const;

 private:
  explicit OutputFolder(std::string path) : path_(std::move(path)) {}
  std::string At(const std::string& name) const { return path_ + "/" + name; }

  std::string path_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_OUTPUT_FOLDER_H_
