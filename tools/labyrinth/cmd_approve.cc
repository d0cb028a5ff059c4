#include <fmt/format.h>

#include <cstdio>
#include <memory>

#include "client/transfer/text.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/terminal.h"
#include "tools/labyrinth/commands.h"
#include "tools/labyrinth/device_name.h"

namespace labyrinth::cli {
namespace {

struct ApproveFlags {
  bool yes = false;
};

// Standard error, for the code is for a person's eyes even where the result goes to a program.
class Screen final : public client::ApprovePrompts {
 public:
  explicit Screen(bool yes) : yes_(yes) {}

  bool Consent(const client::JoinRequest& request, int codes_left) override {
    const std::string what = fmt::format(
        "A device asks to join. Its key is {}: the same must stand on its screen.\n"
        "It will read everything. Codes left today: {}.",
        request.fingerprint, codes_left);
    if (!yes_) return ConfirmByName(what, "yes").ok();
    fmt::print(stderr, "{}\n", what);
    return true;
  }
  void ShowCode(const client::JoinRequest&, const crypto::Secret& code, int64_t) override {
    fmt::print(stderr, "Type this on the other device, within five minutes: {}\n", code.RevealSecret());
    std::fflush(stderr);
  }
  void WrongCode(int guesses_left) override {
    fmt::print(stderr, "The other device holds another code: mistyped, or somebody guesses. Guesses left: {}\n",
               guesses_left);
  }
  void CodeOver() override {}  // what the command prints next says so
  bool GoOn() override { return !interrupt_.interrupted(); }

 private:
  const bool yes_;
  InterruptScope interrupt_;
};

absl::Status RunApprove(Context& context, const ApproveFlags& flags) {
  if (!flags.yes && !HasPerson()) return Usage("--yes: required where there is no terminal to ask on");
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  Screen screen(flags.yes);
  fmt::print(stderr, "Waiting for a device: run 'labyrinth join --one-time' on it. Ctrl-C ends this.\n");
  absl::StatusOr<client::ApproveReport> approved = (*client)->one_time_codes().Approve(screen);
  if (!approved.ok()) return approved.status();
  if (!approved->device) return absl::FailedPreconditionError("refused: no device was added");
  const std::string handle = DeviceHandle(approved->device->device_id);
  context.out().Line(
      fmt::format("added device {} to the mailbox of account {}", handle, client::Printable(context.account())));
  context.out().Document({{"account", context.account()},
                          {"fingerprint", approved->request.fingerprint},
                          {"handle", handle},
                          {"device", DeviceDocument(*approved->device)}});
  return absl::OkStatus();
}

}  // namespace

void AddApprove(Command root, Chosen& chosen) {
  auto flags = std::make_shared<ApproveFlags>();
  Command command =
      AddCommand(root, chosen, "approve", "Let a device next to this one join, by a one-time code that is shown here",
                 /*changes=*/true, RunApprove, flags);
  command.AddFlag("--yes", &flags->yes, "Consent to the first request without asking");
}

}  // namespace labyrinth::cli
