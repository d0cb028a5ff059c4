// Whether this server can do its work, as its health service tells load balancers.
#ifndef LABYRINTH_SERVICE_SERVER_READINESS_H_
#define LABYRINTH_SERVICE_SERVER_READINESS_H_

#include <grpcpp/health_check_service_interface.h>

#include <functional>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "service/log/log.h"
#include "storage/engine.h"

namespace labyrinth::service {

// Proves every few seconds that the engine can still make something durable, by a commit to a partition of its own, and
// sets the service `labyrinth.v1` SERVING or not. An engine that is healthy and refuses the commit at once has a nearly
// full disk or queue: that is still ready, for reads go on. Liveness (the empty name) stays with gRPC: it never depends
// on storage. Thread-safe.
class Readiness {
 public:
  static constexpr char kService[] = "labyrinth.v1";
  static constexpr char kProbePartition[] = "probe";
  static constexpr absl::Duration kProbeInterval = absl::Seconds(5);
  // The engine's own word on whether it can write, in the operator's terms.
  using EngineHealth = std::function<absl::Status()>;

  // All outlive it. Not serving until the first probe succeeded.
  Readiness(storage::Engine& engine, EngineHealth engine_health, const Clock& clock,
            grpc::HealthCheckServiceInterface& health, Log& log)
      : engine_(engine), engine_health_(std::move(engine_health)), clock_(clock), health_(health), log_(log) {}
  ~Readiness();

  // Probes once, then again and again on a thread of its own.
  void Start();
  // Probes once. By one thread at a time.
  void Check() { Report(Probe()); }
  // Not serving from now on: the server is about to stop, or is taken out of service.
  void Drain() ABSL_LOCKS_EXCLUDED(mutex_);
  // Back into service, as soon as the next probe has succeeded.
  void Undrain() ABSL_LOCKS_EXCLUDED(mutex_);
  // What was reported last.
  bool ready() const ABSL_LOCKS_EXCLUDED(mutex_);
  bool draining() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Loop() ABSL_LOCKS_EXCLUDED(mutex_);
  bool Probe();
  void Report(bool ready) ABSL_LOCKS_EXCLUDED(mutex_);

  storage::Engine& engine_;
  const EngineHealth engine_health_;
  const Clock& clock_;
  grpc::HealthCheckServiceInterface& health_;
  Log& log_;
  storage::Position probe_at_;  // by the thread that probes
  mutable absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<bool> ready_ ABSL_GUARDED_BY(mutex_);  // as last reported
  std::thread thread_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_SERVER_READINESS_H_
