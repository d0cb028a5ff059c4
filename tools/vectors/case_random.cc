#include "tools/vectors/case_random.h"

#include <fmt/format.h>

#include <algorithm>

namespace labyrinth::vectors {

CaseRandom::~CaseRandom() {
  if (next_ < bytes_.size()) {
    outcome_.Fail(fmt::format("drew {} of the {} random bytes that the case gives", next_, bytes_.size()));
  }
}

void CaseRandom::Fill(std::span<uint8_t> out) {
  // What is drawn beyond the case's bytes isn't zeros, which a caller that draws scalars would refuse for ever.
  std::fill(out.begin(), out.end(), uint8_t{1});
  const std::size_t size = std::min(out.size(), bytes_.size() - next_);
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(next_), size, out.begin());
  next_ += size;
  if (size < out.size()) outcome_.Fail(fmt::format("drew more than the {} random bytes of the case", bytes_.size()));
}

}  // namespace labyrinth::vectors
