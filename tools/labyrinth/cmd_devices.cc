#include <fmt/format.h>

#include <memory>
#include <vector>

#include "client/transfer/text.h"
#include "tools/labyrinth/commands.h"
#include "tools/labyrinth/device_name.h"
#include "tools/labyrinth/revoke.h"

namespace labyrinth::cli {
namespace {

struct DevicesFlags {
  bool removed = false;
};
struct FingerprintFlags {};

absl::Status RunDevices(Context& context, const DevicesFlags& flags) {
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  absl::StatusOr<std::vector<client::DeviceView>> devices = (*client)->devices().List(flags.removed);
  if (!devices.ok()) return devices.status();
  const absl::StatusOr<client::Devices::LogNumber> log = (*client)->devices().Log();
  if (!log.ok()) return log.status();
  Output& out = context.out();
  if (!out.json()) PrintDevices(out, *devices);
  out.Line(fmt::format("membership log: {} entries, {} (the same on every device, or the server shows two histories)",
                       log->entries, log->fingerprint));
  out.BeginList({{"log_entries", log->entries}, {"log_fingerprint", log->fingerprint}}, "devices");
  for (const client::DeviceView& device : *devices) out.Item(DeviceDocument(device));
  out.EndList();
  return absl::OkStatus();
}

absl::Status RunFingerprint(Context& context, const FingerprintFlags&) {
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  const absl::StatusOr<std::string> fingerprint = (*client)->devices().OwnFingerprint();
  if (!fingerprint.ok()) return fingerprint.status();
  context.out().Line(*fingerprint);
  context.out().Document({{"fingerprint", *fingerprint}});
  return absl::OkStatus();
}

absl::Status RunRevokeAny(Context& context, const RevokeFlags& flags) {
  return Revoke(context, flags, /*codes_only=*/false);
}

}  // namespace

void AddDevices(Command root, Chosen& chosen) {
  auto devices_flags = std::make_shared<DevicesFlags>();
  Command devices = AddCommand(root, chosen, "devices", "List the mailbox's devices and recovery codes",
                               /*changes=*/false, RunDevices, devices_flags);
  devices.AddFlag("--removed", &devices_flags->removed, "Removed ones too");

  AddCommand(root, chosen, "fingerprint",
             "Show this device's own fingerprint, for comparing with 'labyrinth devices' on another one",
             /*changes=*/false, RunFingerprint, std::make_shared<FingerprintFlags>());

  auto flags = std::make_shared<RevokeFlags>();
  Command revoke = AddCommand(root, chosen, "revoke", "Remove a device (or a recovery code) for good",
                              /*changes=*/true, RunRevokeAny, flags);
  AddRevokeFlags(revoke, *flags, "DEVICE");
}

}  // namespace labyrinth::cli
