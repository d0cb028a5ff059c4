// A guard around paged listings: a server can't make a walk endless.
#ifndef LABYRINTH_CLIENT_PAGE_WALK_H_
#define LABYRINTH_CLIENT_PAGE_WALK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"

namespace labyrinth::client {

// Follows next_page_token. DATA_LOSS for a token seen before in this walk, one over kMaxTokenBytes, or more than
// kMaxEmptyPages pages in a row without items; so every walk of a listing whose items are themselves bounded ends.
// Keeps 8 bytes a page. Thread-compatible.
class PageWalk {
 public:
  PageWalk() = default;
  // Goes on where an earlier walk ended.
  explicit PageWalk(std::string token) : token_(std::move(token)) {}

  static constexpr std::size_t kMaxTokenBytes = 4096;
  static constexpr int kMaxEmptyPages = 16;

  // The token of the page to ask for: empty for the first.
  const std::string& token() const { return token_; }
  bool done() const { return done_; }

  // After a page arrived with this many items. An error leaves the walk where it was.
  absl::Status Advance(const std::string& next_page_token, std::size_t items);

 private:
  std::string token_;
  absl::flat_hash_set<uint64_t> seen_;
  int empty_pages_ = 0;
  bool done_ = false;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_PAGE_WALK_H_
