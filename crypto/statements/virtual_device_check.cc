#include "crypto/statements/virtual_device_check.h"

#include <string>

#include "crypto/primitives/hash.h"
#include "crypto/statements/domains.h"

namespace labyrinth::crypto {

VirtualDeviceCheck CheckOf(std::string_view virtual_device_id) {
  std::string input(domains::kVirtualDeviceCheck);
  input.append(virtual_device_id);
  const Sha256Digest digest = Sha256(input);
  return *VirtualDeviceCheck::From(digest.view().substr(0, VirtualDeviceCheck::kSize));
}

}  // namespace labyrinth::crypto
