#include "service/server/admin_host.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include "common/version.h"
#include "service/config/listen_address.h"

namespace labyrinth::service {

void ProcessHost::Describe(v1::GetServerResponse& response) {
  const ServerConfig& config = parts_.config;
  response.set_version(kVersion);
  response.set_server_name(config.server_name);
  response.set_dev(config.dev);
  response.set_engine(config.engine);
  response.set_generation(parts_.generation);
  response.set_start_ms(start_ms_);
  response.set_server_time_ms(parts_.clock.NowMs());
  response.set_ready(parts_.readiness.ready());
  response.set_draining(parts_.readiness.draining());
  response.set_engine_health(std::string(parts_.engine_health().message()));
  const ServerLoad load = Load();
  response.set_pending_operations(load.pending_operations);
  response.set_open_streams(load.open_streams);
  struct statvfs disk;
  if (statvfs(config.data_dir.c_str(), &disk) == 0) {
    response.set_free_bytes(static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize);
  }
  response.set_reserve_bytes(parts_.reserve_bytes);
  response.set_data_dir(config.data_dir);
  auto address = ListenAddress::Parse(config.listen);
  if (address.has_value()) {
    address->port = static_cast<uint16_t>(parts_.port);
    response.set_listen(address->ToString());
  }
}

ServerLoad ProcessHost::Load() {
  ServerLoad load;
  load.pending_operations = parts_.sequencer.pending();
  for (const Streams* streams : parts_.streams) load.open_streams += streams->size();
  return load;
}

void ProcessHost::SetDraining(bool draining) {
  // Readiness first: whoever is sent away finds another server.
  if (draining) parts_.readiness.Drain();
  for (Streams* streams : parts_.streams) draining ? streams->Drain() : streams->Undrain();
  if (!draining) parts_.readiness.Undrain();
}

}  // namespace labyrinth::service
