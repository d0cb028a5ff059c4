#include "service/server/readiness.h"

#include <spdlog/sinks/ostream_sink.h>

#include <catch2/catch.hpp>
#include <map>
#include <sstream>

#include "storage/memory/faulty_engine.h"
#include "storage/memory/memory_engine.h"

namespace labyrinth::service {
namespace {

using storage::CommitFault;

class RecordedHealth final : public grpc::HealthCheckServiceInterface {
 public:
  void SetServingStatus(const std::string& service, bool serving) override { services[service] = serving; }
  void SetServingStatus(bool) override { all_set = true; }
  void Shutdown() override {}
  std::map<std::string, bool> services;
  bool all_set = false;
};

struct Watched {
  bool Check() {
    readiness.Check();
    return health.services.at("labyrinth.v1");
  }
  storage::MemoryEngine base;
  storage::FaultyEngine engine{base};
  absl::Status engine_health;
  SystemClock clock;  // the probe's deadline is the engine's business
  RecordedHealth health;
  std::ostringstream out;
  Log log{std::make_shared<spdlog::sinks::ostream_sink_mt>(out), LogLevel::kInfo, clock};
  Readiness readiness{engine, [this] { return engine_health; }, clock, health, log};
};

TEST_CASE("Ready while commits succeed, from the first one on") {
  Watched watched;
  CHECK(watched.health.services.empty());
  CHECK(watched.Check());
  CHECK(watched.Check());
  CHECK_FALSE(watched.health.all_set);  // liveness is left alone
  CHECK(watched.health.services.size() == 1);
}

TEST_CASE("Another node's or an earlier process's probes are no fault") {
  Watched watched;
  Watched earlier;
  CHECK(watched.Check());
  Readiness restarted(
      watched.engine, [] { return absl::OkStatus(); }, watched.clock, earlier.health, watched.log);
  restarted.Check();
  CHECK(earlier.health.services.at("labyrinth.v1"));
  CHECK(watched.Check());
}

TEST_CASE("Not ready when a commit's outcome is unknown, ready again when one succeeds") {
  Watched watched;
  CHECK(watched.Check());
  watched.engine.ScriptCommits({CommitFault::kUnknownLost, CommitFault::kUnknownApplied});
  CHECK_FALSE(watched.Check());
  CHECK_FALSE(watched.Check());
  CHECK(watched.Check());
  CHECK(watched.out.str().find("lvl=error ev=not_ready about=") != std::string::npos);
}

TEST_CASE("A healthy engine that refuses at once is ready: its disk is nearly full, and reads go on") {
  Watched watched;
  CHECK(watched.Check());
  watched.engine.ScriptCommits({CommitFault::kFail, CommitFault::kFail});
  CHECK(watched.Check());
  watched.engine_health = absl::UnavailableError("a sync failed");
  CHECK_FALSE(watched.Check());
  CHECK(watched.out.str().find("ev=not_ready about=\"a sync failed\"") != std::string::npos);
}

TEST_CASE("A draining server is not ready, whatever the probe says") {
  Watched watched;
  CHECK(watched.Check());
  watched.readiness.Drain();
  CHECK_FALSE(watched.health.services.at("labyrinth.v1"));
  CHECK_FALSE(watched.Check());
  CHECK(watched.out.str().find("not_ready") == std::string::npos);  // asked for, no alarm
  CHECK(watched.readiness.draining());
  CHECK_FALSE(watched.readiness.ready());
  watched.readiness.Undrain();
  CHECK_FALSE(watched.readiness.ready());  // before a probe has said so
  CHECK(watched.Check());
  CHECK(watched.readiness.ready());
}

}  // namespace
}  // namespace labyrinth::service
