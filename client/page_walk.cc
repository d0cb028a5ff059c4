#include "client/page_walk.h"

#include "absl/hash/hash.h"

namespace labyrinth::client {

absl::Status PageWalk::Advance(const std::string& next_page_token, std::size_t items) {
  if (next_page_token.empty()) {
    done_ = true;
    return absl::OkStatus();
  }
  if (next_page_token.size() > kMaxTokenBytes)
    return absl::DataLossError("paging: the server's page token is oversized");
  const uint64_t digest = absl::Hash<std::string>{}(next_page_token);
  if (seen_.contains(digest)) return absl::DataLossError("paging: the server gave the same page token twice");
  if (items == 0 && empty_pages_ >= kMaxEmptyPages) {
    return absl::DataLossError("paging: the server sends empty pages without end");
  }
  empty_pages_ = items == 0 ? empty_pages_ + 1 : 0;
  seen_.insert(digest);
  token_ = next_page_token;
  return absl::OkStatus();
}

}  // namespace labyrinth::client
