// Plays every case of the table twice, with its lie and without, and prints the table.
// For a listener beside the one of the main function.
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/malicious/cases.h"

namespace labyrinth::malicious {
namespace {

// Everything random in a case comes from this, the case's place and --rng-seed.
constexpr uint64_t kSeed = 20231206;

std::vector<Case> Canary() {
  const auto play = [](Scene& scene) {
    scene.Tell<v1::ListDevicesResponse>([](auto&) {});
    return Said(scene.laptop()->devices().List());
  };
  return {{"canary", "passes every reply on as it is", NotDetected(), "nothing was changed", play}};
}

std::vector<Case> AllCases() {
  std::vector<Case> all;
  for (const auto& group : {MembershipCases(), LogCases(), EpochCases(), RecoveryCases(), MessageCases(), WalkCases(),
                            SessionCases(), Canary()}) {
    all.insert(all.end(), group.begin(), group.end());
  }
  return all;
}

struct Line {
  std::string text;
  bool detected;
  bool as_expected;
};

// The table's lines, as far as they were played.
std::vector<Line>& Table() {
  static std::vector<Line> table;
  return table;
}

std::string Describe(const Verdict& verdict, const std::string& why) {
  if (verdict.detected()) return fmt::format("detected: {}: {}", verdict.how, verdict.text);
  return "not detected" + (why.empty() ? why : ": " + why);
}

void Play(const Case& entry, uint64_t place) {
  const uint64_t seed = kSeed + Catch::rngSeed() * 1'000 + place * 2;
  e2e::TestServer server;
  Scene honest(server, "honest", seed, /*lying=*/false);
  const Verdict control = entry.play(honest);
  Scene scene(server, "deceived", seed + 1, /*lying=*/true);
  const Verdict lying = entry.play(scene);
  // The canary's lie changes nothing, and so isn't counted.
  const bool canary = entry.name == "canary";
  const std::string failure = Judge(entry.expected, control, lying, canary ? 1 : scene.told());
  Table().push_back({fmt::format("{} | {} | {}", entry.name, entry.lie, Describe(lying, entry.why)), lying.detected(),
                     failure.empty()});
  INFO("lie: " << entry.lie);
  INFO(failure);
  CHECK(failure.empty());
}

class Player final : public Catch::ITestInvoker {
 public:
  Player(Case entry, uint64_t place) : entry_(std::move(entry)), place_(place) {}
  void invoke() const override { Play(entry_, place_); }

 private:
  const Case entry_;
  const uint64_t place_;
};

// One test case a line, so that each is counted, and can be run by its name alone.
bool RegisterAll() {
  uint64_t place = 0;
  for (const Case& entry : AllCases()) {
    const Catch::AutoReg registered(new Player(entry, place++), CATCH_INTERNAL_LINEINFO, "",
                                    Catch::NameAndTags{entry.name, "[lie]"});
  }
  return true;
}
const bool kRegistered = RegisterAll();

class TablePrinter final : public Catch::TestEventListenerBase {
 public:
  using TestEventListenerBase::TestEventListenerBase;
  void testRunEnded(const Catch::TestRunStats& stats) override {
    std::size_t detected = 0, unexpected = 0;
    fmt::print("case | what the server does | what the client library says\n");
    for (const Line& line : Table()) {
      fmt::print("{}{}\n", line.as_expected ? "" : "FAILED: ", line.text);
      detected += line.detected ? 1 : 0;
      unexpected += line.as_expected ? 0 : 1;
    }
    fmt::print("{} cases: {} detected, {} not detected, {} other than documented (seed {}, --rng-seed {})\n",
               Table().size(), detected, Table().size() - detected, unexpected, kSeed, Catch::rngSeed());
    std::fflush(stdout);
    TestEventListenerBase::testRunEnded(stats);
  }
};
CATCH_REGISTER_LISTENER(TablePrinter)

TEST_CASE("The harness fails a case whose lie isn't detected, or is detected otherwise, or wasn't told") {
  const Verdict expected = DataLoss("the server hides a member");
  const Verdict nothing = NotDetected();
  const Verdict right = DataLoss("device list: the server hides a member");
  CHECK(Judge(expected, nothing, right, 1).empty());
  CHECK(Judge(expected, nothing, nothing, 1).starts_with("not detected"));
  CHECK_FALSE(Judge(expected, nothing, DataLoss("something else"), 1).empty());
  CHECK_FALSE(Judge(expected, nothing, Finding(right.text), 1).empty());
  CHECK_FALSE(Judge(DataLoss(""), nothing, right, 1).empty());
  CHECK(Judge(expected, nothing, right, 0) == "the lie was never told");
  CHECK(Judge(expected, right, right, 1).starts_with("without the lie"));
  // And a limit that is one no longer.
  CHECK(Judge(nothing, nothing, nothing, 1).empty());
  CHECK_FALSE(Judge(nothing, nothing, right, 1).empty());
}

}  // namespace
}  // namespace labyrinth::malicious
