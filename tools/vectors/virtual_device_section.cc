#include <array>
#include <optional>
#include <utility>

#include "crypto/labyrinth/virtual_device.h"
#include "crypto/primitives/aead.h"
#include "crypto/statements/epoch_sequence.h"
#include "tools/vectors/case_random.h"
#include "tools/vectors/file_devices.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {
namespace {

using crypto::KeyPair;
using crypto::OrfClientState;
using crypto::SealedVirtualDevice;
using crypto::Secret;

// The file's names, in the order of protocol section 4's table.
constexpr std::array<std::string_view, 6> kFields = {"encryptedDeviceKeyPriv",  "encryptedEpochStorageKeyPriv",
                                                     "encryptedOrfClientState", "encryptedMailboxRootSalt",
                                                     "encryptedEpochRootKey",   "encryptedEpochSequenceID"};

// One value under the associated data that the file names.
void RunValue(const Section& section, Fields& f) {
  const Secret key = section.Self(f.outcome()).SecretOf("key");
  const std::string value = f.Hex("value");
  const std::string plaintext =
      f.Text("field") == kFields[5]
          ? crypto::SequenceBase64(crypto::ParseSequence(value).value_or(~uint64_t{0}))  // not raw, alone of the six
          : value;
  f.Expect("whitepaper_plaintext", plaintext);
  CaseRandom random(f.Hex("nonce28"), f.outcome());
  f.Expect("whitepaper_padded", crypto::EncryptPadded(key, f.Text("aad"), plaintext, random));
  f.Expect("whitepaper_plaintext", crypto::DecryptPadded(key, f.Text("aad"), f.Hex("whitepaper_padded")));
}

// The six as a device makes and opens them.
struct Values {
  std::array<std::string, 6> plain, nonces, sealed;
};

Values Collect(Fields& f) {
  Values out;
  std::size_t next = 0;
  f.ForEach("vectors", [&](Fields& row) {
    const std::size_t i = next++;
    if (i >= kFields.size()) return row.Fail("field", "a seventh value");
    row.ExpectText("field", kFields[i]);
    out.plain[i] = row.Hex("value");
    out.nonces[i] = row.Hex("nonce28");
    out.sealed[i] = row.Hex("whitepaper_padded");
  });
  f.Check(next == kFields.size(), "vectors: not six values");
  return out;
}

void RunAll(const Section& section, Fields& f) {
  const Values values = Collect(f);
  const Secret key = f.SecretOf("key");
  absl::StatusOr<KeyPair> device_key = KeyPair::FromPrivate(Secret::CopyOf(values.plain[0]));
  absl::StatusOr<KeyPair> storage_key = KeyPair::FromPrivate(Secret::CopyOf(values.plain[1]));
  absl::StatusOr<OrfClientState> orf = OrfClientState::Parse(Secret::CopyOf(values.plain[2]));
  const std::optional<uint64_t> sequence = crypto::ParseSequence(values.plain[5]);
  if (!f.Ok(device_key, kFields[0]) || !f.Ok(storage_key, kFields[1]) || !f.Ok(orf, kFields[2])) return;
  if (!sequence.has_value()) return f.Fail(kFields[5], "not a sequence id");
  const crypto::VirtualDeviceSecrets secrets{
      *std::move(device_key),          *std::move(storage_key),         *std::move(orf),
      Secret::CopyOf(values.plain[3]), Secret::CopyOf(values.plain[4]), *sequence};
  std::string nonces;
  for (const std::string& nonce : values.nonces) nonces += nonce;
  CaseRandom random(nonces, f.outcome());
  const absl::StatusOr<SealedVirtualDevice> sealed = crypto::SealVirtualDevice(secrets, key, random);
  if (!f.Ok(sealed, "SealVirtualDevice")) return;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    f.Check(sealed->InOrder()[i] == values.sealed[i], std::string(kFields[i]) + ": sealed as other bytes");
  }

  // Opening compares the private keys with the public ones that the server returns.
  const absl::StatusOr<crypto::DeviceSecrets> device = VirtualDevice(section, f.outcome());
  if (!f.Ok(device, "devices: virtual_device")) return;
  const absl::StatusOr<crypto::VirtualDeviceSecrets> opened =
      crypto::OpenVirtualDevice(*sealed, key, device->public_keys);
  if (!f.Ok(opened, "OpenVirtualDevice")) return;
  f.Check(opened->device_key.private_key.RevealSecret() == values.plain[0] &&
              opened->epoch_storage_key.private_key.RevealSecret() == values.plain[1] &&
              opened->orf.bytes().RevealSecret() == values.plain[2] &&
              opened->mailbox_root_salt.RevealSecret() == values.plain[3] &&
              opened->epoch_root_key.RevealSecret() == values.plain[4] && opened->epoch_sequence_id == *sequence,
          "OpenVirtualDevice: another value");
}

}  // namespace

void RunVirtualDeviceSecrets(Section& section) {
  section.ForEach("vectors", [&section](Fields& f) { RunValue(section, f); });
  section.Single("key", [&section](Fields& f) { RunAll(section, f); });
}

}  // namespace labyrinth::vectors
