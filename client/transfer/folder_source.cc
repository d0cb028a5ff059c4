#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <system_error>

#include "client/transfer/export_source.h"

namespace labyrinth::client {
namespace {

namespace fs = std::filesystem;

// Below the folder that was named; exports need four.
constexpr int kFolderDepth = 12;

class FolderSource final : public ExportSource {
 public:
  absl::Status List(const fs::path& root, const ExportLimits& limits) {
    std::error_code error;
    fs::recursive_directory_iterator it(root, error), end;
    for (; !error && it != end; it.increment(error)) {
      if (it.depth() >= kFolderDepth) it.disable_recursion_pending();
      if (!IsMessageFile(it->path().filename().string())) continue;
      // symlink_status: a link or a pipe by that name isn't part of an export.
      std::error_code gone;
      if (it->symlink_status(gone).type() != fs::file_type::regular) continue;
      if (names_.size() >= limits.files) {
        return absl::InvalidArgumentError(fmt::format("more than {} message files", limits.files));
      }
      Add(it->path());
    }
    if (error) return absl::InvalidArgumentError(fmt::format("can't be listed: {}", error.message()));
    return absl::OkStatus();
  }

  void Add(const fs::path& path) { names_.push_back(path.string()); }

  const std::vector<std::string>& names() const override { return names_; }

  absl::StatusOr<std::string> Read(std::size_t index, uint64_t max_bytes) const override {
    std::ifstream in(names_[index], std::ios::binary);
    if (!in) return absl::InvalidArgumentError("can't be opened");
    std::string out;
    std::string buffer(64 * 1024, '\0');
    while (in.read(buffer.data(), static_cast<std::streamsize>(buffer.size())), in.gcount() > 0) {
      const std::size_t n = static_cast<std::size_t>(in.gcount());
      if (n > max_bytes - out.size()) {
        return absl::InvalidArgumentError(fmt::format("longer than {} bytes", max_bytes));
      }
      out.append(buffer, 0, n);
    }
    if (in.bad()) return absl::InvalidArgumentError("can't be read");
    return out;
  }

 private:
  std::vector<std::string> names_;
};

absl::StatusOr<fs::path> Absolute(const std::string& path) {
  std::error_code error;
  fs::path absolute = fs::canonical(path, error);
  if (error) return absl::NotFoundError(error.message());
  return absolute;
}

}  // namespace

bool IsMessageFile(std::string_view name) {
  constexpr std::string_view kPrefix = "message_", kSuffix = ".json";
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return false;
  if (name.size() <= kPrefix.size() + kSuffix.size()) return false;
  const std::string_view number = name.substr(kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
  return number.size() <= 6 && number[0] != '0' &&
         std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
}

absl::StatusOr<std::unique_ptr<ExportSource>> OpenFolder(const std::string& path, const ExportLimits& limits) {
  absl::StatusOr<fs::path> root = Absolute(path);
  if (!root.ok()) return root.status();
  auto source = std::make_unique<FolderSource>();
  if (absl::Status listed = source->List(*root, limits); !listed.ok()) return listed;
  return source;
}

absl::StatusOr<std::unique_ptr<ExportSource>> OpenSingleFile(const std::string& path) {
  absl::StatusOr<fs::path> file = Absolute(path);
  if (!file.ok()) return file.status();
  auto source = std::make_unique<FolderSource>();
  source->Add(*file);
  return source;
}

}  // namespace labyrinth::client
