// Two devices on the way to a one-time code, for tests. testonly.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_TESTING_H_
#define LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_TESTING_H_

#include <string>
#include <string_view>

#include "crypto/labyrinth/epoch_testing.h"
#include "crypto/labyrinth/one_time_run.h"
#include "crypto/labyrinth/virtual_device.h"
#include "crypto/primitives/seeded_random.h"
#include "crypto/statements/log_body.h"
#include "crypto/statements/log_entry.h"

namespace labyrinth::crypto {

// Both sides' honest inputs; a test changes what it likes of a copy before it makes a run.
struct OneTimeFixture {
  explicit OneTimeFixture(uint64_t seed) : random(seed) {}

  SeededRandom random;
  DeviceSecrets old_secrets = MakeDevice(SubjectKind::kPhysical, random);
  DeviceSecrets new_secrets = MakeDevice(SubjectKind::kPhysical, random);
  Epoch epoch = MakeFirstEpoch(4004, random);
  Secret salt = RandomSecret(kMailboxRootSaltBytes, random);
  OrfClientState temporary = old_secrets.orf.Evolve(random).state;
  OneTimeCode code = OneTimeCode::Generate(random);

  OneTimeRunInputs inputs{"server.test",
                          "account-1",
                          *EnrollmentId::From(random.Bytes(16)),
                          1,
                          *OneTimeNonce::From(random.Bytes(16)),
                          *OneTimeNonce::From(random.Bytes(16))};
  OldDeviceData self{old_secrets.public_keys.device_key, *MailboxId::From(random.Bytes(16)), EpochId(4004), 6,
                     *LogHead::From(random.Bytes(32))};

  OneTimeNewDevice NewDevice() { return *OneTimeNewDevice::Create(code, inputs, new_secrets.public_keys, random); }
  OneTimeOldDevice OldDevice() {
    return *OneTimeOldDevice::Create(code, inputs, new_secrets.public_keys, self, random);
  }

  LogEntry AddEntry() const {
    LogEntry entry;
    entry.kind = LogEntryKind::kAddDevice;
    entry.index = self.log_index + 1;
    entry.previous_head = self.log_head;
    entry.server_name = inputs.server_name;
    entry.account_id = inputs.account_id;
    entry.time_ms = 1'767'225'600'000;
    SetSubject(entry, new_secrets.public_keys);
    entry.epoch_sequence = static_cast<uint32_t>(epoch.sequence_id);
    entry.body_hash = AddDeviceBodyHash(new_secrets.public_keys);
    entry.actor_device_key = old_secrets.public_keys.device_key;
    return entry;
  }
  OneTimeBundle Bundle(const LogEntry& entry) {
    return {temporary.Clone(), salt.Clone(), epoch.Clone(),
            *SignLogEntry(entry, old_secrets.device_key.private_key, random)};
  }
  OneTimeBundle Bundle() { return Bundle(AddEntry()); }
};

// One bit of one byte changed.
inline std::string Flipped(std::string_view bytes, std::size_t i) {
  std::string out(bytes);
  out[i] = static_cast<char>(out[i] ^ 1);
  return out;
}

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_TESTING_H_
