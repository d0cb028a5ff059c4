// What heap blocks hold when they are given back. testonly: it replaces the binary's operator new and delete.
#ifndef LABYRINTH_CRYPTO_PRIMITIVES_RELEASE_WATCH_H_
#define LABYRINTH_CRYPTO_PRIMITIVES_RELEASE_WATCH_H_

#include <string>
#include <string_view>

namespace labyrinth::crypto {

// While it lives, counts the released blocks that hold `marker`, a stretch of a secret. A block is looked at inside
// operator delete, while it still belongs to the program, so nothing is read that may not be. One at a time; not
// thread-safe. The marker should be random-looking and at least 8 bytes.
class ReleaseWatch {
 public:
  explicit ReleaseWatch(std::string_view marker);
  ~ReleaseWatch();
  ReleaseWatch(const ReleaseWatch&) = delete;
  ReleaseWatch& operator=(const ReleaseWatch&) = delete;

  int released() const;
  int released_with_marker() const;

 private:
  const std::string marker_;
};

// True if `run`, in a process of its own, ends by abort().
bool Aborts(void (*run)());

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_PRIMITIVES_RELEASE_WATCH_H_
