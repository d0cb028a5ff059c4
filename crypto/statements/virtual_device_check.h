// The short public check of a virtual device (protocol section 4): the server lists it, a client tests candidates of a
// mistyped recovery code against it.
#ifndef LABYRINTH_CRYPTO_STATEMENTS_VIRTUAL_DEVICE_CHECK_H_
#define LABYRINTH_CRYPTO_STATEMENTS_VIRTUAL_DEVICE_CHECK_H_

#include <string_view>

#include "common/bytes.h"

namespace labyrinth::crypto {

using VirtualDeviceCheck = FixedBytes<8, struct VirtualDeviceCheckTag>;

// SHA-256("labyrinth_vdevice_check" || vdeviceId)[0:8]. `virtual_device_id` is the 16 bytes of a version 2 code (or the
// 8 of an imported version 1 code).
VirtualDeviceCheck CheckOf(std::string_view virtual_device_id);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_STATEMENTS_VIRTUAL_DEVICE_CHECK_H_
