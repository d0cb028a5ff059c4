// What the bench computes from what it measured.
#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>

#include "tools/bench/busy.h"
#include "tools/bench/curve.h"
#include "tools/bench/report.h"
#include "tools/bench/row.h"
#include "tools/bench/stats.h"

namespace labyrinth::bench {
namespace {

TEST_CASE("a median is the middle, or between the two middles") {
  CHECK(Median({7}) == 7);
  CHECK(Median({9, 1, 5}) == 5);
  CHECK(Median({4, 1, 3, 100}) == 3.5);
}

TEST_CASE("a percentile is a value that was measured, by nearest rank") {
  std::vector<double> hundred;
  for (int i = 100; i > 0; --i) hundred.push_back(i);
  CHECK(Percentile(hundred, 50) == 50);
  CHECK(Percentile(hundred, 99) == 99);
  CHECK(Percentile(hundred, 99.5) == 100);
  CHECK(Percentile(hundred, 100) == 100);
  CHECK(Percentile({3}, 1) == 3);
  CHECK(Percentile({1, 2}, 50) == 1);
  CHECK(Percentile({1, 2}, 51) == 2);
}

TEST_CASE("a summary has the median and the outermost rounds") {
  const Summary summary = Summarise({10, 8, 14});
  CHECK(summary == Summary{10, 8, 14});
  CHECK(summary.spread() == Approx(0.6));
  CHECK(Summary{}.spread() == 0);
}

TEST_CASE("a ratio is taken round by round") {
  CHECK(Ratios({10, 30}, {20, 15}) == std::vector<double>{0.5, 2});
  // A moment that slowed both by four leaves the ratio where it was: that of the medians would be 0.5 of nothing real.
  const Row row{.name = "n", .title = "t", .ours = {"", "", {10, 40, 20}}, .floor = Series{"", "", {20, 80, 80}}};
  CHECK(row.Value() == Summary{0.5, 0.25, 0.5});
}

TEST_CASE("without a floor a row's value is its own number, and its target may be an upper bound") {
  Row row{.name = "n", .title = "t", .ours = {"", "", {1.2, 1.1, 1.3}}, .floor = {}, .higher_is_better = false};
  row.target = 1.2;
  CHECK(row.Value().median == 1.2);
  CHECK(row.MeetsTarget());
  row.target = 1.19;
  CHECK_FALSE(row.MeetsTarget());
  row.higher_is_better = true;
  CHECK(row.MeetsTarget());
}

TEST_CASE("worse is what no round of either run explains, and more than the tolerance") {
  const Summary earlier{1.0, 0.9, 1.1};
  CHECK(IsWorse(earlier, {0.8, 0.75, 0.85}, true, 0.05));
  CHECK_FALSE(IsWorse(earlier, {0.8, 0.75, 0.95}, true, 0.05));  // the rounds overlap
  CHECK_FALSE(IsWorse(earlier, {1.3, 1.25, 1.35}, true, 0.05));  // better
  CHECK(IsWorse(earlier, {1.3, 1.25, 1.35}, false, 0.05));
  CHECK_FALSE(IsWorse(earlier, {0.8, 0.75, 0.85}, false, 0.05));
  CHECK_FALSE(IsWorse({1.0, 1.0, 1.0}, {0.97, 0.97, 0.97}, true, 0.05));  // apart, but by little
}

TEST_CASE("a line ends before the first point that came to no number") {
  const double forever = std::numeric_limits<double>::infinity();
  const std::vector<Series> series = {{"p50", "ms", {1, 2, 3}}, {"p99", "ms", {7, 8, 9}},
                                      {"p50", "ms", {2, 2, 2}}, {"p99", "ms", {9, forever, 9}},
                                      {"p50", "ms", {3, 3, 3}}, {"p99", "ms", {9, 9, 9}}};
  const auto lines = LinesOf({0.1, 0.1, 0.5, 0.5, 0.9, 0.9}, series);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].label == "p50");
  REQUIRE(lines[0].points.size() == 3);
  CHECK(lines[0].points[0].x == 0.1);
  CHECK(lines[0].points[0].y == Summary{2, 1, 3});
  CHECK(lines[0].points[2].x == 0.9);
  CHECK(lines[1].label == "p99");
  REQUIRE(lines[1].points.size() == 1);
  CHECK(lines[1].points[0].y == Summary{8, 7, 9});
}

