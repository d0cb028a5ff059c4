#include "tools/labyrinth/attachment_files.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include "client/attachments/safe_name.h"
#include "client/transfer/chat_content.h"
#include "client/transfer/jsonl_line.h"
#include "client/transfer/status.h"
#include "client/transfer/text.h"
#include "common/text.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/progress_bar.h"

namespace labyrinth::cli {
namespace {

// Names tried for one attachment before the folder counts as full of them.
constexpr int kNames = 10'000;

struct MediaType {
  std::string_view extension;
  std::string_view type;
};
constexpr std::array<MediaType, 14> kMediaTypes = {{{"jpg", "image/jpeg"},
                                                    {"jpeg", "image/jpeg"},
                                                    {"png", "image/png"},
                                                    {"gif", "image/gif"},
                                                    {"webp", "image/webp"},
                                                    {"mp4", "video/mp4"},
                                                    {"mp3", "audio/mpeg"},
                                                    {"ogg", "audio/ogg"},
                                                    {"pdf", "application/pdf"},
                                                    {"txt", "text/plain"},
                                                    {"md", "text/markdown"},
                                                    {"json", "application/json"},
                                                    {"zip", "application/zip"},
                                                    {"html", "text/html"}}};

bool Exists(const std::string& path) {
  struct stat info;
  return ::lstat(path.c_str(), &info) == 0;
}

}  // namespace

std::string MediaTypeOf(const std::string& file_name) {
  const std::size_t dot = file_name.rfind('.');
  if (dot == std::string::npos) return {};
  std::string extension = file_name.substr(dot + 1);
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  for (const MediaType& known : kMediaTypes) {
    if (known.extension == extension) return std::string(known.type);
  }
  return {};
}

absl::StatusOr<std::vector<FileToSend>> OpenFilesToSend(const std::vector<std::string>& paths) {
  if (paths.size() > client::kChatAttachments) {
    return Usage(fmt::format("--attach: at most {} files a message", client::kChatAttachments));
  }
  std::vector<FileToSend> files;
  for (const std::string& path : paths) {
    auto source = client::OpenAttachmentFile(path);
    if (!source.ok()) return client::In("--attach", source.status());
    if ((*source)->size_bytes() > crypto::kAttachmentFileBytes) {
      return absl::InvalidArgumentError(fmt::format("--attach: {}: larger than {} bytes", client::Printable(path),
                                                    Grouped(crypto::kAttachmentFileBytes)));
    }
    const std::string name = path.substr(path.rfind('/') + 1);
    if (!client::IsValidUtf8(name)) {
      return absl::InvalidArgumentError(fmt::format("--attach: {}: its name is not UTF-8", client::Printable(path)));
    }
    files.push_back({name, MediaTypeOf(name), *std::move(source)});
  }
  return files;
}

absl::StatusOr<std::vector<client::Attachment>> SendFiles(client::Attachments& attachments,
                                                          std::vector<FileToSend> files) {
  std::vector<client::Attachment> sent;
  InterruptScope interrupt;
  for (FileToSend& file : files) {
    ProgressBar bar("sending", "bytes");
    auto attachment =
        attachments.Upload(*file.source, file.file_name, file.media_type, [&](uint64_t done, uint64_t total) {
          bar.Update(done, total);
          return !interrupt.interrupted();
        });
    if (!attachment.ok()) return client::In(client::Printable(file.file_name), attachment.status());
    sent.push_back(*std::move(attachment));
  }
  return sent;
}

absl::StatusOr<AttachmentSaver> AttachmentSaver::Open(client::Attachments& attachments, const std::string& folder) {
  struct stat info;
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::FailedPreconditionError(
        fmt::format("--save-attachments: {}: {}", client::Printable(folder), strerror(errno)));
  }
  if (::stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(fmt::format("--save-attachments: {}: no folder", client::Printable(folder)));
  }
  return AttachmentSaver(attachments, folder);
}

absl::StatusOr<std::string> AttachmentSaver::SaveOne(const client::Attachment& attachment,
                                                     const client::RowClaims& row) {
  const std::string name = client::SafeFileName(attachment.file_name);
  InterruptScope interrupt;
  ProgressBar bar("saving", "bytes");
  for (int number = 1; number <= kNames; ++number) {
    const std::string path = folder_ + "/" + (number == 1 ? name : client::NumberedFileName(name, number));
    if (Exists(path)) continue;
    const absl::Status saved =
        attachments_->Download(attachment, row.thread_id, row.message_id, path, [&](uint64_t done, uint64_t total) {
          bar.Update(done, total);
          return !interrupt.interrupted();
        });
    if (saved.ok()) return path;
    if (!absl::IsAlreadyExists(saved)) return saved;
  }
  return absl::FailedPreconditionError(
      fmt::format("{}: too many files of that name", client::Printable(folder_ + "/" + name)));
}

absl::Status AttachmentSaver::Save(const client::HistoryMessage& message, Json& document,
                                   std::vector<std::string>& lines) {
  const std::optional<client::ShownMessage> shown = client::Show(message);
  if (!shown || !shown->chat) return absl::OkStatus();
  for (std::size_t i = 0; i < shown->chat->attachments.size(); ++i) {
    const client::Attachment& attachment = shown->chat->attachments[i];
    const absl::StatusOr<std::string> path = SaveOne(attachment, message.row());
    Json& entry = document["attachments"][i];
    std::string line;
    if (path.ok()) {
      ++saved_;
      entry["file"] = *path;
      line = fmt::format("saved {}", client::Printable(*path));
    } else if (absl::IsNotFound(path.status())) {
      ++refused_;
      entry["missing"] = true;
      line = fmt::format("{}: the server has no such attachment", client::Printable(attachment.file_name));
    } else if (absl::IsDataLoss(path.status())) {
      ++refused_;
      entry["refused"] = std::string(client::TextOf(path.status()));
      line = fmt::format("{}: refused: {}", client::Printable(attachment.file_name), client::TextOf(path.status()));
    } else {
      return path.status();
    }
    lines.push_back(std::move(line));
  }
  return absl::OkStatus();
}

}  // namespace labyrinth::cli
