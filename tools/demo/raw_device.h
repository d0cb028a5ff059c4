// A device without the library's good manners: it calls the server as it likes, with what a profile held.
#ifndef LABYRINTH_TOOLS_DEMO_RAW_DEVICE_H_
#define LABYRINTH_TOOLS_DEMO_RAW_DEVICE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/api.h"
#include "client/connection.h"
#include "client/keychain.h"
#include "client/sleeper.h"
#include "common/clock.h"
#include "crypto/primitives/system_random.h"

namespace labyrinth::demo {

// Everything that a thief of the device's disk has: a copy of its keychain. Thread-compatible.
class RawDevice {
 public:
  // Copies the profile to `copy` first: the original may be in use.
  static absl::StatusOr<std::unique_ptr<RawDevice>> FromProfile(const std::string& profile, const std::string& copy,
                                                                const std::string& endpoint,
                                                                const std::string& server_name,
                                                                const std::string& account_id);

  client::Api& api() { return *api_; }
  const client::KeychainState& keys() const { return keychain_->state(); }

 private:
  RawDevice() = default;

  SystemClock clock_;
  crypto::SystemRandom random_;
  std::unique_ptr<client::Sleeper> sleeper_;
  std::unique_ptr<client::Keychain> keychain_;
  std::unique_ptr<client::Connection> connection_;
  std::unique_ptr<client::Api> api_;
};

}  // namespace labyrinth::demo

#endif  // LABYRINTH_TOOLS_DEMO_RAW_DEVICE_H_
