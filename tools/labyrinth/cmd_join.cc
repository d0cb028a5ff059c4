#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "client/transfer/text.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/terminal.h"
#include "tools/labyrinth/code_file.h"
#include "tools/labyrinth/commands.h"
#include "tools/labyrinth/device_name.h"

namespace labyrinth::cli {
namespace {

constexpr int kNoDescriptor = -1;

struct JoinFlags {
  std::string code_file;
  bool one_time = false;
  int code_fd = kNoDescriptor;
};

Json MembersDocument(const std::vector<client::DeviceView>& devices) {
  Json members = Json::array();
  for (const client::DeviceView& device : devices) members.push_back(DeviceDocument(device));
  return members;
}

void PrintJoined(Context& context, DeviceId device_id, const std::vector<client::DeviceView>& members) {
  Output& out = context.out();
  out.Line(fmt::format("joined the mailbox of account {} as device {}; its members now:",
                       client::Printable(context.account()), DeviceHandle(device_id)));
  if (!out.json()) PrintDevices(out, members);
}

absl::Status JoinByRecoveryCode(Context& context, const JoinFlags& flags) {
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
  PrintJoined(context, joined->device_id, joined->members);
  PrintRotation(out, joined->rotation);
  out.Document({{"account", context.account()},
                {"profile", context.profile()},
                {"handle", DeviceHandle(joined->device_id)},
                {"corrected_characters", joined->corrected_characters},
                {"recovery_code", DeviceHandle(joined->virtual_device_id)},
                {"members", MembersDocument(joined->members)},
                {"rotation", RotationDocument(joined->rotation)}});
  return absl::OkStatus();
}

// Asks on the terminal, or takes a line a guess from a descriptor.
class Keyboard final : public client::JoinPrompts {
 public:
  Keyboard(const Clock& clock, int descriptor) : clock_(clock), descriptor_(descriptor) {}

  void Waiting(const client::JoinRequest& request) override {
    fmt::print(stderr,
               "This device's key is {}. Run 'labyrinth approve' on a device of the account, and look there for the "
               "same key.\n",
               request.fingerprint);
    std::fflush(stderr);
  }
  absl::StatusOr<crypto::Secret> TypeCode(const client::CodeQuestion& question) override {
    if (question.why == client::CodeAsk::kMalformed) fmt::print(stderr, "Not a code: it has six digits.\n");
    if (question.why == client::CodeAsk::kWrong) {
      fmt::print(stderr, "Wrong code. Guesses left: {}\n", question.guesses_left);
    }
    if (descriptor_ == kNoDescriptor) return AskSecret("The code that the other device shows: ");
    return ReadSecretLine(descriptor_, [&] { return GoOn() && clock_.NowMs() < question.expire_ms; });
  }
  bool GoOn() override { return !interrupt_.interrupted(); }

 private:
  const Clock& clock_;
  const int descriptor_;
  InterruptScope interrupt_;
};

absl::Status JoinByOneTimeCode(Context& context, const JoinFlags& flags) {
  int descriptor = flags.code_fd;
  if (descriptor == kNoDescriptor && !HasPerson()) descriptor = STDIN_FILENO;
  if (descriptor != kNoDescriptor && ::fcntl(descriptor, F_GETFD) < 0) return Usage("--code-fd: isn't open");
  auto client = context.OpenNewClient();
  if (!client.ok()) return client.status();
  Keyboard keyboard(context.clock(), descriptor);
  absl::StatusOr<client::OneTimeJoinReport> joined = (*client)->one_time_codes().Join(keyboard);
  if (!joined.ok()) return joined.status();
  PrintJoined(context, joined->device_id, joined->members);
  context.out().Document({{"account", context.account()},
                          {"profile", context.profile()},
                          {"handle", DeviceHandle(joined->device_id)},
                          {"sponsor", DeviceHandle(joined->sponsor)},
                          {"members", MembersDocument(joined->members)}});
  return absl::OkStatus();
}

absl::Status RunJoin(Context& context, const JoinFlags& flags) {
  return flags.one_time ? JoinByOneTimeCode(context, flags) : JoinByRecoveryCode(context, flags);
}

}  // namespace

void AddJoin(Command root, Chosen& chosen) {
  auto flags = std::make_shared<JoinFlags>();
  Command command =
      AddCommand(root, chosen, "join",
                 "Make this profile a device of the account's mailbox, by a recovery code or a one-time code",
                 /*changes=*/true, RunJoin, flags);
  command.AddOption("--code-file", &flags->code_file, "File with the recovery code; asked for if not given",
                    {.value_name = "FILE"});
  command.AddFlag("--one-time", &flags->one_time,
                  "By six digits that 'labyrinth approve' shows on a device next to this one");
  command.AddOption("--code-fd", &flags->code_fd,
                    "Open descriptor to read the six digits from, a line a guess; standard input without a terminal",
                    {.value_name = "FD", .check = NonNegative()});
  command.Exclude("--one-time", "--code-file");
  command.Require("--code-fd", "--one-time");
}

}  // namespace labyrinth::cli
