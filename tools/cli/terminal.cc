#include "tools/cli/terminal.h"

#include <errno.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cstdio>

#include "absl/cleanup/cleanup.h"

namespace labyrinth::cli {
namespace {

// A code has 40 characters and some hyphens; nobody types more than this.
constexpr std::size_t kLineBytes = 256;
constexpr char kControlC = 3;
constexpr int kPollMs = 200;

// One line from the terminal, without its line feed, with no copy left in a stream's buffer.
crypto::Secret ReadLine() {
  crypto::Secret line(kLineBytes);
  std::size_t size = 0;
  for (char c; size < kLineBytes;) {
    const ssize_t n = ::read(STDIN_FILENO, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || c == '\n' || c == '\r') break;
    line.MutableSecret()[size++] = static_cast<uint8_t>(c);
  }
  return crypto::Secret::CopyOf(line.RevealSecret().substr(0, size));
}

}  // namespace

bool HasPerson() { return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1; }

absl::StatusOr<crypto::Secret> AskSecret(const std::string& prompt) {
  termios shown;
  if (!HasPerson() || tcgetattr(STDIN_FILENO, &shown) != 0) {
    return absl::FailedPreconditionError("there is no terminal to ask on");
  }
  // Signals wait until the terminal shows what is typed again.
  sigset_t stops, before;
  sigemptyset(&stops);
  for (int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP, SIGTSTP}) sigaddset(&stops, signal);
  sigprocmask(SIG_BLOCK, &stops, &before);
  termios hidden = shown;
  hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
  hidden.c_cc[VEOL] = kControlC;  // with ISIG off Ctrl-C is a character, and here it ends the line
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  absl::Cleanup restore = [&] {
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
    std::fputc('\n', stderr);
    sigprocmask(SIG_SETMASK, &before, nullptr);
  };
  fmt::print(stderr, "{}", prompt);
  std::fflush(stderr);
  crypto::Secret typed = ReadLine();
  if (typed.empty() || typed.RevealSecret().find(kControlC) != std::string_view::npos) {
    return absl::CancelledError("nothing was typed");
  }
  return typed;
}

absl::StatusOr<crypto::Secret> ReadSecretLine(int descriptor, absl::FunctionRef<bool()> go_on) {
  crypto::Secret line(kLineBytes);
  for (std::size_t size = 0; size < kLineBytes;) {
    if (!go_on()) return absl::CancelledError("interrupted");
    pollfd wait = {.fd = descriptor, .events = POLLIN, .revents = 0};
    if (::poll(&wait, 1, kPollMs) <= 0) continue;
    char c = 0;
    const ssize_t n = ::read(descriptor, &c, 1);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return absl::FailedPreconditionError(fmt::format("reading a code: {}", strerror(errno)));
    if (n == 0 && size == 0) return absl::FailedPreconditionError("no code was given: the input has ended");
    if (n == 0 || c == '\n') return crypto::Secret::CopyOf(line.RevealSecret().substr(0, size));
    line.MutableSecret()[size++] = static_cast<uint8_t>(c);
  }
  return absl::FailedPreconditionError("reading a code: the line is too long for one");
}

absl::Status ConfirmByName(const std::string& what, const std::string& name) {
  fmt::print(stderr, "{}\nType {} to go on: ", what, name);
  std::fflush(stderr);
  const crypto::Secret typed = ReadLine();
  if (typed.RevealSecret() != name) return absl::FailedPreconditionError("not confirmed: nothing was done");
  return absl::OkStatus();
}

}  // namespace labyrinth::cli
