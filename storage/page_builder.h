// The bounds of one page, counted the same way by every engine that walks its rows one by one.
#ifndef LABYRINTH_STORAGE_PAGE_BUILDER_H_
#define LABYRINTH_STORAGE_PAGE_BUILDER_H_

#include <string>
#include <string_view>
#include <utility>

#include "storage/engine.h"

namespace labyrinth::storage {

// Collects the items of one Scan until its bounds are met. Thread-compatible; `scan` outlives the builder.
class PageBuilder {
 public:
  explicit PageBuilder(const Scan& scan) : scan_(scan) {}

  // Takes the item, or notes that the range holds more and returns false: the walk ends there.
  bool Add(std::string_view key, std::string_view value) {
    const std::size_t size_bytes = key.size() + value.size();
    const bool full = page_.items.size() >= scan_.max_items || bytes_ + size_bytes > scan_.max_bytes;
    if (full && !page_.items.empty()) {
      page_.more = true;
      return false;
    }
    bytes_ += size_bytes;
    page_.items.push_back({std::string(key), std::string(value)});
    return true;
  }

  Page Take() && { return std::move(page_); }

 private:
  const Scan& scan_;
  Page page_;
  std::size_t bytes_ = 0;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_PAGE_BUILDER_H_
