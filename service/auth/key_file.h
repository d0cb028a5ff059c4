// A secret in a file of its own.
#ifndef LABYRINTH_SERVICE_AUTH_KEY_FILE_H_
#define LABYRINTH_SERVICE_AUTH_KEY_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::service {

// The `size` bytes in `path`; if there is no such file, makes it with fresh bytes, mode 0600, synced, complete from the
// moment it appears: of two processes that race, the later one gets the earlier one's key. FAILED_PRECONDITION in one
// line naming the file: it can't be read or made, has another size, or its group or others may read it.
absl::StatusOr<crypto::Secret> LoadOrCreateKeyFile(const std::string& path, std::size_t size, RandomSource& random);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_AUTH_KEY_FILE_H_
