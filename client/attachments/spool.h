// The ciphertext of an upload, on disk until its reference exists.
//
// Encrypting again for every attempt would be shorter, and wrong: a file that changed between two attempts would be two
// contents under one key and one sequence of nonces. So a content is encrypted once, and every attempt, in this run or
// the next, sends the bytes that lie here; the file itself may be gone by then.
#ifndef LABYRINTH_CLIENT_ATTACHMENTS_SPOOL_H_
#define LABYRINTH_CLIENT_ATTACHMENTS_SPOOL_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/attachments/source.h"
#include "crypto/labyrinth/attachment.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::client {

struct Spooled {
  crypto::Sha256Digest digest;       // of the ciphertext
  crypto::Sha256Digest file_digest;  // of the file
};

// Encrypts `source` into `path` (0600), synced. Constant memory. FAILED_PRECONDITION: the file changed while it was
// read, or the disk refuses; INVALID_ARGUMENT: larger than crypto::kAttachmentFileBytes.
absl::StatusOr<Spooled> WriteSpool(AttachmentSource& source, const crypto::Secret& content_key,
                                   const std::string& path);

// SHA-256 of a file.
absl::StatusOr<crypto::Sha256Digest> DigestOf(AttachmentSource& source);

// Reads a spooled ciphertext. Move-only; thread-compatible.
class SpoolReader {
 public:
  // FAILED_PRECONDITION unless the file is there and has `size_bytes`.
  static absl::StatusOr<SpoolReader> Open(const std::string& path, uint64_t size_bytes);
  SpoolReader(SpoolReader&& other) noexcept;
  SpoolReader& operator=(SpoolReader&&) = delete;
  ~SpoolReader();

  absl::StatusOr<std::string> Read(uint64_t offset, std::size_t size) const;

 private:
  explicit SpoolReader(int file) : file_(file) {}
  int file_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ATTACHMENTS_SPOOL_H_
