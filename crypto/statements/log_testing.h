// Devices and log entries for tests. testonly.
#ifndef LABYRINTH_CRYPTO_STATEMENTS_LOG_TESTING_H_
#define LABYRINTH_CRYPTO_STATEMENTS_LOG_TESTING_H_

#include <optional>

#include "common/random.h"
#include "crypto/primitives/x25519.h"
#include "crypto/statements/device_keys.h"
#include "crypto/statements/log_entry.h"
#include "crypto/statements/membership.h"

namespace labyrinth::crypto {

struct TestDevice {
  KeyPair device_key;
  KeyPair epoch_storage_key;
  std::optional<KeyPair> epoch_storage_auth_key;
  DevicePublicKeys keys;

  const PublicKey& id() const { return keys.device_key; }
};

TestDevice MakeTestDevice(SubjectKind kind, RandomSource& random);

LogNames TestNames();

// The entry of `kind` that continues `state`'s log, valid but for what the test changes.
LogEntry NextEntry(const MembershipState& state, LogEntryKind kind, const TestDevice& actor,
                   const TestDevice* subject = nullptr);

// Signs whatever it is given, by `signer`, also entries that SignLogEntry would refuse to sign; it must encode.
SignedLogEntry SignAs(const LogEntry& entry, const TestDevice& signer, RandomSource& random);

// Signs and applies NextEntry; the test fails unless the state accepts it.
void Extend(MembershipState& state, LogEntryKind kind, const TestDevice& actor, const TestDevice* subject,
            RandomSource& random);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_STATEMENTS_LOG_TESTING_H_
