// The configuration file.
#ifndef LABYRINTH_SERVICE_CONFIG_TOML_FILE_H_
#define LABYRINTH_SERVICE_CONFIG_TOML_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "service/config/server_config.h"

namespace labyrinth::service {

// Reads one TOML file over `config`; what it doesn't name keeps its value. INVALID_ARGUMENT in one line that names the
// file and the line: unreadable, not TOML, an unknown key (a misspelt one must not be taken for its default), a value
// of another type or out of range. On an error `config` is of no use.
absl::Status ReadTomlFile(const std::string& path, ServerConfig& config);

// The same over text; `name` stands for the file in errors.
absl::Status ReadToml(std::string_view text, const std::string& name, ServerConfig& config);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_CONFIG_TOML_FILE_H_
