#include "service/auth/jwks_file.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <fstream>
#include <utility>

namespace labyrinth::service {
namespace {

constexpr int64_t kLookIntervalMs = 1000;
constexpr std::size_t kMaxFileBytes = 1 << 20;

absl::StatusOr<std::string> ReadBounded(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kMaxFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad() || (in.fail() && !in.eof())) return absl::FailedPreconditionError("can't be read");
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kMaxFileBytes) return absl::InvalidArgumentError("over 1 MiB");
  return text;
}

int64_t Nanoseconds(const timespec& time) { return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec; }

}  // namespace

absl::StatusOr<std::unique_ptr<JwksFile>> JwksFile::Open(std::string path, const Clock& clock, Listener listener) {
  std::unique_ptr<JwksFile> file(new JwksFile(std::move(path), clock, std::move(listener)));
  const Version version = VersionOf(file->path_);
  auto keys = file->Load();
  if (!keys.ok()) return keys.status();
  file->listener_(keys);
  const absl::MutexLock lock(&file->mutex_);
  file->keys_ = *std::move(keys);
  file->version_ = version;
  file->looked_ms_ = clock.NowMs();
  return file;
}

std::shared_ptr<const JwkSet> JwksFile::Current() {
  if (TakeTurn()) {
    // The version is taken before the content: a change in between is found at the next look.
    const Version version = VersionOf(path_);
    bool changed;
    {
      const absl::MutexLock lock(&mutex_);
      changed = version != version_;
      version_ = version;
    }
    if (changed) {
      const auto keys = Load();
      listener_(keys);
      const absl::MutexLock lock(&mutex_);
      if (keys.ok()) keys_ = *keys;
    }
  }
  const absl::MutexLock lock(&mutex_);
  return keys_;
}

bool JwksFile::TakeTurn() {
  const int64_t now_ms = clock_.NowMs();
  const absl::MutexLock lock(&mutex_);
  // A clock that stepped back must not stop the looking.
  if (now_ms >= looked_ms_ && now_ms - looked_ms_ < kLookIntervalMs) return false;
  looked_ms_ = now_ms;
  return true;
}

JwksFile::Version JwksFile::VersionOf(const std::string& path) {
  struct stat st {};
  if (stat(path.c_str(), &st) != 0) return {};
  return {.device = st.st_dev,
          .inode = st.st_ino,
          .size_bytes = static_cast<uint64_t>(st.st_size),
          .modified_ns = Nanoseconds(st.st_mtim),
          .changed_ns = Nanoseconds(st.st_ctim),
          .exists = true};
}

absl::StatusOr<std::shared_ptr<const JwkSet>> JwksFile::Load() const {
  const auto text = ReadBounded(path_);
  auto keys = text.ok() ? JwkSet::Parse(*text) : text.status();
  if (!keys.ok()) {
    return absl::Status(keys.status().code(),
                        fmt::format("jwks_file {}: {}", path_, std::string(keys.status().message())));
  }
  return keys;
}

}  // namespace labyrinth::service
