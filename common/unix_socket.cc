#include "common/unix_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace labyrinth {
namespace {

constexpr int kBacklog = 16;

// A directory, held open, and a name in it.
class Place {
 public:
  explicit Place(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    const std::string dir = slash == std::string::npos ? "." : path.substr(0, slash + 1);
    name_ = slash == std::string::npos ? path : path.substr(slash + 1);
    dir_ = open(dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  }
  ~Place() {
    if (dir_ >= 0) close(dir_);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  bool ok() const { return dir_ >= 0 && !name_.empty(); }
  int dir() const { return dir_; }
  const std::string& name() const { return name_; }

  // Zero-length if the name alone is too long.
  std::pair<sockaddr_un, socklen_t> Address(const std::string& name) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = fmt::format("/proc/self/fd/{}/{}", dir_, name);
    if (path.size() >= sizeof(address.sun_path)) return {address, 0};
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return {address, static_cast<socklen_t>(sizeof(address))};
  }

 private:
  int dir_ = -1;
  std::string name_;
};

absl::Status Failure(absl::StatusCode code, const std::string& path, const char* why) {
  return {code, fmt::format("{}: {}", path, why)};
}
absl::Status Refused(const std::string& path, const char* why) {
  return Failure(absl::StatusCode::kFailedPrecondition, path, why);
}

// 0, or errno.
int Connect(int fd, const Place& place) {
  const auto [address, size] = place.Address(place.name());
  if (size == 0) return ENAMETOOLONG;
  return connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0 ? 0 : errno;
}

int Socket() { return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }

// OK if the name is free, or only a dead process's socket has it.
absl::Status CheckFree(const std::string& path, const Place& place) {
  struct stat info;
  if (fstatat(place.dir(), place.name().c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    return errno == ENOENT ? absl::OkStatus() : Refused(path, std::strerror(errno));
  }
  if (!S_ISSOCK(info.st_mode)) return Refused(path, "something that is no socket lies there");
  const int fd = Socket();
  if (fd < 0) return Refused(path, std::strerror(errno));
  const int error = Connect(fd, place);
  close(fd);
  if (error == 0) return Refused(path, "another process listens there");
  return error == ECONNREFUSED || error == ENOENT ? absl::OkStatus() : Refused(path, std::strerror(error));
}

}  // namespace

absl::StatusOr<UnixListener> UnixListener::Open(const std::string& path, mode_t mode) {
  const Place place(path);
  if (!place.ok()) return Refused(path, place.dir() < 0 ? std::strerror(errno) : "names no file");
  if (const absl::Status status = CheckFree(path, place); !status.ok()) return status;
  // Made under another name, and renamed when it is ready: so nobody finds it with other permissions, or not listening
  // yet, and a dead one is replaced in one step.
  const std::string making = place.name() + ".new";
  unlinkat(place.dir(), making.c_str(), 0);
  const int fd = Socket();
  if (fd < 0) return Refused(path, std::strerror(errno));
  UnixListener listener(path, fd);
  const auto [address, size] = place.Address(making);
  struct stat info {};
  if (size == 0) errno = ENAMETOOLONG;
  if (size == 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      fchmodat(place.dir(), making.c_str(), mode, 0) != 0 || listen(fd, kBacklog) != 0 ||
      fstatat(place.dir(), making.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 ||
      renameat(place.dir(), making.c_str(), place.dir(), place.name().c_str()) != 0) {
    const absl::Status failure = Refused(path, std::strerror(errno));
    unlinkat(place.dir(), making.c_str(), 0);
    return failure;
  }
  listener.device_ = info.st_dev;
  listener.inode_ = info.st_ino;
  return listener;
}

UnixListener::UnixListener(UnixListener&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      device_(other.device_),
      inode_(other.inode_) {}

UnixListener::~UnixListener() {
  if (descriptor_ < 0) return;
  const Place place(path_);
  struct stat info;
  if (place.ok() && fstatat(place.dir(), place.name().c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0 &&
      info.st_dev == device_ && info.st_ino == inode_) {
    unlinkat(place.dir(), place.name().c_str(), 0);
  }
  close(descriptor_);
}

absl::StatusOr<int> ConnectToUnixSocket(const std::string& path) {
  const Place place(path);
  if (!place.ok()) {
    const int error = place.dir() < 0 ? errno : EINVAL;
    const auto code = error == EACCES   ? absl::StatusCode::kPermissionDenied
                      : error == ENOENT ? absl::StatusCode::kUnavailable
                                        : absl::StatusCode::kFailedPrecondition;
    return Failure(code, path, std::strerror(error));
  }
  const int fd = Socket();
  if (fd < 0) return Refused(path, std::strerror(errno));
  const int error = Connect(fd, place);
  if (error == 0) return fd;
  close(fd);
  switch (error) {
    case ENOENT:
      return Failure(absl::StatusCode::kUnavailable, path, "no such socket: is the server running?");
    case ECONNREFUSED:
      return Failure(absl::StatusCode::kUnavailable, path, "nobody listens: the server that made it is gone");
    case EACCES:
    case EPERM:
      return Failure(absl::StatusCode::kPermissionDenied, path, std::strerror(error));
    default:
      return Refused(path, std::strerror(error));
  }
}

}  // namespace labyrinth
