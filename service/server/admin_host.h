// The process, as the operator's calls see it.
#ifndef LABYRINTH_SERVICE_SERVER_ADMIN_HOST_H_
#define LABYRINTH_SERVICE_SERVER_ADMIN_HOST_H_

#include <functional>
#include <utility>
#include <vector>

#include "service/admin/admin_service.h"
#include "service/config/server_config.h"
#include "service/handlers/streams.h"
#include "service/server/readiness.h"

namespace labyrinth::service {

// Thread-safe. All outlive it.
class ProcessHost final : public AdminHost {
 public:
  struct Parts {
    const ServerConfig& config;
    int port;  // that was bound
    uint64_t generation;
    std::function<absl::Status()> engine_health;
    uint64_t reserve_bytes;
    const mailbox::Sequencer& sequencer;
    std::vector<Streams*> streams;
    Readiness& readiness;
    const Clock& clock;
  };

  explicit ProcessHost(Parts parts) : parts_(std::move(parts)), start_ms_(parts_.clock.NowMs()) {}

  void Describe(v1::GetServerResponse& response) override;
  ServerLoad Load() override;
  void SetDraining(bool draining) override;

 private:
  const Parts parts_;
  const int64_t start_ms_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_SERVER_ADMIN_HOST_H_
