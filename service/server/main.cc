// labyrinthd: the server. Exit status: 0 stopped as asked, 1 can't run, 2 wrong flags or configuration.
#include <fmt/format.h>
#include <grpc/support/log.h>
#include <signal.h>

#include <cstdio>
#include <string>
#include <variant>

#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "crypto/primitives/system_random.h"
#include "service/auth/dev_issuer.h"
#include "service/config/command_line.h"
#include "service/server/environment.h"

namespace labyrinth::service {
namespace {

int Fail(const absl::Status& status, int exit_status) {
  fmt::print(stderr, "labyrinthd: {}\n", std::string(status.message()));
  return exit_status;
}

int Do(const PrintCommand& command) {
  fmt::print("{}", command.text);
  return 0;
}

int Do(const TokenCommand& command) {
  SystemClock clock;
  crypto::SystemRandom random;
  auto issuer = DevIssuer::LoadOrCreate(DevIssuerKeyPath(command.data_dir), random, clock);
  if (!issuer.ok()) return Fail(issuer.status(), 1);
  auto token = issuer->IssueToken(command.account);
  if (!token.ok()) return Fail(token.status(), 2);
  fmt::print("{}\n", *token);
  return 0;
}

int Do(const ServeCommand& command) {
  // Every thread inherits this, so that the signals wait for sigwait below.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);  // certificates and keys reload by themselves
  // gRPC's own lines may name peers and don't keep to our form.
  gpr_set_log_function([](gpr_log_func_args*) {});

  // Debian's abseil looks for locks that could deadlock: for tests, as it takes some 2% of a page's time.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);

  SystemClock clock;
  crypto::SystemRandom random;
  auto environment = Environment::Start(command.config, clock, random, BufferedStderr());
  if (!environment.ok()) {
    return Fail(environment.status(), absl::IsInvalidArgument(environment.status()) ? 2 : 1);
  }
  int received = 0;
  sigwait(&stop_signals, &received);
  // From here on a second signal ends the process: what was acknowledged is durable anyway.
  pthread_sigmask(SIG_UNBLOCK, &stop_signals, nullptr);
  (*environment)->Drain();
  return 0;
}

int Run(int argc, char** argv) {
  auto command = ParseCommandLine(argc, argv);
  if (!command.ok()) return Fail(command.status(), 2);
  return std::visit([](const auto& parsed) { return Do(parsed); }, *command);
}

}  // namespace
}  // namespace labyrinth::service

int main(int argc, char** argv) { return labyrinth::service::Run(argc, argv); }
