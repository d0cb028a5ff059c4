#include "tools/labyrinth/revoke.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "tools/cli/exit_code.h"
#include "tools/cli/terminal.h"
#include "tools/labyrinth/device_name.h"
#include "tools/labyrinth/time_text.h"

namespace labyrinth::cli {
namespace {

// Whoever holds a device can add others with it: the person decides knowing which those are (protocol section 8).
void ShowAdded(const std::vector<client::DeviceView>& added, const RevokeFlags& flags) {
  if (added.empty()) return;
  fmt::print(stderr, "It added these, or what it added did; they {}:\n",
             flags.no_rotate    ? "are removed by the next rotation"
             : flags.keep_added ? "stay (--keep-added)"
                                : "are removed with it (--keep-added keeps them)");
  for (const client::DeviceView& device : added) {
    fmt::print(stderr, "  {} {}, added {}\n", KindText(device), DeviceHandle(device.device_id),
               MinuteText(device.added_ms, absl::LocalTimeZone()));
  }
}

}  // namespace

void AddRevokeFlags(Command command, RevokeFlags& flags, const std::string& noun) {
  command.AddOption(noun, &flags.device, "A handle from the list", {.required = true});
  command.AddFlag("--no-rotate", &flags.no_rotate,
                  "Only cut it off: nothing can be saved until some device opens an epoch without it");
  command.AddFlag("--keep-added", &flags.keep_added,
                  "Keep the devices and recovery codes that it added, which a thief could have done");
  command.AddFlag("--yes", &flags.yes, "Don't ask");
}

absl::Status Revoke(Context& context, const RevokeFlags& flags, bool codes_only) {
  // What it added goes with the next rotation, which asks nobody.
  if (flags.no_rotate && flags.keep_added) return Usage("--keep-added: not together with --no-rotate");
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
  absl::StatusOr<std::vector<client::DeviceView>> added = (*client)->devices().AddedBy(device->device_id);
  if (!added.ok()) return added.status();
  if (!flags.yes) {
    ShowAdded(*added, flags);
    const std::string what = fmt::format("This removes {} {} for good.", KindText(*device), handle);
    if (absl::Status s = ConfirmByName(what, handle); !s.ok()) return s;
  }
  const auto sponsored = flags.keep_added ? client::SponsoredPolicy::kKeep : client::SponsoredPolicy::kDropAll;
  absl::StatusOr<client::RevokeReport> report =
      (*client)->devices().Revoke(device->device_id, {.rotate = !flags.no_rotate, .sponsored = sponsored});
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
