#include "client/keychain.h"

#include <optional>
#include <utility>

#include "client/keychain_codec.h"

namespace labyrinth::client {
namespace {

constexpr char kFileName[] = "keychain";

// A thousand epochs take about 60 kB.
constexpr std::size_t kMaxFileBytes = 64 * 1024 * 1024;

}  // namespace

absl::StatusOr<std::unique_ptr<Keychain>> Keychain::Open(const std::string& directory, const std::string& server_name,
                                                         const std::string& account_id) {
  auto locked = PrivateDirectory::OpenAndLock(directory);
  if (!locked.ok()) return locked.status();
  if (absl::Status s = locked->RemoveLeftover(kFileName); !s.ok()) return s;
  auto file = locked->Read(kFileName, kMaxFileBytes);
  if (!file.ok()) return file.status();

  KeychainState state;
  state.server_name = server_name;
  state.account_id = account_id;
  const bool is_new = !file->has_value();
  if (!is_new) {
    auto decoded = DecodeKeychain(**file);
    if (!decoded.ok()) return decoded.status();
    if (decoded->server_name != server_name) {
      return absl::FailedPreconditionError("profile: it belongs to another server (server_name)");
    }
    if (decoded->account_id != account_id) {
      return absl::FailedPreconditionError("profile: it belongs to another account (account_id)");
    }
    state = *std::move(decoded);
  }
  std::unique_ptr<Keychain> keychain(new Keychain(*std::move(locked), std::move(state)));
  if (is_new) {
    if (absl::Status s = keychain->Update([](KeychainState&) {}); !s.ok()) return s;
  }
  return keychain;
}

absl::Status Keychain::Update(absl::FunctionRef<void(KeychainState&)> change) {
  if (uncertain_) {
    return absl::FailedPreconditionError("profile: an earlier write may or may not be durable: open the profile again");
  }
  KeychainState next = state_.Clone();
  change(next);
  bool replaced = false;
  const absl::Status written = directory_.Replace(kFileName, EncodeKeychain(next).RevealSecret(), &replaced);
  if (!written.ok()) {
    uncertain_ = replaced;
    return written;
  }
  state_ = std::move(next);
  return absl::OkStatus();
}

}  // namespace labyrinth::client
