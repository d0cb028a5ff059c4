#include "crypto/primitives/release_watch.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <new>

namespace labyrinth::crypto {
namespace {

// Before each block, its size; the next block keeps malloc's alignment.
constexpr std::size_t kHeaderBytes = alignof(std::max_align_t);
static_assert(kHeaderBytes >= sizeof(std::size_t));

std::string_view watched_marker;
int released_blocks = 0;
int released_with_marker_blocks = 0;

void* Allocate(std::size_t size) {
  auto* block = static_cast<char*>(std::malloc(size + kHeaderBytes));
  if (block == nullptr) std::abort();
  *reinterpret_cast<std::size_t*>(block) = size;
  return block + kHeaderBytes;
}

void Release(void* data) {
  if (data == nullptr) return;
  char* begin = static_cast<char*>(data);
  char* block = begin - kHeaderBytes;
  char* end = begin + *reinterpret_cast<std::size_t*>(block);
  if (!watched_marker.empty()) {
    ++released_blocks;
    if (std::search(begin, end, watched_marker.begin(), watched_marker.end()) != end) ++released_with_marker_blocks;
  }
  std::free(block);
}

}  // namespace

ReleaseWatch::ReleaseWatch(std::string_view marker) : marker_(marker) {
  released_blocks = 0;
  released_with_marker_blocks = 0;
  watched_marker = marker_;
}

ReleaseWatch::~ReleaseWatch() { watched_marker = {}; }

int ReleaseWatch::released() const { return released_blocks; }
int ReleaseWatch::released_with_marker() const { return released_with_marker_blocks; }

bool Aborts(void (*run)()) {
  const pid_t child = fork();
  if (child < 0) return false;
  if (child == 0) {
    const rlimit no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    // Catch2 and the sanitizers would each report the abort as theirs.
    signal(SIGABRT, SIG_DFL);
    if (std::freopen("/dev/null", "w", stderr) == nullptr) _exit(1);
    run();
    _exit(0);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

}  // namespace labyrinth::crypto

void* operator new(std::size_t size) { return labyrinth::crypto::Allocate(size); }
void* operator new[](std::size_t size) { return labyrinth::crypto::Allocate(size); }
void operator delete(void* data) noexcept { labyrinth::crypto::Release(data); }
void operator delete[](void* data) noexcept { labyrinth::crypto::Release(data); }
void operator delete(void* data, std::size_t) noexcept { labyrinth::crypto::Release(data); }
void operator delete[](void* data, std::size_t) noexcept { labyrinth::crypto::Release(data); }
