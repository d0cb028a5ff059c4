// The issuer's keys from a file that is read again when it changes.
#ifndef LABYRINTH_SERVICE_AUTH_JWKS_FILE_H_
#define LABYRINTH_SERVICE_AUTH_JWKS_FILE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "service/auth/jwks.h"

namespace labyrinth::service {

// Looks at the file at most once a second, when asked for keys. A file that can't be read or used leaves the old keys
// in force, so that a botched key rotation doesn't sign everyone out; it is reported once for each version of the file.
// Thread-safe; only the caller that looks waits for the disk.
class JwksFile final : public KeySource {
 public:
  // After each attempt to load a changed file: the set now in force, or why the new one isn't.
  using Listener = std::function<void(const absl::StatusOr<std::shared_ptr<const JwkSet>>&)>;

  // FAILED_PRECONDITION or INVALID_ARGUMENT in one line naming the file, if the first load fails: there are no old keys
  // then. `clock` outlives the object.
  static absl::StatusOr<std::unique_ptr<JwksFile>> Open(std::string path, const Clock& clock, Listener listener);

  std::shared_ptr<const JwkSet> Current() override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // What tells one version of a file from another.
  struct Version {
    uint64_t device = 0, inode = 0, size_bytes = 0;
    int64_t modified_ns = 0, changed_ns = 0;
    bool exists = false;
    friend bool operator==(const Version&, const Version&) = default;
  };

  JwksFile(std::string path, const Clock& clock, Listener listener)
      : path_(std::move(path)), clock_(clock), listener_(std::move(listener)) {}

  static Version VersionOf(const std::string& path);
  absl::StatusOr<std::shared_ptr<const JwkSet>> Load() const;
  // True for at most one caller a second.
  bool TakeTurn() ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string path_;
  const Clock& clock_;
  const Listener listener_;

  absl::Mutex mutex_;
  std::shared_ptr<const JwkSet> keys_ ABSL_GUARDED_BY(mutex_);
  Version version_ ABSL_GUARDED_BY(mutex_);
  int64_t looked_ms_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_AUTH_JWKS_FILE_H_
