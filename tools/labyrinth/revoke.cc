#include "tools/labyrinth/revoke.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "tools/labyrinth/device_name.h"
#include "tools/labyrinth/exit_code.h"
#include "tools/labyrinth/terminal.h"

namespace labyrinth::cli {

void AddRevokeFlags(CLI::App& command, RevokeFlags& flags, const std::string& noun) {
  command.add_option(noun, flags.device, "A handle from the list")->required();
  command.add_flag("--no-rotate", flags.no_rotate,
                   "Only cut it off: nothing can be saved until some device opens an epoch without it");
  command.add_flag("--yes", flags.yes, "Don't ask");
}

absl::Status Revoke(Context& context, const RevokeFlags& flags, bool codes_only) {
  if (!flags.yes && !HasPerson()) return Usage("--yes: required where there is no terminal to ask on");
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  absl::StatusOr<std::vector<client::DeviceView>> devices = (*client)->devices().List();
  if (!devices.ok()) return devices.status();
  if (codes_only) std::erase_if(*devices, [](const client::DeviceView& d) { return !d.is_virtual(); });
  absl::StatusOr<client::DeviceView> device = FindDevice(*devices, flags.device);
  if (!device.ok()) return device.status();
  const std::string handle = DeviceHandle(device->device_id);
  if (device->this_device) {
    return absl::InvalidArgumentError(
        fmt::format("device {}: is this device, which can't remove itself: use another one", handle));
  }
  if (!flags.yes) {
    const std::string what = fmt::format("This removes {} {} for good.", KindText(*device), handle);
    if (absl::Status s = ConfirmByName(what, handle); !s.ok()) return s;
  }
  absl::StatusOr<client::RevokeReport> report =
      (*client)->devices().Revoke(device->device_id, {.rotate = !flags.no_rotate});
  if (!report.ok()) return report.status();
  Output& out = context.out();
  Json document = {{"handle", handle}, {"device_id", fmt::format("{}", device->device_id.value())}};
  if (report->rotation) {
    PrintRotation(out, *report->rotation);
    document["rotation"] = RotationDocument(*report->rotation);
  } else {
    out.Line(fmt::format(
        "cut off {}: saves are refused until a device opens an epoch without it (the next 'send' does)", handle));
    document["rotation"] = nullptr;
  }
  out.Document(document);
  return absl::OkStatus();
}

}  // namespace labyrinth::cli
