// Attachments between messages and the user's folders.
#ifndef LABYRINTH_TOOLS_LABYRINTH_ATTACHMENT_FILES_H_
#define LABYRINTH_TOOLS_LABYRINTH_ATTACHMENT_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/client.h"
#include "tools/cli/output.h"
#include "tools/labyrinth/context.h"

namespace labyrinth::cli {

// The files of --attach, opened before anything is done. The label is the path's last component.
struct FileToSend {
  std::string file_name;
  std::string media_type;
  std::unique_ptr<client::AttachmentSource> source;
};
absl::StatusOr<std::vector<FileToSend>> OpenFilesToSend(const std::vector<std::string>& paths);

// "photo.jpg" to "image/jpeg"; empty for an extension that isn't known.
std::string MediaTypeOf(const std::string& file_name);

// Encrypts and sends them, with a bar. CANCELLED by Ctrl-C: the same command goes on where this one stopped.
absl::StatusOr<std::vector<client::Attachment>> SendFiles(client::Attachments& attachments,
                                                          std::vector<FileToSend> files);

// Saves the attachments of messages into one folder, under names made safe and never over a file that is there
// ("photo-2.jpg"). Thread-compatible.
class AttachmentSaver {
 public:
  // Makes the folder (0700) if it is missing, not its parents.
  static absl::StatusOr<AttachmentSaver> Open(client::Attachments& attachments, const std::string& folder);

  // Adds to each entry of `document["attachments"]` its "file", or why there is none: "missing" or "refused"; and a
  // line for people to `lines`. Only what ends the command is an error.
  absl::Status Save(const client::HistoryMessage& message, Json& document, std::vector<std::string>& lines);

  uint64_t saved() const { return saved_; }
  uint64_t refused() const { return refused_; }

 private:
  AttachmentSaver(client::Attachments& attachments, std::string folder)
      : attachments_(&attachments), folder_(std::move(folder)) {}
  // The path that it got.
  absl::StatusOr<std::string> SaveOne(const client::Attachment& attachment, const client::RowClaims& row);

  client::Attachments* attachments_;
  std::string folder_;
  uint64_t saved_ = 0;
  uint64_t refused_ = 0;
};

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_LABYRINTH_ATTACHMENT_FILES_H_
