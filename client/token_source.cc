#include "client/token_source.h"

#include <fstream>
#include <string>
#include <utility>

#include "common/limits.h"

namespace labyrinth::client {
namespace {

class FileTokenSource final : public AccountTokenSource {
 public:
  explicit FileTokenSource(std::string path) : path_(std::move(path)) {}

  absl::StatusOr<crypto::Secret> Token(bool) override {
    std::ifstream file(path_, std::ios::binary);
    // One byte more than a token may have shows an oversized file.
    std::string text(limits::kAccountTokenBytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    const auto size = static_cast<std::size_t>(file.gcount());
    if (!file.is_open() || file.bad()) return absl::FailedPreconditionError("account token: the file can't be read");
    text.resize(size);
    crypto::Secret whole = crypto::Secret::TakeAndWipe(std::move(text));
    std::string_view trimmed = whole.RevealSecret();
    trimmed = trimmed.substr(0, trimmed.find_last_not_of(" \t\r\n") + 1);
    if (trimmed.empty() || size > limits::kAccountTokenBytes) {
      return absl::FailedPreconditionError("account token: the file is empty or too large");
    }
    return crypto::Secret::CopyOf(trimmed);
  }

 private:
  const std::string path_;
};

class CallbackTokenSource final : public AccountTokenSource {
 public:
  explicit CallbackTokenSource(absl::AnyInvocable<absl::StatusOr<crypto::Secret>(bool)> get) : get_(std::move(get)) {}
  absl::StatusOr<crypto::Secret> Token(bool renew) override { return get_(renew); }

 private:
  absl::AnyInvocable<absl::StatusOr<crypto::Secret>(bool)> get_;
};

}  // namespace

std::unique_ptr<AccountTokenSource> TokenFromFile(std::string path) {
  return std::make_unique<FileTokenSource>(std::move(path));
}

std::unique_ptr<AccountTokenSource> TokenFromCallback(absl::AnyInvocable<absl::StatusOr<crypto::Secret>(bool)> get) {
  return std::make_unique<CallbackTokenSource>(std::move(get));
}

}  // namespace labyrinth::client