Report ReportOf(double value) {
  Report report;
  report.machine.processor = "a processor";
  report.rows = {{.name = "save_vs_grpc",
                  .title = "saves",
                  .ours = {"labyrinthd", "saves/s", {value * 1000, value * 1010}},
                  .floor = Series{"empty gRPC", "calls/s", {1000, 1000}},
                  .target = 0.6}};
  return report;
}

TEST_CASE("a result is compared with an earlier one's text") {
  const std::string earlier = ToJson(ReportOf(0.8));
  CHECK(WorseThan(earlier, ReportOf(0.8))->empty());
  CHECK(WorseThan(earlier, ReportOf(0.9))->empty());
  const auto worse = WorseThan(earlier, ReportOf(0.5));
  REQUIRE(worse->size() == 1);
  CHECK(worse->front().find("save_vs_grpc: 0.804") == 0);

  Report refused = ReportOf(0.8);
  refused.rows[0].refused = "no floor";
  CHECK(WorseThan(earlier, refused)->size() == 1);
  CHECK(WorseThan(ToJson(refused), ReportOf(0.1))->empty());  // there was nothing to be worse than

  Report quick = ReportOf(0.8);
  quick.quick = true;
  CHECK(WorseThan(earlier, quick).status().code() == absl::StatusCode::kInvalidArgument);
  for (const char* text :
       {"", "{", "[]", "{}", R"({"format": 1})", R"({"format": 1, "run": {"quick": false}, "rows": 7})",
        R"({"format": 1, "run": {"quick": false}, "rows": {"save_vs_grpc": {"value": "high"}}})"}) {
    CHECK(WorseThan(text, ReportOf(0.8)).status().code() == absl::StatusCode::kInvalidArgument);
  }
}

