#include "client/enrollment/prompts.h"

#include "common/bytes.h"
#include "crypto/labyrinth/one_time_messages.h"
#include "crypto/primitives/hash.h"

namespace labyrinth::client {

std::string KeyFingerprint(const crypto::DevicePublicKeys& keys) {
  constexpr std::size_t kBytes = 8, kGroup = 4;
  const auto data = crypto::EncodeNewDeviceData(keys);
  if (!data.ok()) return "";
  const std::string digits = ToHex(crypto::Sha256(*data).view().substr(0, kBytes));
  std::string out;
  for (std::size_t i = 0; i < digits.size(); i += kGroup) {
    if (i > 0) out += ' ';
    out += digits.substr(i, kGroup);
  }
  return out;
}

}  // namespace labyrinth::client
