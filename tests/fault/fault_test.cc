// A little of every kind of fault in each run, and canaries: what is broken for real must be found. ./dev fault runs
// more.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/fault/engine_run.h"
#include "tests/fault/kill_run.h"
#include "tests/fault/power_run.h"
#include "tests/fault/tally.h"

namespace labyrinth::fault {
namespace {

uint64_t NumberOr(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}
uint64_t Seed() { return NumberOr("LABYRINTH_SEED", 20261128); }

KillOptions Server() { return {.server = "service/server/labyrinthd"}; }

PowerOptions Disk() {
  const char* folder = std::getenv("TEST_UNDECLARED_OUTPUTS_DIR");
  PowerOptions options;
  options.keep_in = (folder != nullptr ? std::string(folder) : "/tmp") + "/labyrinth_power_cut";
  std::filesystem::remove_all(options.keep_in);
  return options;
}

void MustBeClean(const Tally& tally) {
  INFO("LABYRINTH_SEED=" << Seed() << ", after " << tally.rounds << " rounds\n" << tally.Text());
  CHECK(tally.clean());
  CHECK(tally.acknowledged > 0);
  CHECK(tally.unknown > 0);
}

TEST_CASE("what was acknowledged is there after kill -9 of the server under load") {
  MustBeClean(RunKills(Seed(), 3, Server()));
}

TEST_CASE("a log that lost its end before anybody looked is found out") {
  KillOptions options = Server();
  options.lose_log = true;
  const Tally tally = RunKills(Seed(), 3, options);
  INFO(tally.Text());
  CHECK(tally.lost > 0);
}

TEST_CASE("what was acknowledged is there after a power cut, whatever becomes of the rest") {
  PowerOptions options = Disk();
  options.enough = [](const PowerTally& met) {
    return met.unknown > 0 && met.in_open > 0 && met.damage.tails_torn > 0 && met.damage.changes_undone > 0;
  };
  const PowerTally tally = RunPowerCuts(Seed(), 16, options);
  MustBeClean(tally);
  CHECK(tally.in_open > 0);
  CHECK(tally.damage.tails_torn > 0);
  CHECK(tally.damage.changes_undone > 0);
}

TEST_CASE("a disk that only claims to sync is found out") {
  PowerOptions options;
  options.lie = PowerDisk::Lie::kSyncs;
  const PowerTally tally = RunPowerCuts(Seed(), 100, options);
  INFO(tally.Text());
  CHECK_FALSE(tally.clean());
}

TEST_CASE("nothing is lost or doubled over an engine that fails, answers late or not at all") {
  MustBeClean(RunFaultyEngine(Seed(), 20));
}

TEST_CASE("an engine that breaks its promises is found out") {
  const Canary canary = GENERATE(Canary::kDropsCommit, Canary::kAppliesUnknownTwice, Canary::kForgetsCondition);
  INFO("canary " << static_cast<int>(canary));
  CHECK_FALSE(RunFaultyEngine(Seed(), 40, canary).clean());
}

TEST_CASE("what has expired isn't served, and what has gone stays gone, while clocks step both ways") {
  MustBeClean(RunClockSteps(Seed(), 20));
}

TEST_CASE("a reader that doesn't look at the clock is found out") {
  CHECK_FALSE(RunClockSteps(Seed(), 40, Canary::kIgnoresClock).clean());
}

// ./dev fault ROUNDS SEED: so many kills, and five times as many of everything else.
TEST_CASE("nothing is lost or doubled for as long as it is asked to", "[.long]") {
  const uint64_t rounds = NumberOr("LABYRINTH_ROUNDS", 200);
  REQUIRE(rounds > 0);
  Tally all;
  std::string kinds;
  const auto took = [&](const char* kind, const Tally& tally) {
    fmt::print(
        "fault: {}: {} rounds: {} messages acknowledged, {} calls refused, {} without an answer; {} lost, {} "
        "doubled, {} findings\n{}",
        kind, tally.rounds, tally.acknowledged, tally.refused, tally.unknown, tally.lost, tally.doubled, tally.findings,
        tally.Text());
    std::fflush(stdout);
    kinds += fmt::format("{}{} {} rounds", kinds.empty() ? "" : ", ", kind, tally.rounds);
    all += tally;
  };
  const PowerTally power = RunPowerCuts(Seed(), 5 * rounds, Disk());
  took("power", power);
  fmt::print(
      "fault: power: the cut fell into {} openings, {} closings, {} pauses, else into calls; of unsynced bytes {} "
      "files lost all, {} a part, {} were torn, {} kept all; {} changes of directories undone\n",
      power.in_open, power.in_close, power.at_rest, power.damage.tails_dropped, power.damage.tails_cut,
      power.damage.tails_torn, power.damage.tails_kept, power.damage.changes_undone);
  took("engine", RunFaultyEngine(Seed(), 5 * rounds));
  took("clock", RunClockSteps(Seed(), 5 * rounds));
  took("kill", RunKills(Seed(), rounds, Server()));
  fmt::print("fault: {}, seed {}: {} acknowledged, {} lost, {} doubled, {} findings\n", kinds, Seed(), all.acknowledged,
             all.lost, all.doubled, all.findings);
  CHECK(all.clean());
}

}  // namespace
}  // namespace labyrinth::fault
