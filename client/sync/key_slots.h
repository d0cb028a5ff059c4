// A key a message, in a flat file: wiping a slot is what makes a message's content unreadable.
#ifndef LABYRINTH_CLIENT_SYNC_KEY_SLOTS_H_
#define LABYRINTH_CLIENT_SYNC_KEY_SLOTS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::client {

// SQLite overwrites freed space, but where it splits and merges pages it leaves copies of rows in their gaps, and they
// outlive the rows. So the database holds contents sealed under keys of their own, and a key stands in one place alone,
// 32 bytes at slot * 32, which is overwritten in place. Thread-compatible.
class KeySlots {
 public:
  // An open private file (0600, this user's own, no link), made if it is missing; the caller closes it.
  // FAILED_PRECONDITION for any other.
  static absl::StatusOr<int> OpenPrivateFile(const std::string& path);

  static absl::StatusOr<std::unique_ptr<KeySlots>> Open(const std::string& path, RandomSource& random);
  // Wipes all of it, then removes the file. OK if there is none.
  static absl::Status Erase(const std::string& path);
  ~KeySlots();
  KeySlots(const KeySlots&) = delete;
  KeySlots& operator=(const KeySlots&) = delete;

  // After opening, once: the slots that the database names, ascending. Wipes all others, which a crash left. DATA_LOSS:
  // one of them holds no key.
  absl::Status Begin(const std::vector<int64_t>& named);

  // A fresh key in a free slot. Durable after Flush, and to be named by a commit after that.
  absl::StatusOr<std::pair<int64_t, crypto::Secret>> Add();
  absl::StatusOr<crypto::Secret> Get(int64_t slot) const;
  absl::Status Flush();
  // Durable when it returns OK; the slots are free then, so the commit that dropped their names must be durable before.
  // After an error call it again.
  absl::Status Wipe(const std::vector<int64_t>& slots);

 private:
  KeySlots(int file, RandomSource& random) : file_(file), random_(random) {}

  const int file_;
  RandomSource& random_;
  int64_t end_ = 0;
  std::vector<int64_t> free_;
  bool dirty_ = false;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_SYNC_KEY_SLOTS_H_
