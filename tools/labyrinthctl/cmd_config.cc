// config show|check: without a server
#include <fmt/format.h>

#include <string_view>

#include "client/transfer/text.h"
#include "service/config/server_config.h"
#include "service/config/toml_file.h"
#include "tools/cli/exit_code.h"
#include "tools/labyrinthctl/commands.h"

namespace labyrinth::ctl {
namespace {

using cli::Json;

struct ConfigFlags {
  std::string file = "/etc/labyrinth/labyrinthd.toml";
};

absl::StatusOr<service::ServerConfig> Load(const ConfigFlags& flags) {
  service::ServerConfig config;
  absl::Status status = service::ReadTomlFile(flags.file, config);
  if (status.ok()) {
    status = service::Validate(config);
    if (!status.ok()) {
      status = absl::Status(status.code(), fmt::format("{}: {}", flags.file, std::string(status.message())));
    }
  }
  if (!status.ok()) return status;
  return config;
}

absl::Status Check(Context& context, const ConfigFlags& flags) {
  const auto config = Load(flags);
  if (!config.ok()) return config.status();
  context.out().Line(fmt::format("{}: fit to start with", client::Printable(flags.file)));
  context.out().Document({{"file", flags.file}, {"ok", true}});
  return absl::OkStatus();
}

// Everything in force, defaults included, as a file that says the same.
absl::Status Show(Context& context, const ConfigFlags& flags) {
  const auto loaded = Load(flags);
  if (!loaded.ok()) return loaded.status();
  const service::ServerConfig& c = *loaded;
  const Json json = {
      {"listen", c.listen},
      {"data_dir", c.data_dir},
      {"engine", c.engine},
      {"server_name", c.server_name},
      {"log_level", c.log_level},
      {"drain_deadline_ms", c.drain_deadline_ms},
      {"accounts",
       {{"issuer", c.accounts.issuer},
        {"audience", c.accounts.audience},
        {"jwks_file", c.accounts.jwks_file},
        {"leeway_ms", c.accounts.leeway_ms}}},
      {"tls", {{"cert_file", c.tls.cert_file}, {"key_file", c.tls.key_file}}},
      {"quota", {{"bytes", c.quota.bytes}, {"messages", c.quota.messages}}},
      {"admin", {{"socket", service::AdminSocketPath(c)}, {"status_socket", c.admin.status_socket}}},
      {"rocksdb", {{"block_cache_mib", c.block_cache_mib}, {"min_free_mib", c.min_free_mib}}},
  };
  const auto line = [&](const std::string& key, const Json& value) {
    // JSON's strings are TOML's, as far as both are ASCII.
    const std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
    context.out().Line(fmt::format("{} = {}", key, text));
  };
  for (const auto& [key, value] : json.items()) {
    if (!value.is_object()) line(key, value);
  }
  for (const auto& [table, values] : json.items()) {
    if (!values.is_object()) continue;
    context.out().Line(fmt::format("\n[{}]", table));
    for (const auto& [key, value] : values.items()) line(key, value);
  }
  context.out().Document(json);
  return absl::OkStatus();
}

}  // namespace

void AddConfig(cli::Command root, Chosen& chosen) {
  cli::Command config = root.AddGroup("config", "The server's configuration file");
  for (const auto& [name, what, run] : {std::tuple{"check", "Whether a server would start with it", &Check},
                                        std::tuple{"show", "What it comes to, defaults included", &Show}}) {
    const auto flags = std::make_shared<ConfigFlags>();
    AddCommand(config, chosen, name, what, false, run, flags)
        .AddOption("FILE", &flags->file, "TOML", {.shows_default = true});
  }
}

}  // namespace labyrinth::ctl
