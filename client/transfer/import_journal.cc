#include "client/transfer/import_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <utility>

#include "common/bytes.h"
#include "crypto/primitives/hash.h"

namespace labyrinth::client {
namespace {

constexpr std::size_t kDigestBytes = 16;
constexpr std::size_t kLineBytes = 2 * kDigestBytes + 1;

absl::Status Failed(std::string_view what) {
  return absl::FailedPreconditionError(fmt::format("the import's journal can't be {}: {}", what, strerror(errno)));
}

}  // namespace

absl::StatusOr<ImportJournal> ImportJournal::Open(const std::string& path, bool resume) {
  ImportJournal journal;
  const int mode = O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | (resume ? 0 : O_TRUNC);
  journal.file_ = ::open(path.c_str(), mode, 0600);
  if (journal.file_ < 0) return Failed("opened");
  journal.path_ = path;
  std::string text;
  std::array<char, 64 * 1024> buffer;
  for (ssize_t n; (n = ::pread(journal.file_, buffer.data(), buffer.size(), static_cast<off_t>(text.size()))) != 0;) {
    if (n < 0) return Failed("read");
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  for (std::string_view rest = text; rest.size() >= kLineBytes;) {
    const std::optional<std::string> digest = FromHex(rest.substr(0, kLineBytes - 1));
    if (digest && rest[kLineBytes - 1] == '\n') journal.finished_.insert(*digest);
    rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
  }
  // A line that a crash tore must not swallow the next one.
  if (!text.empty() && text.back() != '\n' && ::write(journal.file_, "\n", 1) != 1) return Failed("written");
  return journal;
}

ImportJournal::ImportJournal(ImportJournal&& other) noexcept
    : file_(std::exchange(other.file_, -1)), path_(std::move(other.path_)), finished_(std::move(other.finished_)) {}

ImportJournal& ImportJournal::operator=(ImportJournal&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(path_, other.path_);
  std::swap(finished_, other.finished_);
  return *this;
}

ImportJournal::~ImportJournal() {
  if (file_ >= 0) ::close(file_);
}

std::string ImportJournal::DigestOf(std::string_view ids) {
  return std::string(crypto::Sha256(ids).view().substr(0, kDigestBytes));
}

absl::Status ImportJournal::Add(const std::string& digest) {
  if (file_ < 0) return absl::OkStatus();
  const std::string line = ToHex(digest) + "\n";
  if (::write(file_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return Failed("written");
  return absl::OkStatus();
}

void ImportJournal::Finish() {
  if (file_ >= 0) ::unlink(path_.c_str());
}

}  // namespace labyrinth::client
