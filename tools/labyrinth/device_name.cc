#include "tools/labyrinth/device_name.h"

#include <fmt/format.h>

#include "client/transfer/text.h"
#include "tools/cli/exit_code.h"
#include "tools/labyrinth/thread_name.h"
#include "tools/labyrinth/time_text.h"

namespace labyrinth::cli {
namespace {

std::string IdText(DeviceId id) { return fmt::format("{:016x}", id.value()); }

std::string_view CauseText(client::RemovalCause cause) {
  switch (cause) {
    case client::RemovalCause::kRequested:
      return "as asked";
    case client::RemovalCause::kCutOff:
      return "the server had cut it off";
    case client::RemovalCause::kSponsored:
      return "added by a removed device";
    case client::RemovalCause::kWrongMac:
      return "whoever added it did not know the epoch's key";
    case client::RemovalCause::kWrongSignature:
      return "the signature over its keys is wrong";
    case client::RemovalCause::kRemovedBefore:
      return "it had been removed before the server was restored from a backup";
  }
  return {};
}

// Who added it; the first device made the mailbox.
std::string SponsorText(const client::DeviceView& device) {
  if (device.sponsor == device.keys.device_key) return "itself";
  return device.sponsor_id.valid() ? DeviceHandle(device.sponsor_id) : "-";
}

Json Handles(const std::vector<DeviceId>& ids) {
  Json out = Json::array();
  for (DeviceId id : ids) out.push_back(DeviceHandle(id));
  return out;
}

}  // namespace

std::string DeviceHandle(DeviceId id) { return IdText(id).substr(0, 8); }

std::string KindText(const client::DeviceView& device) { return device.is_virtual() ? "recovery code" : "device"; }

std::string StateText(const client::DeviceView& device) {
  return !device.active ? "removed" : device.cut_off ? "cut off" : "active";
}

Json DeviceDocument(const client::DeviceView& device) {
  Json out = {{"handle", DeviceHandle(device.device_id)},
              {"device_id", fmt::format("{}", device.device_id.value())},  // beyond what JSON numbers hold exactly
              {"kind", device.is_virtual() ? "recovery_code" : "device"},
              {"state", !device.active   ? "removed"
                        : device.cut_off ? "cut_off"
                                         : "active"},
              {"this_device", device.this_device},
              {"added_ms", device.added_ms}};
  out["fingerprint"] = device.fingerprint;
  if (device.sponsor_id.valid()) out["added_by"] = DeviceHandle(device.sponsor_id);
  if (device.last_seen_day_ms != 0) out["last_seen_day_ms"] = device.last_seen_day_ms;
  if (!device.signatures_valid) out["signatures_valid"] = false;
  return out;
}

void PrintDevices(Output& out, const std::vector<client::DeviceView>& devices) {
  const absl::TimeZone zone = absl::LocalTimeZone();
  out.Line(fmt::format("{:<9} {:<14} {:<8} {:<17} {:<9} {:<11} {:<19}", "HANDLE", "KIND", "STATE", "ADDED", "BY",
                       "LAST SEEN", "FINGERPRINT"));
  for (const client::DeviceView& device : devices) {
    out.Line(fmt::format("{:<9} {:<14} {:<8} {:<17} {:<9} {:<11} {:<19}{}{}", DeviceHandle(device.device_id),
                         KindText(device), StateText(device), MinuteText(device.added_ms, zone), SponsorText(device),
                         // The server keeps the day in UTC.
                         device.last_seen_day_ms == 0 ? "-" : DayText(device.last_seen_day_ms, absl::UTCTimeZone()),
                         device.fingerprint, device.this_device ? " this device" : "",
                         device.signatures_valid ? "" : " WRONG SIGNATURE: the next rotation drops it"));
  }
}

absl::StatusOr<client::DeviceView> FindDevice(const std::vector<client::DeviceView>& devices, const std::string& name) {
  const std::string handle = AsHandle(name);
  const client::DeviceView* found = nullptr;
  for (const client::DeviceView& device : devices) {
    const bool match = name == fmt::format("{}", device.device_id.value()) ||
                       (!handle.empty() && IdText(device.device_id).starts_with(handle));
    if (!match) continue;
    if (found != nullptr)
      return Usage(fmt::format("device {}: several match: give more digits", client::Printable(name)));
    found = &device;
  }
  if (found == nullptr) return absl::NotFoundError(fmt::format("device {}: no such handle", client::Printable(name)));
  return *found;
}

void PrintRotation(Output& out, const client::RotationReport& rotation) {
  for (const client::RemovedDevice& removed : rotation.removed) {
    out.Line(fmt::format("removed {} ({})", DeviceHandle(removed.device_id), CauseText(removed.cause)));
  }
  for (DeviceId id : rotation.kept_sponsored) {
    out.Line(fmt::format("kept {}, although a removed device added it: 'labyrinth revoke {}' if it isn't yours",
                         DeviceHandle(id), DeviceHandle(id)));
  }
  for (DeviceId id : rotation.codes_known_to_removed) {
    out.Line(fmt::format("recovery code {} may be known to a removed device: 'labyrinth recovery revoke {}'",
                         DeviceHandle(id), DeviceHandle(id)));
  }
  out.Line(fmt::format("opened epoch {} for {} members", rotation.epoch_sequence, rotation.members.size()));
}

Json RotationDocument(const client::RotationReport& rotation) {
  Json removed = Json::array();
  for (const client::RemovedDevice& device : rotation.removed) {
    removed.push_back({{"handle", DeviceHandle(device.device_id)}, {"cause", CauseText(device.cause)}});
  }
  return {{"epoch_sequence", rotation.epoch_sequence},
          {"members", Handles(rotation.members)},
          {"removed", removed},
          {"kept_sponsored", Handles(rotation.kept_sponsored)},
          {"codes_known_to_removed", Handles(rotation.codes_known_to_removed)}};
}

}  // namespace labyrinth::cli
