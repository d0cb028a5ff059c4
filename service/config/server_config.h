// What an operator may choose (docs/OPERATIONS.md has the table).
#ifndef LABYRINTH_SERVICE_CONFIG_SERVER_CONFIG_H_
#define LABYRINTH_SERVICE_CONFIG_SERVER_CONFIG_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "common/limits.h"

namespace labyrinth::service {

// A development server: what --dev fills in.
inline constexpr std::string_view kDevServerName = "labyrinth.dev";
inline constexpr std::string_view kDevListen = "127.0.0.1:7430";

// The longest server name that leaves room for every account id in a log entry (crypto/statements/log_entry.h).
inline constexpr std::size_t kServerNameBytes = 33;

// Secrets are never in here: only the names of files that hold them.
struct ServerConfig {
  std::string listen;    // "HOST:PORT", a numeric address; port 0: any free one
  std::string data_dir;  // made if it isn't there
  std::string engine = "rocksdb";
  // Every removal, outside of what backups hold; better on another disk. Empty: DATA_DIR/revocations.journal.
  std::string revocation_journal;
  std::string server_name;  // signed into every statement; never changes

  struct Accounts {
    std::string issuer;
    std::string audience;
    std::string jwks_file;
    int64_t leeway_ms = 30'000;  // by how much the issuer's clock may differ
  } accounts;

  struct Tls {
    std::string cert_file;  // PEM, the chain
    std::string key_file;   // PEM
  } tls;

  struct Quota {
    uint64_t bytes = limits::kQuotaBytes;
    uint64_t messages = limits::kQuotaMessages;
  } quota;  // of each mailbox

  // Unix sockets of the operator's calls.
  struct Admin {
    std::string socket;         // everything; empty: DATA_DIR/admin.sock
    std::string status_socket;  // what changes nothing; empty: none
  } admin;

  uint32_t block_cache_mib = 256;
  uint32_t min_free_mib = 1024;  // of the disk: below, saves are refused
  int64_t drain_deadline_ms = 30'000;
  std::string log_level = "info";

  // By command line alone.
  bool dev = false;
  bool begin_journal = false;  // the store's journal of revocations is lost: a new one
  std::string port_file;       // the port that was bound is written here, whole or not at all
};

// Where the operator's calls are served.
std::string AdminSocketPath(const ServerConfig& config);

// Fills in what --dev implies.
void ApplyDevDefaults(ServerConfig& config);

// OK, or INVALID_ARGUMENT in one line that names the key: what is missing, out of range or doesn't go together; a file
// that can't be read; a TLS key that others may read.
absl::Status Validate(const ServerConfig& config);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_CONFIG_SERVER_CONFIG_H_
