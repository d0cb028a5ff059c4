// Unix sockets by path, for the server's and the operator's side.
#ifndef LABYRINTH_COMMON_UNIX_SOCKET_H_
#define LABYRINTH_COMMON_UNIX_SOCKET_H_

#include <sys/types.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labyrinth {

// Paths may be longer than a socket's address has room for: both go by the directory's descriptor. Every error is one
// line that names the path.

// Listens at a path for as long as it lives. Thread-compatible.
class UnixListener {
 public:
  // The socket has these permissions from the first moment on. What a process left behind that died is replaced.
  // FAILED_PRECONDITION if somebody listens there, something else than a socket lies there, or the system refuses.
  static absl::StatusOr<UnixListener> Open(const std::string& path, mode_t mode);

  UnixListener(UnixListener&& other) noexcept;
  UnixListener& operator=(UnixListener&&) = delete;
  // Removes the socket, unless another one has taken its name by now.
  ~UnixListener();

  int descriptor() const { return descriptor_; }
  const std::string& path() const { return path_; }

 private:
  UnixListener(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}

  std::string path_;
  int descriptor_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

// A connected descriptor. UNAVAILABLE: nobody listens, or nothing is there; PERMISSION_DENIED; FAILED_PRECONDITION.
absl::StatusOr<int> ConnectToUnixSocket(const std::string& path);

}  // namespace labyrinth

#endif  // LABYRINTH_COMMON_UNIX_SOCKET_H_
