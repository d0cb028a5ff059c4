#include "client/transfer/export_attachments.h"

#include <errno.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>

#include <filesystem>
#include <system_error>

#include "client/attachments/safe_name.h"
#include "client/attachments/target_file.h"
#include "client/transfer/status.h"
#include "client/transfer/text.h"
#include "common/bytes.h"

namespace labyrinth::client {
namespace {

namespace fs = std::filesystem;

constexpr char kFolder[] = "attachments";
constexpr std::size_t kDigestDigits = 32;

}  // namespace

absl::Status ExportAttachments::RemovePartial() const {
  std::error_code error;
  const std::string folder = folder_ + "/" + kFolder;
  if (!fs::is_directory(folder, error)) return absl::OkStatus();
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with(TargetFile::kPrefix) && name.ends_with(TargetFile::kSuffix)) fs::remove(it->path(), error);
    if (error) break;
  }
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format("{}: {}", Printable(folder), error.message()));
}

absl::Status ExportAttachments::Save(const RowClaims& row, const ShownMessage& shown, nlohmann::ordered_json& document,
                                     absl::FunctionRef<bool()> go_on) {
  if (!shown.chat || shown.chat->attachments.empty()) return absl::OkStatus();
  const std::string folder = folder_ + "/" + kFolder;
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    return absl::FailedPreconditionError(fmt::format("{}: can't be made: {}", Printable(folder), strerror(errno)));
  }
  for (std::size_t i = 0; i < shown.chat->attachments.size(); ++i) {
    const Attachment& attachment = shown.chat->attachments[i];
    const std::string name = fmt::format("{}-{}", ToHex(attachment.digest.view()).substr(0, kDigestDigits),
                                         SafeFileName(attachment.file_name));
    const std::string path = folder + "/" + name;
    std::error_code error;
    const bool present =
        fs::is_regular_file(fs::symlink_status(path, error)) && fs::file_size(path, error) == attachment.size_bytes;
    const absl::Status saved = present ? absl::OkStatus() : source_.SaveAttachment(attachment, row, path, go_on);
    nlohmann::ordered_json& entry = document["attachments"][i];
    if (saved.ok()) {
      ++report_.attachments;
      entry["file"] = fmt::format("{}/{}", kFolder, name);
    } else if (absl::IsNotFound(saved)) {
      ++report_.missing_attachments;
      entry["missing"] = true;
    } else if (absl::IsDataLoss(saved)) {
      ++report_.refused_attachments;
      entry["refused"] = std::string(TextOf(saved));
    } else {
      return saved;
    }
  }
  return absl::OkStatus();
}

}  // namespace labyrinth::client
