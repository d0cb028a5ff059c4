// device list|revoke
#include <fmt/format.h>

#include <charconv>
#include <system_error>

#include "crypto/primitives/system_random.h"
#include "tools/cli/exit_code.h"
#include "tools/labyrinthctl/commands.h"
#include "tools/labyrinthctl/text_forms.h"

namespace labyrinth::ctl {
namespace {

using cli::Json;
namespace v1 = labyrinth::v1;

struct RevokeFlags {
  MailboxFlags mailbox;
  std::string device;
  std::string reason;
  bool dry_run = false;
};

const char* StateName(const v1::AdminDevice& device) {
  return device.state() == v1::DEVICE_STATE_ACTIVE ? "active" : "revoked";
}
const char* KindName(const v1::AdminDevice& device) {
  return device.kind() == v1::DEVICE_KIND_VIRTUAL ? "recovery code" : "device";
}

absl::Status List(Context& context, const MailboxFlags& flags) {
  auto ref = ToRef(flags);
  if (!ref.ok()) return ref.status();
  v1::GetMailboxStatsRequest request;
  *request.mutable_mailbox() = *std::move(ref);
  request.set_reveal(context.flags().reveal);
  const auto stats = context.Call(&Context::Stub::GetMailboxStats, request);
  if (!stats.ok()) return stats.status();
  cli::Output& out = context.out();
  out.BeginList({{"pseudonym", stats->pseudonym()}}, "devices");
  for (const v1::AdminDevice& device : stats->devices()) {
    out.Line(fmt::format("{}  {:<7}  {:<13}  made {}, seen {}{}", device.handle(), StateName(device), KindName(device),
                         TimeText(device.create_ms()), TimeText(device.last_seen_day()).substr(0, 10),
                         context.flags().reveal ? fmt::format("  id {}", device.device_id()) : ""));
    Json item = {{"handle", device.handle()},
                 {"state", StateName(device)},
                 {"kind", device.kind() == v1::DEVICE_KIND_VIRTUAL ? "virtual" : "physical"},
                 {"create_ms", device.create_ms()},
                 {"last_seen_day", device.last_seen_day()}};
    if (context.flags().reveal) item["device_id"] = fmt::format("{}", device.device_id());
    out.Item(item);
  }
  out.EndList();
  return absl::OkStatus();
}

absl::Status Revoke(Context& context, const RevokeFlags& flags) {
  auto ref = ToRef(flags.mailbox);
  if (!ref.ok()) return ref.status();
  v1::AdminRevokeDeviceRequest request;
  *request.mutable_mailbox() = *std::move(ref);
  if (flags.device.starts_with("d:")) {
    request.set_device_handle(flags.device);
  } else {
    uint64_t id = 0;
    const auto [end, error] = std::from_chars(flags.device.data(), flags.device.data() + flags.device.size(), id);
    if (error != std::errc() || end != flags.device.data() + flags.device.size()) {
      return cli::Usage("--device: a handle of 'device list', d:8f2c91d0, or an id");
    }
    request.set_device_id(id);
  }
  request.set_justification(flags.reason);
  crypto::SystemRandom random;
  std::string request_id(16, '\0');
  random.Fill({reinterpret_cast<uint8_t*>(request_id.data()), request_id.size()});
  request.set_request_id(request_id);
  // Whom it would hit is asked first, so that a person confirms what they see.
  request.set_validate_only(true);
  const auto target = context.Call(&Context::Stub::AdminRevokeDevice, request);
  if (!target.ok()) return target.status();
  if (flags.dry_run) {
    context.out().Line(fmt::format("would revoke {} of {}", target->device_handle(), target->pseudonym()));
    context.out().Document(
        {{"pseudonym", target->pseudonym()}, {"device", target->device_handle()}, {"dry_run", true}});
    return absl::OkStatus();
  }
  const auto what = fmt::format(
      "This cuts off device {} of mailbox {} for ever; nothing can be saved there until another device rotates.",
      target->device_handle(), target->pseudonym());
  if (auto status = context.Confirm(what, target->device_handle()); !status.ok()) return status;
  request.set_validate_only(false);
  const auto revoked = context.Call(&Context::Stub::AdminRevokeDevice, request);
  if (!revoked.ok()) return revoked.status();
  context.out().Line(fmt::format("revoked {} of {}: refused from revision {} on; the mailbox waits for a rotation",
                                 revoked->device_handle(), revoked->pseudonym(), revoked->revision()));
  context.out().Document({{"pseudonym", revoked->pseudonym()},
                          {"device", revoked->device_handle()},
                          {"revision", revoked->revision()},
                          {"dry_run", false}});
  return absl::OkStatus();
}

}  // namespace

void AddDevice(cli::Command root, Chosen& chosen) {
  cli::Command device = root.AddGroup("device", "The devices of one mailbox");
  const auto list = std::make_shared<MailboxFlags>();
  AddMailboxFlags(AddCommand(device, chosen, "list", "All of them, revoked ones included", false, &List, list), *list);
  const auto flags = std::make_shared<RevokeFlags>();
  cli::Command revoke =
      AddCommand(device, chosen, "revoke", "Cut one off; the mailbox then needs a rotation", true, &Revoke, flags);
  AddMailboxFlags(revoke, flags->mailbox);
  revoke.AddOption("--device", &flags->device, "Its handle, or its id", {.value_name = "D", .required = true});
  revoke.AddOption("--reason", &flags->reason, "For the log: printable ASCII, at most 200",
                   {.value_name = "TEXT", .required = true});
  revoke.AddFlag("--dry-run", &flags->dry_run, "Say whom it would hit, change nothing");
}

}  // namespace labyrinth::ctl