TEST_CASE("a result holds its curves, and none of them is compared") {
  Report report = ReportOf(0.8);
  report.curves = {{.name = "page_by_size",
                    .title = "pages",
                    .x_label = "messages",
                    .y_label = "us/page",
                    .log_x = true,
                    .lines = {{"newest", {{1000, {281.25, 280, 290}}, {10'000, {300, 300, 300}}}}, {"never", {}}}}};
  const auto json = nlohmann::json::parse(ToJson(report));
  CHECK(json.at("format") == 1);
  CHECK(json.at("rows").size() == 1);
  CHECK(json.at("curves") == nlohmann::json::parse(R"({"page_by_size": {
      "title": "pages", "x": "messages", "y": "us/page", "log_x": true,
      "lines": [{"what": "newest", "points": [{"x": 1000, "median": 281.25, "low": 280, "high": 290},
                                              {"x": 10000, "median": 300, "low": 300, "high": 300}]},
                {"what": "never", "points": []}]}})"));

  const std::string earlier = ToJson(report);
  report.curves[0].lines[0].points[0].y = {900, 900, 900};
  CHECK(WorseThan(earlier, report)->empty());
  report.curves.clear();
  CHECK(WorseThan(earlier, report)->empty());
  CHECK(WorseThan(ToJson(report), ReportOf(0.8))->empty());
  report.rows.clear();  // as of a run for one curve
  CHECK(WorseThan(ToJson(report), ReportOf(0.8))->empty());
}

TEST_CASE("the table has the curves' medians") {
  Report report = ReportOf(0.8);
  report.curves = {{.name = "save_by_in_flight",
                    .title = "saves",
                    .x_label = "calls in flight",
                    .y_label = "calls/s",
                    .lines = {{"labyrinthd", {{1, {271, 260, 280}}, {256, {5450, 5000, 5500}}}}}}};
  const std::string table = ToTable(report);
  CHECK(table.find("save_by_in_flight: saves; calls/s, by calls in flight\n") != std::string::npos);
  CHECK(table.find("  labyrinthd:  1: 271  256: 5,450\n") != std::string::npos);
}

TEST_CASE("the table says which targets were missed, what was refused, and that the machine was busy") {
  Report report = ReportOf(0.5);
  report.rows.push_back(
      {.name = "save_vs_postgres", .title = "saves", .ours = {}, .floor = {}, .target = {}, .refused = "why"});
  const std::string table = ToTable(report);
  CHECK(table.find(">=0.6 !") != std::string::npos);
  CHECK(table.find("refused: why") != std::string::npos);
  CHECK(table.find("--allow-busy") == std::string::npos);
  CHECK(ToTable(ReportOf(0.7)).find(">=0.6 !") == std::string::npos);
  report.allow_busy = true;
  CHECK(ToTable(report).find("--allow-busy") != std::string::npos);
}

constexpr char kStat[] =
    "cpu  100 20 30 1000 5 7 8 9 3 0\n"
    "cpu0 50 10 15 500 2 3 4 5 0 0\n";

TEST_CASE("the processors' time is read from /proc/stat") {
  const auto ticks = ParseProcessorTicks(kStat);
  REQUIRE(ticks.has_value());
  CHECK(ticks->busy == 150);
  CHECK(ticks->steal == 9);
  CHECK(ticks->total == 1179);  // a guest's time is in user's already
  CHECK_FALSE(ParseProcessorTicks("cpu  100 20 30").has_value());
  CHECK_FALSE(ParseProcessorTicks("").has_value());
}

TEST_CASE("a process's time is read whatever its name") {
  const auto process = ParseProcessTicks("41 (a) R (b c) S 7 41 41 0 -1 4194560 9 8 7 6 10 20 300 4000 20 0 5 0 99");
  REQUIRE(process.has_value());
  CHECK(process->pid == 41);
  CHECK(process->parent == 7);
  CHECK(process->ticks == 4330);
  CHECK_FALSE(ParseProcessTicks("41 (a) S 7 41").has_value());
  CHECK_FALSE(ParseProcessTicks("").has_value());
}

TEST_CASE("ours are this process, all below it and the kernel's threads") {
  const std::vector<ProcessTicks> processes = {
      {60, 50, 4},    // a grandchild, before its parent
      {1, 0, 1000},   // init
      {2, 0, 16},     // the kernel's threads' parent
      {3, 2, 32},     // one of them
      {40, 1, 1},     // this process
      {50, 40, 2},    // a child
      {70, 1, 2000},  // somebody else
  };
  CHECK(OwnTicks(processes, 40) == 1 + 2 + 4 + 16 + 32);
}

TEST_CASE("a machine is busy by what others use of it, or by what the one below takes") {
  const Sample before{{1000, 10, 2000}, 500};
  const Busyness quiet = Between(before, {{1150, 12, 2200}, 640});
  CHECK(quiet.others == Approx(0.05));
  CHECK(quiet.steal == Approx(0.01));
  CHECK_FALSE(IsBusy(quiet));
  CHECK(IsBusy(Between(before, {{1150, 12, 2200}, 625})));  // 25 of 200 ticks are somebody else's
  CHECK(IsBusy(Between(before, {{1150, 21, 2200}, 640})));  // 11 of 200 were taken
  // More of our own than of all is the two readings' distance; an empty interval says nothing.
  CHECK(Between(before, {{1150, 10, 2200}, 700}).others == 0);
  CHECK(Between(before, before).others == 0);
}

TEST_CASE("this machine's own files can be read") {
  const Sample sample = TakeSample();
  CHECK(sample.processors.total > 0);
  CHECK(sample.processors.total >= sample.processors.busy);
}

}  // namespace
}  // namespace labyrinth::bench
