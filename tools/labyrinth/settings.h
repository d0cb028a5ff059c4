// What a profile remembers about its server, so that only the first command names it.
#ifndef LABYRINTH_TOOLS_LABYRINTH_SETTINGS_H_
#define LABYRINTH_TOOLS_LABYRINTH_SETTINGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/rotation_policy.h"

namespace labyrinth::cli {

// No secrets: those are in the keychain beside it, and the account's token in a file of the account's own.
struct Settings {
  std::string endpoint;     // "host:port"
  std::string ca_file;      // absolute; empty: plaintext, loopback only
  std::string server_name;  // signed into statements
  std::string account;
  std::string token_file;  // absolute; empty with `dev`
  bool dev = false;
  // When a save opens a fresh epoch first (client/rotation_policy.h); 0: never.
  int64_t rotate_after_days = client::RotationPolicy().max_epoch_age_ms / client::kDayMs;
  int64_t rotate_away_days = client::RotationPolicy().max_absence_ms / client::kDayMs;
};

// PROFILE/client.json. nullopt if there is none; FAILED_PRECONDITION if it can't be read or isn't ours.
absl::StatusOr<std::optional<Settings>> LoadSettings(const std::string& profile);

// Replaces the file as a whole. FAILED_PRECONDITION if that fails.
absl::Status SaveSettings(const std::string& profile, const Settings& settings);

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_LABYRINTH_SETTINGS_H_
