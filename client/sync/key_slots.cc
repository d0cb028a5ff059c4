#include "client/sync/key_slots.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "crypto/primitives/aead.h"

namespace labyrinth::client {
namespace {

using Slot = std::array<char, crypto::kAeadKeyBytes>;
constexpr Slot kWiped = {};

absl::Status Refuse(std::string_view why) {
  return absl::FailedPreconditionError(fmt::format("local history: {}", why));
}
absl::Status Failed(std::string_view what) { return Refuse(fmt::format("{}: {}", what, strerror(errno))); }

absl::Status Damaged() {
  return absl::DataLossError("local history: its keys are damaged: rebuild it from the server");
}

off_t At(int64_t slot) { return static_cast<off_t>(slot) * static_cast<off_t>(kWiped.size()); }

}  // namespace

absl::StatusOr<int> KeySlots::OpenPrivateFile(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0 && errno == ELOOP) return Refuse("its file is a symbolic link");
  if (file < 0) return Failed("its file can't be opened");
  struct stat info;
  absl::Status status;
  if (::fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
    status = Refuse("its file is not a regular file");
  } else if (info.st_uid != ::geteuid()) {
    status = Refuse("its file belongs to another user");
  } else if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    status = Refuse("its file is open to other users (chmod go-rwx)");
  }
  if (status.ok()) return file;
  ::close(file);
  return status;
}

absl::StatusOr<std::unique_ptr<KeySlots>> KeySlots::Open(const std::string& path, RandomSource& random) {
  const auto file = OpenPrivateFile(path);
  if (!file.ok()) return file.status();
  std::unique_ptr<KeySlots> slots(new KeySlots(*file, random));
  struct stat info;
  if (::fstat(*file, &info) != 0) return Failed("its keys can't be read");
  // What a crash tore off is no key.
  slots->end_ = info.st_size / static_cast<int64_t>(kWiped.size());
  return slots;
}

absl::Status KeySlots::Erase(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file >= 0) {
    const std::string zeros(64 * 1024, '\0');
    struct stat info = {};
    (void)::fstat(file, &info);
    for (off_t at = 0; S_ISREG(info.st_mode) && at < info.st_size; at += static_cast<off_t>(zeros.size())) {
      const auto size = std::min<off_t>(info.st_size - at, static_cast<off_t>(zeros.size()));
      if (::pwrite(file, zeros.data(), static_cast<std::size_t>(size), at) < 0) break;
    }
    (void)::fdatasync(file);
    ::close(file);
  }
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return Failed("its keys can't be removed");
}

KeySlots::~KeySlots() { ::close(file_); }

absl::Status KeySlots::Begin(const std::vector<int64_t>& named) {
  std::vector<int64_t> stray;
  auto next = named.begin();
  for (int64_t slot = 0; slot < end_; ++slot) {
    Slot key = {};
    if (::pread(file_, key.data(), key.size(), At(slot)) < 0) return Failed("its keys can't be read");
    const bool wiped = key == kWiped;
    crypto::WipeBytes(key.data(), key.size());
    const bool is_named = next != named.end() && *next == slot;
    if (is_named && wiped) return Damaged();
    if (is_named) {
      ++next;
    } else if (wiped) {
      free_.push_back(slot);
    } else {
      stray.push_back(slot);
    }
  }
  // Beyond the end of the file, or named twice.
  if (next != named.end()) return Damaged();
  return Wipe(stray);
}

absl::StatusOr<std::pair<int64_t, crypto::Secret>> KeySlots::Add() {
  crypto::Secret key(crypto::kAeadKeyBytes);
  random_.Fill(key.MutableSecret());
  const int64_t slot = free_.empty() ? end_ : free_.back();
  const std::string_view bytes = key.RevealSecret();
  if (::pwrite(file_, bytes.data(), bytes.size(), At(slot)) != static_cast<ssize_t>(bytes.size())) {
    return Failed("its keys can't be written");
  }
  if (free_.empty()) {
    ++end_;
  } else {
    free_.pop_back();
  }
  dirty_ = true;
  return std::make_pair(slot, std::move(key));
}

absl::StatusOr<crypto::Secret> KeySlots::Get(int64_t slot) const {
  crypto::Secret key(crypto::kAeadKeyBytes);
  const auto bytes = key.MutableSecret();
  if (slot < 0 || ::pread(file_, bytes.data(), bytes.size(), At(slot)) != static_cast<ssize_t>(bytes.size())) {
    return Damaged();
  }
  return key;
}

absl::Status KeySlots::Flush() {
  if (!dirty_) return absl::OkStatus();
  if (::fdatasync(file_) != 0) return Failed("its keys can't be written");
  dirty_ = false;
  return absl::OkStatus();
}

absl::Status KeySlots::Wipe(const std::vector<int64_t>& slots) {
  if (slots.empty()) return absl::OkStatus();
  for (const int64_t slot : slots) {
    if (::pwrite(file_, kWiped.data(), kWiped.size(), At(slot)) != static_cast<ssize_t>(kWiped.size())) {
      return Failed("its keys can't be wiped");
    }
  }
  if (::fdatasync(file_) != 0) return Failed("its keys can't be wiped");
  dirty_ = false;
  free_.insert(free_.end(), slots.begin(), slots.end());
  return absl::OkStatus();
}

}  // namespace labyrinth::client
