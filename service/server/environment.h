// The server's one object graph.
#ifndef LABYRINTH_SERVICE_SERVER_ENVIRONMENT_H_
#define LABYRINTH_SERVICE_SERVER_ENVIRONMENT_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/random.h"
#include "service/config/data_dir.h"
#include "service/config/server_config.h"
#include "service/log/log.h"
#include "storage/rocksdb/backup.h"

namespace labyrinth::service {

// Everything that runs, made in order and unmade in reverse. The only place that names an engine. Thread-compatible.
class Environment {
 public:
  // Opens the store, loads the keys and listens. An error is one line for the operator that names the file, directory
  // or address. The log goes to `sink`. `clock` and `random` outlive the environment.
  static absl::StatusOr<std::unique_ptr<Environment>> Start(const ServerConfig& config, const Clock& clock,
                                                            RandomSource& random, spdlog::sink_ptr sink);
  ~Environment();

  int port() const;

  // Backs the store up into `dir` while it serves: storage/rocksdb/backup.h, whose errors these are. The backup notes
  // which journal of revocations goes with it. Blocks; any thread.
  absl::StatusOr<storage::BackupRecord> BackUp(const std::string& dir, storage::BackupOptions options);

  // Stops taking calls, lets running ones finish until config.drain_deadline_ms, and cancels the rest. What was
  // acknowledged is durable anyway.
  void Drain();

 private:
  struct Parts;
  explicit Environment(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_SERVER_ENVIRONMENT_H_
