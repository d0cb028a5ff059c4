// labyrinth-bench: our server and its floors, in one run.
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>

#include "tools/bench/bench.h"
#include "tools/bench/floor_service.h"
#include "tools/bench/html_report.h"
#include "tools/bench/report.h"

namespace labyrinth::bench {
namespace {

struct Flags {
  BenchOptions bench;
  std::string parent_dir = "/var/tmp";
  std::string json_file, html_file, against_file, commit = "unknown";
  std::vector<std::string> only;
  std::string serve_floor;
};

std::string Today() {
  const std::time_t now = std::time(nullptr);
  char text[16];
  std::strftime(text, sizeof(text), "%Y-%m-%d", std::gmtime(&now));
  return text;
}

// Rows, or curves, from number `first` on.
template <typename Measured>
void TellNew(const std::vector<Measured>& all, std::size_t first) {
  for (std::size_t i = first; i < all.size(); ++i) {
    fmt::print(stderr, "labyrinth-bench: {} measured\n", all[i].name);
  }
}

absl::Status MeasureAll(Bench& bench) {
  absl::Status (*const experiments[])(Bench&) = {
      MeasureSaves,    MeasureBatches,    MeasureBackup,  MeasurePages,       MeasureLatency, MeasureDevices,
      MeasureFlatness, MeasureCold,       MeasureRestore, MeasureAttachments, MeasureDisk,    MeasureMemory,
      MeasureBySize,   MeasureByInFlight, MeasureByLoad,  MeasureByBatch,     MeasureOther};
  for (const auto experiment : experiments) {
    const std::size_t rows = bench.rows().size(), curves = bench.curves().size();
    if (absl::Status status = experiment(bench); !status.ok()) return status;
    TellNew(bench.rows(), rows);
    TellNew(bench.curves(), curves);
  }
  return absl::OkStatus();
}

absl::StatusOr<Report> Measure(const Flags& flags) {
  const auto machine = LookAtMachine(flags.bench.dir);
  if (!machine.ok()) return machine.status();
  Bench bench(flags.bench);
  if (absl::Status status = bench.rounds().CheckQuiet(); !status.ok()) return status;
  if (absl::Status status = MeasureAll(bench); !status.ok()) return status;
  return Report{.machine = *machine,
                .date = Today(),
                .commit = flags.commit,
                .quick = bench.quick(),
                .allow_busy = bench.rounds().allow_busy(),
                .rounds = bench.rounds().count(),
                .slice_seconds = bench.slice_seconds(),
                .worst = bench.rounds().worst(),
                .repeated = bench.rounds().repeated(),
                .rows = bench.rows(),
                .curves = bench.curves()};
}

int Fail(const absl::Status& status) {
  fmt::print(stderr, "labyrinth-bench: {}\n", std::string(status.message()));
  return 1;
}

// Nothing, if no file is asked for.
absl::Status Write(const std::string& file, const std::string& text) {
  if (file.empty()) return absl::OkStatus();
  std::ofstream out(file);
  out << text;
  return out.flush() ? absl::OkStatus() : absl::UnavailableError(file + ": cannot be written");
}

// What the report says beyond its numbers decides the exit code: a row that was refused, or got worse.
int Tell(const Flags& flags, const std::string& earlier, const Report& report) {
  fmt::print("{}", ToTable(report));
  if (absl::Status written = Write(flags.json_file, ToJson(report)); !written.ok()) return Fail(written);
  if (absl::Status written = Write(flags.html_file, ToHtml(report)); !written.ok()) return Fail(written);
  if (flags.against_file.empty()) return 0;
  const auto worse = WorseThan(earlier, report);
  if (!worse.ok()) return Fail(worse.status());
  for (const std::string& line : *worse) fmt::print("WORSE {}\n", line);
  if (worse->empty()) fmt::print("nothing is worse than in {}\n", flags.against_file);
  return worse->empty() ? 0 : 1;
}

int MeasureAndTell(const Flags& flags, const std::string& earlier) {
  const auto report = Measure(flags);
  return report.ok() ? Tell(flags, earlier, *report) : Fail(report.status());
}

// Whatever ends the measurement, an interrupt among it, the gigabytes go: so it runs in a process of its own, whose
// children die with it.
int RunThenRemove(const std::string& dir, const std::function<int()>& measure) {
  sigset_t watched, before;
  sigemptyset(&watched);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&watched, signal);
  sigprocmask(SIG_BLOCK, &watched, &before);
  const pid_t child = fork();
  if (child < 0) return Fail(absl::UnavailableError("fork failed"));
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    const int code = measure();
    std::fflush(nullptr);
    _exit(code);
  }
  int status = 0;
  while (waitpid(child, &status, WNOHANG) != child) {
    int signal = 0;
    sigwait(&watched, &signal);
    if (signal != SIGCHLD) kill(child, signal);
  }
  std::error_code error;
  // A killed server may still make a file or two.
  for (int i = 0; i < 10 && std::filesystem::exists(dir, error); ++i) {
    std::filesystem::remove_all(dir, error);
    if (error) poll(nullptr, 0, 100);
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int Run(Flags flags, const std::string& own_binary) {
  if (!flags.serve_floor.empty()) {
    const absl::Status status = ServeFloor(flags.serve_floor, flags.bench.seed);
    return status.ok() ? 0 : Fail(status);
  }
  std::string earlier;
  if (!flags.against_file.empty()) {
    std::ifstream in(flags.against_file);
    std::stringstream text;
    text << in.rdbuf();
    if (!in) return Fail(absl::UnavailableError(flags.against_file + ": cannot be read"));
    earlier = text.str();
    // Told now, and not after ten minutes of measuring.
    Report nothing;
    nothing.quick = flags.bench.quick;
    const auto comparable = WorseThan(earlier, nothing);
    if (!comparable.ok()) {
      return Fail(absl::InvalidArgumentError(flags.against_file + ": " + std::string(comparable.status().message())));
    }
  }
  flags.bench.own_binary = own_binary;
  std::string dir = std::filesystem::absolute(flags.parent_dir).string() + "/labyrinth-bench-XXXXXX";
  if (mkdtemp(dir.data()) == nullptr) return Fail(absl::UnavailableError(dir + ": cannot be made"));
  // PostgreSQL's user passes through it.
  std::filesystem::permissions(dir, std::filesystem::perms::owner_all | std::filesystem::perms::others_exec);
  flags.bench.dir = dir;
  return RunThenRemove(dir, [&] { return MeasureAndTell(flags, earlier); });
}

int Main(int argc, char** argv) {
  const std::string own_binary = std::filesystem::read_symlink("/proc/self/exe").string();
  Flags flags;
  CLI::App app("Measures a Labyrinth server beside an empty gRPC service, RocksDB and PostgreSQL.", "labyrinth-bench");
  app.add_flag("--quick", flags.bench.quick, "smaller sizes and shorter rounds: for a look, not for a claim");
  app.add_flag("--allow-busy", flags.bench.allow_busy, "measure although others use the machine, and say so");
  app.add_option("--only", flags.only, "names of rows and curves, with commas between them")->delimiter(',');
  app.add_option("--json", flags.json_file, "write the result to this file as well");
  app.add_option("--html", flags.html_file, "write the result to this file as a page to read");
  app.add_option("--against", flags.against_file, "an earlier result: fail if a row is worse than noise explains");
  app.add_option("--dir", flags.parent_dir, "where everything is kept meanwhile: a disk, with 8 GB free");
  app.add_option("--server", flags.bench.server_binary, "labyrinthd (default: beside this program)");
  app.add_option("--other", flags.bench.other_binary,
                 "another labyrinthd: measures this one beside it, and nothing else unless --only says so");
  app.add_option("--rounds", flags.bench.rounds, "how often each is measured (default: 9, or 3 with --quick)")
      ->check(CLI::Range(1, 1000));
  app.add_option("--slice", flags.bench.slice_seconds,
                 "how many seconds each takes (default: 0.8, or 0.4 with --quick)")
      ->check(CLI::Range(0.1, 60.0));
  app.add_option("--ctl", flags.bench.ctl_binary, "labyrinthctl (default: beside this program)");
  app.add_option("--commit", flags.commit, "what is measured, for the result");
  app.add_option("--seed", flags.bench.seed, "of the messages");
  app.add_option("--serve-floor", flags.serve_floor)->group("");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    fmt::print(stderr, "labyrinth-bench: {}\n", error.what());
    return 2;
  }
  const auto is_among = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  const bool has_other = !flags.bench.other_binary.empty();
  if (has_other && flags.only.empty()) flags.only = OtherRows();
  for (const std::string& name : flags.only) {
    if (is_among(OtherRows(), name) && !has_other) {
      fmt::print(stderr, "labyrinth-bench: --only: {} needs --other\n", name);
      return 2;
    }
    if (!is_among(AllRows(), name) && !is_among(AllCurves(), name) && !is_among(OtherRows(), name)) {
      fmt::print(stderr, "labyrinth-bench: --only: no row or curve '{}'; there are: {}, and the curves {}\n", name,
                 fmt::join(AllRows(), " "), fmt::join(AllCurves(), " "));
      return 2;
    }
    flags.bench.only.insert(name);
  }
  const std::string beside = std::filesystem::path(own_binary).parent_path().string();
  if (flags.bench.server_binary.empty()) flags.bench.server_binary = beside + "/labyrinthd";
  if (flags.bench.ctl_binary.empty()) flags.bench.ctl_binary = beside + "/labyrinthctl";
  signal(SIGPIPE, SIG_IGN);
  return Run(std::move(flags), own_binary);
}

}  // namespace
}  // namespace labyrinth::bench

int main(int argc, char** argv) { return labyrinth::bench::Main(argc, argv); }
