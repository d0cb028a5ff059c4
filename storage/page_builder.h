// The bounds of one page, counted the same way by every engine that walks its rows one by one.
#ifndef LABYRINTH_STORAGE_PAGE_BUILDER_H_
#define LABYRINTH_STORAGE_PAGE_BUILDER_H_

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "storage/engine.h"

namespace labyrinth::storage {

// The bytes of a page's rows, one after the other in a few large pieces: a few allocations a page, not two a row.
// Thread-compatible.
class RowBytes {
 public:
  Row Add(std::string_view key, std::string_view value) {
    const std::size_t size = key.size() + value.size();
    if (size > left_) AddPiece(size);
    char* const at = free_;
    free_ = std::copy(value.begin(), value.end(), std::copy(key.begin(), key.end(), at));
    left_ -= size;
    return {{at, key.size()}, {at + key.size(), value.size()}};
  }

 private:
  static constexpr std::size_t kFirstPiece = 4096, kLargestPiece = std::size_t{256} << 10;

  void AddPiece(std::size_t least) {
    const std::size_t size = std::max(least, next_piece_);
    pieces_.push_back(std::make_unique_for_overwrite<char[]>(size));
    free_ = pieces_.back().get();
    left_ = size;
    next_piece_ = std::min(2 * next_piece_, kLargestPiece);
  }

  std::vector<std::unique_ptr<char[]>> pieces_;
  char* free_ = nullptr;
  std::size_t left_ = 0;
  std::size_t next_piece_ = kFirstPiece;
};

// Collects the items of one Scan until its bounds are met. Thread-compatible; `scan` outlives the builder.
class PageBuilder {
 public:
  explicit PageBuilder(const Scan& scan) : scan_(scan) {}

  // Takes a copy of the item, or notes that the range holds more and returns false: the walk ends there.
  bool Add(std::string_view key, std::string_view value) {
    const std::size_t size_bytes = key.size() + value.size();
    const bool full = page_.items.size() >= scan_.max_items || size_bytes_ + size_bytes > scan_.max_bytes;
    if (full && !page_.items.empty()) {
      page_.more = true;
      return false;
    }
    size_bytes_ += size_bytes;
    page_.items.push_back(bytes_->Add(key, value));
    return true;
  }

  Page Take() && {
    page_.bytes = std::move(bytes_);
    return std::move(page_);
  }

 private:
  const Scan& scan_;
  Page page_;
  std::shared_ptr<RowBytes> bytes_ = std::make_shared<RowBytes>();
  std::size_t size_bytes_ = 0;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_PAGE_BUILDER_H_
