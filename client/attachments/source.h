// Where an attachment's bytes come from.
#ifndef LABYRINTH_CLIENT_ATTACHMENTS_SOURCE_H_
#define LABYRINTH_CLIENT_ATTACHMENTS_SOURCE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labyrinth::client {

// Read from the beginning to the end, perhaps twice. Thread-compatible.
class AttachmentSource {
 public:
  virtual ~AttachmentSource() = default;

  virtual uint64_t size_bytes() const = 0;
  // Fills a prefix of `buffer`; 0 at the end alone.
  virtual absl::StatusOr<std::size_t> Read(std::span<char> buffer) = 0;
  virtual absl::Status Rewind() = 0;
};

// A regular file. NOT_FOUND, or FAILED_PRECONDITION with the system's reason; both name the path.
absl::StatusOr<std::unique_ptr<AttachmentSource>> OpenAttachmentFile(const std::string& path);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ATTACHMENTS_SOURCE_H_
