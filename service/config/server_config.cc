#include "service/config/server_config.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "service/config/data_dir.h"
#include "service/config/listen_address.h"
#include "service/log/log.h"

namespace labyrinth::service {
namespace {

constexpr int64_t kMaxLeewayMs = 5 * 60 * 1000;
constexpr int64_t kMaxDrainMs = 60 * 60 * 1000;

absl::Status Bad(std::string_view key, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format("{}: {}", key, why));
}

absl::Status CheckReadable(std::string_view key, const std::string& path) {
  if (access(path.c_str(), R_OK) == 0) return absl::OkStatus();
  return Bad(key, fmt::format("{}: {}", path, std::strerror(errno)));
}

// Exactly the settings of the one mode, none of the other's: a production key left in a development server's file would
// look as if it were in force.
absl::Status CheckMode(const ServerConfig& config) {
  struct Row {
    std::string_view key;
    const std::string& value;
  };
  const Row rows[] = {{"accounts.issuer", config.accounts.issuer},
                      {"accounts.audience", config.accounts.audience},
                      {"accounts.jwks_file", config.accounts.jwks_file},
                      {"tls.cert_file", config.tls.cert_file},
                      {"tls.key_file", config.tls.key_file}};
  for (const Row& row : rows) {
    if (config.dev && !row.value.empty()) {
      return Bad(row.key, "has no meaning with --dev, which issues its own tokens and serves plaintext on loopback");
    }
    if (!config.dev && row.value.empty()) return Bad(row.key, "required (or --dev, for a development server)");
  }
  return absl::OkStatus();
}

absl::Status CheckListen(const ServerConfig& config) {
  if (config.listen.empty()) return Bad("listen", "required");
  const auto address = ListenAddress::Parse(config.listen);
  if (!address.has_value()) return Bad("listen", "must be HOST:PORT with a numeric address, [HOST]:PORT for IPv6");
  if (config.dev && !address->is_loopback()) {
    return Bad("listen", "--dev serves plaintext to anyone: a loopback address only");
  }
  return absl::OkStatus();
}

absl::Status CheckServerName(const std::string& name) {
  if (name.empty()) return Bad("server_name", "required");
  if (name.size() > kServerNameBytes) {
    return Bad("server_name", fmt::format("at most {} bytes: it stands in every log entry", kServerNameBytes));
  }
  for (const char c : name) {
    if (c <= ' ' || c > '~') return Bad("server_name", "printable ASCII without spaces");
  }
  return absl::OkStatus();
}

absl::Status CheckNumbers(const ServerConfig& config) {
  if (config.quota.bytes == 0) return Bad("quota.bytes", "at least 1");
  if (config.quota.messages == 0) return Bad("quota.messages", "at least 1");
  if (config.block_cache_mib < 8 || config.block_cache_mib > 1024 * 1024) {
    return Bad("rocksdb.block_cache_mib", "from 8 to 1048576");
  }
  if (config.min_free_mib < 64 || config.min_free_mib > 1024 * 1024 * 1024) {
    return Bad("rocksdb.min_free_mib", "from 64 to 1073741824");
  }
  if (config.accounts.leeway_ms < 0 || config.accounts.leeway_ms > kMaxLeewayMs) {
    return Bad("accounts.leeway_ms", fmt::format("from 0 to {}", kMaxLeewayMs));
  }
  if (config.drain_deadline_ms < 0 || config.drain_deadline_ms > kMaxDrainMs) {
    return Bad("drain_deadline_ms", fmt::format("from 0 to {}", kMaxDrainMs));
  }
  return absl::OkStatus();
}

absl::Status CheckFiles(const ServerConfig& config) {
  if (config.dev) return absl::OkStatus();
  for (const auto& [key, path] :
       {std::pair<std::string_view, const std::string&>{"tls.cert_file", config.tls.cert_file},
        {"tls.key_file", config.tls.key_file},
        {"accounts.jwks_file", config.accounts.jwks_file}}) {
    if (const absl::Status status = CheckReadable(key, path); !status.ok()) return status;
  }
  struct stat st {};
  if (stat(config.tls.key_file.c_str(), &st) == 0 && (st.st_mode & S_IROTH) != 0) {
    return Bad("tls.key_file", fmt::format("{}: everyone may read this key: chmod o-r it", config.tls.key_file));
  }
  return absl::OkStatus();
}

}  // namespace

std::string AdminSocketPath(const ServerConfig& config) {
  return config.admin.socket.empty() ? DefaultAdminSocketPath(config.data_dir) : config.admin.socket;
}

void ApplyDevDefaults(ServerConfig& config) {
  if (!config.dev) return;
  if (config.listen.empty()) config.listen = kDevListen;
  if (config.server_name.empty()) config.server_name = kDevServerName;
}

absl::Status Validate(const ServerConfig& config) {
  if (config.data_dir.empty()) return Bad("data_dir", "required");
  if (config.admin.status_socket == AdminSocketPath(config)) {
    return Bad("admin.status_socket", "must be another path than admin.socket");
  }
  if (config.engine != "rocksdb") return Bad("engine", "\"rocksdb\" is the only engine of this version");
  if (!ParseLogLevel(config.log_level).has_value()) return Bad("log_level", "debug, info, warn or error");
  for (const auto check : {CheckMode, CheckListen, CheckNumbers, CheckFiles}) {
    if (const absl::Status status = check(config); !status.ok()) return status;
  }
  return CheckServerName(config.server_name);
}

}  // namespace labyrinth::service
