#include "service/log/pseudonym.h"

#include <fmt/format.h>

#include "common/bytes.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/codec.h"

namespace labyrinth::service {
namespace {

constexpr std::size_t kTagBytes = 4;

}  // namespace

Pseudonym Pseudonyms::Of(std::string_view partition) const {
  const int64_t period = clock_.NowMs() / kPeriodMs;
  const absl::MutexLock lock(&mutex_);
  if (period != period_) {
    std::string number;
    crypto::AppendI64(number, period);
    period_key_ = crypto::Secret::CopyOf(crypto::Mac(number, key_).view());
    period_ = period;
  }
  const crypto::MacTag tag = crypto::Mac(partition, period_key_);
  return Pseudonym(fmt::format("p{}:{}", period, ToHex(tag.view().substr(0, kTagBytes))));
}

}  // namespace labyrinth::service
