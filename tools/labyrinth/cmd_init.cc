#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "client/transfer/status.h"
#include "client/transfer/text.h"
#include "common/errors.h"
#include "tools/labyrinth/code_file.h"
#include "tools/labyrinth/commands.h"
#include "tools/labyrinth/device_name.h"

namespace labyrinth::cli {
namespace {

struct InitFlags {
  std::string recovery_code_to;
};

absl::Status RunInit(Context& context, const InitFlags& flags) {
  std::optional<NewCodeFile> code_file;
  if (!flags.recovery_code_to.empty()) {
    absl::StatusOr<NewCodeFile> file = NewCodeFile::Create(flags.recovery_code_to);
    if (!file.ok()) return file.status();
    code_file.emplace(*std::move(file));
  }
  auto client = context.OpenNewClient();
  if (!client.ok()) return client.status();
  absl::Status created = (*client)->mailbox().Create();
  if (ReasonOf(created) == Reason::kMailboxExists) {
    return errors::Make(Reason::kMailboxExists,
                        "this account has a mailbox already: 'labyrinth join' makes this a device of it");
  }
  if (!created.ok()) return created;
  Output& out = context.out();
  out.Line(fmt::format("made the mailbox of account {}", client::Printable(context.account())));
  Json document = {{"account", context.account()}, {"profile", context.profile()}};
  if (code_file) {
    absl::StatusOr<client::CreatedCode> code = (*client)->recovery().CreateCode();
    if (!code.ok()) return client::In("the mailbox is made, but no recovery code", code.status());
    if (absl::Status s = code_file->Write(code->code); !s.ok()) return s;
    out.Line(fmt::format("wrote recovery code {} to {}: without it, losing every device loses everything",
                         DeviceHandle(code->device_id), client::Printable(flags.recovery_code_to)));
    document["recovery_code"] = {{"handle", DeviceHandle(code->device_id)}, {"file", flags.recovery_code_to}};
  } else {
    out.Line("no recovery code yet: 'labyrinth recovery create' makes one; losing every device would lose everything");
  }
  out.Document(document);
  return absl::OkStatus();
}

}  // namespace

void AddInit(Command root, Chosen& chosen) {
  auto flags = std::make_shared<InitFlags>();
  Command command = AddCommand(root, chosen, "init", "Make the account's mailbox, with this profile as first device",
                               /*changes=*/true, RunInit, flags);
  command.AddOption("--recovery-code-to", &flags->recovery_code_to, "Make a recovery code as well, in this new file",
                    {.value_name = "FILE"});
}

}  // namespace labyrinth::cli
