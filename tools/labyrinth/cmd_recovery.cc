#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "client/transfer/text.h"
#include "tools/labyrinth/code_file.h"
#include "tools/labyrinth/commands.h"
#include "tools/labyrinth/device_name.h"
#include "tools/labyrinth/revoke.h"

namespace labyrinth::cli {
namespace {

struct CreateFlags {
  std::string to;
};
struct ListFlags {};
struct TestFlags {
  std::string code_file;
};

absl::Status RunCreate(Context& context, const CreateFlags& flags) {
  std::optional<NewCodeFile> file;
  if (!flags.to.empty()) {
    absl::StatusOr<NewCodeFile> made = NewCodeFile::Create(flags.to);
    if (!made.ok()) return made.status();
    file.emplace(*std::move(made));
  }
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  absl::StatusOr<client::CreatedCode> code = (*client)->recovery().CreateCode();
  if (!code.ok()) return code.status();
  Output& out = context.out();
  Json document = {{"handle", DeviceHandle(code->device_id)}};
  if (file) {
    if (absl::Status s = file->Write(code->code); !s.ok()) return s;
    out.Line(fmt::format("wrote recovery code {} to {}", DeviceHandle(code->device_id), client::Printable(flags.to)));
    document["file"] = flags.to;
  } else {
    // Shown once, which is what the command is for.
    const std::string shown(code->code.RevealSecret());
    out.Line(shown);
    out.Line(fmt::format("\nThat is recovery code {}, shown this once. Write it down: who has it can read everything.",
                         DeviceHandle(code->device_id)));
    document["code"] = shown;
  }
  out.Document(document);
  return absl::OkStatus();
}

absl::Status RunList(Context& context, const ListFlags&) {
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  absl::StatusOr<std::vector<client::DeviceView>> devices = (*client)->devices().List();
  if (!devices.ok()) return devices.status();
  std::erase_if(*devices, [](const client::DeviceView& device) { return !device.is_virtual(); });
  Output& out = context.out();
  if (devices->empty()) {
    out.Line("no recovery code: 'labyrinth recovery create' makes one");
  } else if (!out.json()) {
    PrintDevices(out, *devices);
  }
  out.BeginList(Json::object(), "recovery_codes");
  for (const client::DeviceView& device : *devices) out.Item(DeviceDocument(device));
  out.EndList();
  return absl::OkStatus();
}

absl::Status RunRevokeCode(Context& context, const RevokeFlags& flags) {
  return Revoke(context, flags, /*codes_only=*/true);
}

absl::Status RunTest(Context& context, const TestFlags& flags) {
  absl::StatusOr<crypto::Secret> code = ReadCode(flags.code_file);
  if (!code.ok()) return code.status();
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  absl::StatusOr<client::CodeTest> test = (*client)->recovery().Test(*code);
  if (!test.ok()) return test.status();
  context.out().Line(fmt::format(
      "the code works: recovery code {}{}, up to epoch {}", DeviceHandle(test->virtual_device_id),
      test->corrected_characters > 0 ? fmt::format(" ({} characters corrected)", test->corrected_characters) : "",
      test->epoch_sequence));
  context.out().Document({{"handle", DeviceHandle(test->virtual_device_id)},
                          {"corrected_characters", test->corrected_characters},
                          {"epoch_sequence", test->epoch_sequence}});
  return absl::OkStatus();
}

}  // namespace

void AddRecovery(Command root, Chosen& chosen) {
  Command recovery = root.AddGroup("recovery", "Recovery codes: what brings everything back without a device");

  auto create_flags = std::make_shared<CreateFlags>();
  Command create = AddCommand(recovery, chosen, "create", "Make a recovery code and show it once", /*changes=*/true,
                              RunCreate, create_flags);
  create.AddOption("--to", &create_flags->to, "Write it to this new file instead", {.value_name = "FILE"});

  AddCommand(recovery, chosen, "list", "List the recovery codes' handles", /*changes=*/false, RunList,
             std::make_shared<ListFlags>());

  auto revoke_flags = std::make_shared<RevokeFlags>();
  Command revoke = AddCommand(recovery, chosen, "revoke", "Make a recovery code worthless", /*changes=*/true,
                              RunRevokeCode, revoke_flags);
  AddRevokeFlags(revoke, *revoke_flags, "CODE");

  auto test_flags = std::make_shared<TestFlags>();
  Command test = AddCommand(recovery, chosen, "test", "Say whether a code works, without using it",
                            /*changes=*/false, RunTest, test_flags);
  test.AddOption("--code-file", &test_flags->code_file, "File with the recovery code; asked for if not given",
                 {.value_name = "FILE"});
}

}  // namespace labyrinth::cli
