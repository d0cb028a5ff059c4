#include <fmt/format.h>

#include <memory>

#include "client/transfer/text.h"
#include "tools/labyrinth/code_file.h"
#include "tools/labyrinth/commands.h"
#include "tools/labyrinth/device_name.h"

namespace labyrinth::cli {
namespace {

struct JoinFlags {
  std::string code_file;
};

absl::Status RunJoin(Context& context, const JoinFlags& flags) {
  absl::StatusOr<crypto::Secret> code = ReadCode(flags.code_file);
  if (!code.ok()) return code.status();
  auto client = context.OpenNewClient();
  if (!client.ok()) return client.status();
  absl::StatusOr<client::JoinReport> joined = (*client)->recovery().Join(*code);
  if (!joined.ok()) return joined.status();

  Output& out = context.out();
  if (joined->corrected_characters > 0) {
    out.Line(fmt::format("corrected {} character{} of the code", joined->corrected_characters,
                         joined->corrected_characters == 1 ? "" : "s"));
  }
  out.Line(fmt::format("joined the mailbox of account {} as device {}; its members now:",
                       client::Printable(context.account()), DeviceHandle(joined->device_id)));
  if (!out.json()) PrintDevices(out, joined->members);
  PrintRotation(out, joined->rotation);
  Json members = Json::array();
  for (const client::DeviceView& device : joined->members) members.push_back(DeviceDocument(device));
  out.Document({{"account", context.account()},
                {"profile", context.profile()},
                {"handle", DeviceHandle(joined->device_id)},
                {"corrected_characters", joined->corrected_characters},
                {"recovery_code", DeviceHandle(joined->virtual_device_id)},
                {"members", members},
                {"rotation", RotationDocument(joined->rotation)}});
  return absl::OkStatus();
}

}  // namespace

void AddJoin(CLI::App& app, Chosen& chosen) {
  auto flags = std::make_shared<JoinFlags>();
  CLI::App* command =
      AddCommand(app, chosen, "join", "Make this profile a device of the account's mailbox, by a recovery code",
                 /*changes=*/true, RunJoin, flags);
  command->add_option("--code-file", flags->code_file, "File with the recovery code; asked for if not given")
      ->type_name("FILE");
}

}  // namespace labyrinth::cli
