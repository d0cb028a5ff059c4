// The device's memory: one file in a directory of its own.
#ifndef LABYRINTH_CLIENT_KEYCHAIN_H_
#define LABYRINTH_CLIENT_KEYCHAIN_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/keychain_state.h"
#include "client/private_file.h"

namespace labyrinth::client {

// Keeps a KeychainState in `DIR/keychain`:
//
//   "labyrinth-keychain/1\n" || SHA-256(body) || body      body: a labyrinth.client.v1.Keychain
//
// Every change is on disk before it is visible in state(): written to a temporary file, synced, renamed, the directory
// synced. The digest finds torn and rotten files; it is no protection against whoever can write the file. The file
// isn't encrypted: its mode (0600, in a 0700 directory) and the disk's own encryption guard it.
//
// Holds the directory's lock as long as it lives. Thread-compatible.
class Keychain {
 public:
  // Opens `directory`, making it and an empty keychain of these names if there is none. FAILED_PRECONDITION, with a
  // text for the user, if it is in use, open to others, damaged, of a newer format, or of another server or account. A
  // damaged file is left as it is.
  static absl::StatusOr<std::unique_ptr<Keychain>> Open(const std::string& directory, const std::string& server_name,
                                                        const std::string& account_id);

  const KeychainState& state() const { return state_; }

  // Applies `change` to a copy, makes the copy durable, then lets state() show it. After an error state() is unchanged;
  // if the error came after the file was replaced, every later Update fails, since memory and disk may differ: reopen.
  absl::Status Update(absl::FunctionRef<void(KeychainState&)> change);

 private:
  Keychain(PrivateDirectory directory, KeychainState state)
      : directory_(std::move(directory)), state_(std::move(state)) {}

  PrivateDirectory directory_;
  KeychainState state_;
  bool uncertain_ = false;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_KEYCHAIN_H_
