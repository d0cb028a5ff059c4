#include "tools/labyrinth/context.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "client/transfer/status.h"
#include "client/transfer/text.h"
#include "tools/cli/exit_code.h"

namespace labyrinth::cli {
namespace {

namespace fs = std::filesystem;

// What `labyrinthd --dev` answers to.
constexpr char kDevServerName[] = "labyrinth.dev";
constexpr char kDefaultEndpoint[] = "127.0.0.1:7430";
constexpr char kDevAccount[] = "me";

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

std::string ProfilePath(const std::string& flag) {
  if (!flag.empty()) return flag;
  if (std::string path = Environment("LABYRINTH_PROFILE"); !path.empty()) return path;
  std::string data = Environment("XDG_DATA_HOME");
  if (data.empty()) data = Environment("HOME") + "/.local/share";
  return data + "/labyrinth";
}

std::string AbsolutePath(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  return error ? path : absolute.string();
}

// The profile's folder itself is the client library's to make.
absl::Status MakeParents(const std::string& profile) {
  std::error_code error;
  const fs::path parent = fs::path(profile).parent_path();
  if (parent.empty() || fs::exists(parent, error)) return absl::OkStatus();
  fs::create_directories(parent, error);
  if (!error) return absl::OkStatus();
  return absl::FailedPreconditionError(fmt::format("{}: {}", client::Printable(parent.string()), error.message()));
}

}  // namespace

Context::Context(const GlobalFlags& flags)
    : flags_(flags),
      profile_(ProfilePath(flags.profile)),
      out_(flags.output == "json" ? OutputForm::kJson : OutputForm::kText) {}

absl::Status Context::Settle(const Settings& remembered) {
  settings_ = remembered;
  const auto overrule = [](const std::string& flag, std::string& setting) {
    if (!flag.empty()) setting = flag;
  };
  overrule(flags_.endpoint, settings_.endpoint);
  overrule(flags_.server_name, settings_.server_name);
  overrule(flags_.account, settings_.account);
  if (!flags_.ca_file.empty()) settings_.ca_file = AbsolutePath(flags_.ca_file);
  if (flags_.dev && !flags_.token_file.empty()) return Usage("--token-file: not together with --dev");
  if (flags_.dev) settings_.dev = true, settings_.token_file.clear();
  if (!flags_.token_file.empty()) settings_.dev = false, settings_.token_file = AbsolutePath(flags_.token_file);

  const auto fall_back = [](std::string& setting, const char* value) {
    if (setting.empty()) setting = value;
  };
  fall_back(settings_.endpoint, kDefaultEndpoint);
  if (settings_.dev) {
    fall_back(settings_.server_name, kDevServerName);
    fall_back(settings_.account, kDevAccount);
  }
  if (!settings_.dev && settings_.token_file.empty()) return Usage("--token-file: required (or --dev)");
  if (settings_.account.empty()) return Usage("--account: required");
  if (settings_.server_name.empty()) return Usage("--server-name: required");
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<client::LabyrinthClient>> Context::Open() {
  client::ClientOptions options;
  options.endpoint = settings_.endpoint;
  options.ca_file = settings_.ca_file;
  options.server_name = settings_.server_name;
  options.account_id = settings_.account;
  options.use_dev_issuer = settings_.dev;
  options.rotation = {.max_epoch_age_ms = settings_.rotate_after_days * client::kDayMs,
                      .max_absence_ms = settings_.rotate_away_days * client::kDayMs};
  if (!settings_.dev) options.tokens = client::TokenFromFile(settings_.token_file);
  auto opened = client::LabyrinthClient::Open(profile_, std::move(options));
  // It judges the options alone by that code, and they came from the command line.
  if (absl::IsInvalidArgument(opened.status())) return Usage(client::TextOf(opened.status()));
  return opened;
}

absl::StatusOr<std::unique_ptr<client::LabyrinthClient>> Context::OpenNewClient() {
  absl::StatusOr<std::optional<Settings>> remembered = LoadSettings(profile_);
  if (!remembered.ok()) return remembered.status();
  if (absl::Status s = Settle(remembered->value_or(Settings())); !s.ok()) return s;
  if (absl::Status s = MakeParents(profile_); !s.ok()) return s;
  auto opened = Open();
  if (!opened.ok()) return opened.status();
  if (absl::Status s = SaveSettings(profile_, settings_); !s.ok()) return s;
  return opened;
}

absl::StatusOr<std::unique_ptr<client::LabyrinthClient>> Context::OpenClient() {
  absl::StatusOr<std::optional<Settings>> remembered = LoadSettings(profile_);
  if (!remembered.ok()) return remembered.status();
  if (!remembered->has_value()) {
    return absl::NotFoundError(fmt::format("{}: no profile there: start with 'labyrinth init', or 'labyrinth join'",
                                           client::Printable(profile_)));
  }
  if (absl::Status s = Settle(**remembered); !s.ok()) return s;
  return Open();
}

absl::StatusOr<Settings> Context::Remember(absl::FunctionRef<void(Settings&)> change) {
  const auto locked = OpenClient();
  if (!locked.ok()) return locked.status();
  absl::StatusOr<std::optional<Settings>> remembered = LoadSettings(profile_);
  if (!remembered.ok()) return remembered.status();
  Settings settings = remembered->value_or(settings_);
  change(settings);
  if (absl::Status s = SaveSettings(profile_, settings); !s.ok()) return s;
  return settings;
}

}  // namespace labyrinth::cli
