#include "service/config/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <utility>

#include "common/version.h"
#include "service/config/toml_file.h"

namespace labyrinth::service {
namespace {

// What the flags said; nullopt: nothing.
struct Flags {
  std::string config_file;
  std::optional<std::string> data_dir, listen, server_name, log_level, port_file;
  bool dev = false;
  bool begin_journal = false;
  std::string account;
};

absl::StatusOr<Command> ToServe(const Flags& flags) {
  ServerConfig config;
  if (!flags.config_file.empty()) {
    if (const absl::Status status = ReadTomlFile(flags.config_file, config); !status.ok()) return status;
  }
  const auto take = [](const std::optional<std::string>& flag, std::string& out) {
    if (flag.has_value()) out = *flag;
  };
  take(flags.data_dir, config.data_dir);
  take(flags.listen, config.listen);
  take(flags.server_name, config.server_name);
  take(flags.log_level, config.log_level);
  take(flags.port_file, config.port_file);
  config.dev = flags.dev;
  config.begin_journal = flags.begin_journal;
  ApplyDevDefaults(config);
  if (const absl::Status status = Validate(config); !status.ok()) return status;
  return ServeCommand{std::move(config)};
}

absl::StatusOr<Command> ToToken(const Flags& flags) {
  if (!flags.dev) return absl::InvalidArgumentError("token: only a development server issues tokens: add --dev");
  if (!flags.data_dir.has_value() || flags.data_dir->empty()) return absl::InvalidArgumentError("--data-dir: required");
  if (flags.account.empty()) return absl::InvalidArgumentError("--account: required");
  return TokenCommand{.data_dir = *flags.data_dir, .account = flags.account};
}

// CLI11's texts may have several lines; an operator's console gets one.
std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

absl::StatusOr<Command> ParseCommandLine(int argc, const char* const* argv) {
  CLI::App app("A Labyrinth server: end-to-end encrypted message history.", "labyrinthd");
  Flags flags;
  app.set_version_flag("--version", fmt::format("labyrinthd {}", kVersion));
  app.fallthrough();  // flags may stand behind the subcommand
  app.add_option("--config", flags.config_file, "configuration file (TOML)");
  app.add_option("--data-dir", flags.data_dir, "where everything is kept; made if it isn't there");
  app.add_option("--listen", flags.listen, "HOST:PORT of the public listener; port 0 takes a free one");
  app.add_option("--server-name", flags.server_name, "the name that devices sign; never changes");
  app.add_option("--log-level", flags.log_level, "debug, info, warn or error");
  app.add_option("--port-file", flags.port_file, "write the port that was bound to this file");
  app.add_flag("--dev", flags.dev, "development server: plaintext on loopback, tokens for anyone, for ever");
  app.add_flag(
      "--begin-journal", flags.begin_journal,
      "the journal of revocations is lost: begin a new one; backups made before can't be restored safely then");
  const CLI::App* serve = app.add_subcommand("serve", "run the server (the default)");
  CLI::App* token = app.add_subcommand("token", "print a development server's token for an account");
  token->add_option("--account", flags.account, "the account's id");
  app.require_subcommand(0, 1);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return PrintCommand{app.help()};
  } catch (const CLI::CallForAllHelp&) {
    return PrintCommand{app.help()};
  } catch (const CLI::CallForVersion&) {
    return PrintCommand{fmt::format("labyrinthd {}\n", kVersion)};
  } catch (const CLI::Error& error) {
    return absl::InvalidArgumentError(FirstLine(error.what()));
  }
  (void)serve;
  return token->parsed() ? ToToken(flags) : ToServe(flags);
}

}  // namespace labyrinth::service
