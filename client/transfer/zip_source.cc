#include <fmt/format.h>
#include <zip.h>

#include <array>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "client/transfer/export_source.h"

namespace labyrinth::client {
namespace {

std::string_view BaseName(std::string_view name) { return name.substr(name.rfind('/') + 1); }

struct Discard {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};

class ZipSource final : public ExportSource {
 public:
  explicit ZipSource(zip_t* archive) : archive_(archive) {}

  absl::Status List(const ExportLimits& limits) {
    const zip_int64_t count = zip_get_num_entries(archive_.get(), 0);
    for (zip_int64_t i = 0; i < count; ++i) {
      const char* name = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_GUESS);
      if (name == nullptr || !IsMessageFile(BaseName(name))) continue;
      if (names_.size() >= limits.files) {
        return absl::InvalidArgumentError(fmt::format("more than {} message files", limits.files));
      }
      names_.emplace_back(name);
      entries_.push_back(static_cast<zip_uint64_t>(i));
    }
    return absl::OkStatus();
  }

  const std::vector<std::string>& names() const override { return names_; }

  absl::StatusOr<std::string> Read(std::size_t index, uint64_t max_bytes) const override {
    zip_stat_t stat;
    if (zip_stat_index(archive_.get(), entries_[index], 0, &stat) != 0) return Damaged();
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE) {
      return absl::InvalidArgumentError("encrypted");
    }
    if ((stat.valid & ZIP_STAT_SIZE) != 0 && stat.size > max_bytes) return TooLong(max_bytes);
    zip_file_t* file = zip_fopen_index(archive_.get(), entries_[index], 0);
    if (file == nullptr) return Damaged();
    absl::Cleanup close = [file] { zip_fclose(file); };
    std::string out;
    std::array<char, 64 * 1024> buffer;
    for (;;) {
      const zip_int64_t n = zip_fread(file, buffer.data(), buffer.size());
      if (n < 0) return absl::InvalidArgumentError(fmt::format("damaged: {}", zip_file_strerror(file)));
      if (n == 0) return out;
      if (static_cast<uint64_t>(n) > max_bytes - out.size()) return TooLong(max_bytes);
      out.append(buffer.data(), static_cast<std::size_t>(n));
    }
  }

 private:
  absl::Status Damaged() const {
    return absl::InvalidArgumentError(fmt::format("damaged: {}", zip_strerror(archive_.get())));
  }
  static absl::Status TooLong(uint64_t max_bytes) {
    return absl::InvalidArgumentError(fmt::format("longer than {} bytes", max_bytes));
  }

  std::unique_ptr<zip_t, Discard> archive_;
  std::vector<std::string> names_;
  std::vector<zip_uint64_t> entries_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ExportSource>> OpenZip(const std::string& path, const ExportLimits& limits) {
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_RDONLY, &code);
  if (archive == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    std::string text = fmt::format("not a readable zip archive: {}", zip_error_strerror(&error));
    zip_error_fini(&error);
    return absl::InvalidArgumentError(text);
  }
  auto source = std::make_unique<ZipSource>(archive);
  if (absl::Status listed = source->List(limits); !listed.ok()) return listed;
  return source;
}

}  // namespace labyrinth::client
