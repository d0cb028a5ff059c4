#include "crypto/primitives/release_watch.h"

#include <malloc.h>
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

std::string_view watched_marker;
int released_blocks = 0;
int released_with_marker_blocks = 0;

void* AllocateOrNull(std::size_t size) { return std::malloc(std::max<std::size_t>(size, 1)); }

void* Allocate(std::size_t size) {
  void* block = AllocateOrNull(size);
  if (block == nullptr) std::abort();
  return block;
}

void Release(void* block) {
  if (block != nullptr && !watched_marker.empty()) {
    const char* begin = static_cast<const char*>(block);
    const char* end = begin + malloc_usable_size(block);
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

// All but the over-aligned ones, which the program's code has no use for.
void* operator new(std::size_t size) { return labyrinth::crypto::Allocate(size); }
void* operator new[](std::size_t size) { return labyrinth::crypto::Allocate(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return labyrinth::crypto::AllocateOrNull(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
  return labyrinth::crypto::AllocateOrNull(size);
}
void operator delete(void* block) noexcept { labyrinth::crypto::Release(block); }
void operator delete[](void* block) noexcept { labyrinth::crypto::Release(block); }
void operator delete(void* block, std::size_t) noexcept { labyrinth::crypto::Release(block); }
void operator delete[](void* block, std::size_t) noexcept { labyrinth::crypto::Release(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { labyrinth::crypto::Release(block); }
void operator delete[](void* block, const std::nothrow_t&) noexcept { labyrinth::crypto::Release(block); }
