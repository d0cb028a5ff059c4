#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "tools/labyrinth/commands.h"
#include "tools/labyrinth/device_name.h"

namespace labyrinth::cli {
namespace {

constexpr int64_t kMostDays = 36'500;

struct RotateFlags {
  std::optional<int64_t> after_days;
  std::optional<int64_t> away_days;
};

std::string DaysText(int64_t days) { return days == 0 ? "never" : fmt::format("after {} days", days); }

// Flags change what saves do from now on, and rotate nothing.
absl::Status RunPolicy(Context& context, const RotateFlags& flags) {
  const absl::StatusOr<Settings> settings = context.Remember([&](Settings& settings) {
    settings.rotate_after_days = flags.after_days.value_or(settings.rotate_after_days);
    settings.rotate_away_days = flags.away_days.value_or(settings.rotate_away_days);
  });
  if (!settings.ok()) return settings.status();
  context.out().Line(
      fmt::format("this device opens a fresh epoch before it saves: for the epoch's age {}; having been away {}",
                  DaysText(settings->rotate_after_days), DaysText(settings->rotate_away_days)));
  context.out().Document(
      {{"rotate_after_days", settings->rotate_after_days}, {"rotate_away_days", settings->rotate_away_days}});
  return absl::OkStatus();
}

absl::Status RunRotate(Context& context, const RotateFlags& flags) {
  if (flags.after_days.has_value() || flags.away_days.has_value()) return RunPolicy(context, flags);
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  const absl::StatusOr<client::RotationReport> report = (*client)->devices().Rotate();
  if (!report.ok()) return report.status();
  PrintRotation(context.out(), *report);
  context.out().Document(RotationDocument(*report));
  return absl::OkStatus();
}

}  // namespace

void AddRotate(Command root, Chosen& chosen) {
  auto flags = std::make_shared<RotateFlags>();
  Command command =
      AddCommand(root, chosen, "rotate", "Open a fresh epoch now; or, with a flag, say when saves do it by themselves",
                 /*changes=*/true, RunRotate, flags);
  command.AddOption("--after-days", &flags->after_days, "When the epoch is older than this; 0: never (first: 30)",
                    {.value_name = "DAYS", .check = InRange(0, kMostDays)});
  command.AddOption("--away-days", &flags->away_days,
                    "When this device saved nothing for so long; 0: never (first: 30)",
                    {.value_name = "DAYS", .check = InRange(0, kMostDays)});
}

}  // namespace labyrinth::cli
