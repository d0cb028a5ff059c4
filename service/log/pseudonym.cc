#include "service/log/pseudonym.h"

#include <fmt/format.h>

#include <charconv>
#include <system_error>

#include "common/bytes.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/codec.h"

namespace labyrinth::service {
namespace {

constexpr std::size_t kTagBytes = 4;

}  // namespace

std::shared_ptr<const Pseudonyms::Period> Pseudonyms::PeriodAt(int64_t number) const {
  const absl::MutexLock lock(&mutex_);
  if (period_ == nullptr || period_->number != number) {
    std::string text;
    crypto::AppendI64(text, number);
    period_ = std::make_shared<const Period>(Period{number, crypto::Secret::CopyOf(crypto::Mac(text, key_).view())});
  }
  return period_;
}

Pseudonym Pseudonyms::At(int64_t number, std::string_view partition) const {
  const crypto::MacTag tag = crypto::Mac(partition, PeriodAt(number)->key);
  return Pseudonym(fmt::format("p{}:{}", number, ToHex(tag.view().substr(0, kTagBytes))));
}

std::optional<int64_t> Pseudonyms::PeriodOf(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (text.empty() || text[0] != 'p' || colon == std::string_view::npos) return std::nullopt;
  int64_t period = 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + colon, period);
  if (error != std::errc() || end != text.data() + colon || text.size() != colon + 1 + 2 * kTagBytes) {
    return std::nullopt;
  }
  return period;
}

std::string Pseudonyms::DeviceHandle(std::string_view partition, DeviceId id) const {
  // Longer than a period's number, so that neither is ever the other.
  std::string text(partition);
  crypto::AppendU64(text, id.value());
  return fmt::format("d:{}", ToHex(crypto::Mac(text, key_).view().substr(0, kTagBytes)));
}

}  // namespace labyrinth::service
