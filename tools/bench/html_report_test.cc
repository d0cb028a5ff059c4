// The page that a result is read on, and its plots.
#include "tools/bench/html_report.h"

#include <catch2/catch.hpp>

#include "tools/bench/plot.h"

namespace labyrinth::bench {
namespace {

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::size_t Count(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// No coordinate may be one of these.
void CheckDrawn(const std::string& html) {
  CHECK_FALSE(Has(html, "nan"));
  CHECK_FALSE(Has(html, "inf,"));
  CHECK_FALSE(Has(html, "inf\""));
}

// A line through (1, 10), (2, 20) and so on.
CurveLine Rising(const std::string& label, int points) {
  CurveLine line{label, {}};
  for (int i = 1; i <= points; ++i) line.points.push_back({1.0 * i, {10.0 * i, 9.0 * i, 11.0 * i}});
  return line;
}

Curve CurveOf(std::vector<CurveLine> lines) {
  return {.name = "page_by_size", .title = "t", .x_label = "messages", .y_label = "us", .lines = std::move(lines)};
}

TEST_CASE("a linear axis is marked at round numbers, from 0 to its end or beyond") {
  CHECK(LinearTicks(5) == std::vector<double>{0, 1, 2, 3, 4, 5});
  CHECK(LinearTicks(5.1) == std::vector<double>{0, 2, 4, 6});
  CHECK(LinearTicks(87'000) == std::vector<double>{0, 20'000, 40'000, 60'000, 80'000, 100'000});
  const auto shares = LinearTicks(0.9);
  REQUIRE(shares.size() == 6);
  CHECK(shares[3] == Approx(0.6));
  CHECK(shares.back() == Approx(1));
  CHECK(LinearTicks(3 * 0.1).size() == 4);  // which is a little above 0.3, for no fifth mark
  CHECK(LinearTicks(0) == std::vector<double>{0, 1});
  for (double high = 1e-7; high < 1e9; high *= 1.37) {
    const auto ticks = LinearTicks(high);
    CHECK(ticks.size() >= 3);
    CHECK(ticks.size() <= 7);
    CHECK(ticks.back() >= high * (1 - 1e-9));
  }
}

TEST_CASE("a logarithmic axis is marked at powers of ten, and between them where they are few") {
  CHECK(LogTicks(1000, 1'000'000) == std::vector<double>{1000, 10'000, 100'000, 1'000'000});
  CHECK(LogTicks(1, 256) == std::vector<double>{1, 2, 5, 10, 20, 50, 100, 200});
  CHECK(LogTicks(3, 40) == std::vector<double>{5, 10, 20});
  CHECK(LogTicks(3, 4) == std::vector<double>{3, 4});
}

TEST_CASE("a plot has a mark for each point, where it belongs") {
  const std::string figure = ToFigure(CurveOf({Rising("ours", 5), Rising("empty", 2)}));
  CheckDrawn(figure);
  CHECK(Count(figure, "<circle") == 7 + 2);  // the legend's two
  CHECK(Count(figure, "<polygon") == 2);
  // 5 is where its mark on the axis is; 50 of 60, where the axis ends, is five sixths of the way up.
  CHECK(Has(figure, R"(<text class="middle" x="584.0" y="272">5</text>)"));
  CHECK(Has(figure, R"(<circle cx="584.0" cy="65.3" r="3.5"><title>ours, 5: 50.0 (45.0 to 55.0)</title>)"));
  // The shorter line's cells are empty from its end on.
  CHECK(Has(figure, "<tr><td>2</td><td>20.0 (18.0 to 22.0)</td><td>20.0 (18.0 to 22.0)</td></tr>"));
  CHECK(Has(figure, "<tr><td>3</td><td>30.0 (27.0 to 33.0)</td><td></td></tr>"));
}

TEST_CASE("a logarithmic x gives each power of ten the same room") {
  Curve curve = CurveOf({{"ours", {{1000, {5, 5, 5}}, {10'000, {5, 5, 5}}, {100'000, {5, 5, 5}}}}});
  curve.log_x = true;
  const std::string figure = ToFigure(curve);
  for (const char* x : {"cx=\"100.0\"", "cx=\"334.0\"", "cx=\"568.0\""}) CHECK(Count(figure, x) == 1);
  CHECK(Has(figure, ">100,000</text>"));
}

TEST_CASE("little is drawn of little") {
  for (const bool log_x : {false, true}) {
    Curve one = CurveOf({Rising("ours", 1), {"never", {}}});
    one.log_x = log_x;
    const std::string figure = ToFigure(one);
    CheckDrawn(figure);
    CHECK(Count(figure, "<circle") == 1 + 2);
    // Nothing but zeros.
    one.lines = {{"ours", {{1, {}}, {2, {}}}}};
    CheckDrawn(ToFigure(one));
  }
  CHECK(Has(ToFigure(CurveOf({})), "No points"));
  CHECK(Has(ToFigure(CurveOf({{"never", {}}})), "No points"));
}

TEST_CASE("a page says what was measured, on what, and what to think of it") {
  Report report;
  report.commit = "79c925deb674";
  report.machine.processor = "a processor";
  report.rows = {
      {.name = "save_vs_grpc",
       .title = "saves",
       .ours = {"labyrinthd", "saves/s", {500, 500}},
       .floor = Series{"empty gRPC", "calls/s", {1000, 1000}},
       .target = 0.6},
      {.name = "page_p99_ms",
       .title = "pages",
       .ours = {"labyrinthd", "ms", {2}},
       .floor = {},
       .higher_is_better = false,
       .target = 10},
      {.name = "sign_in", .title = "sign-ins", .ours = {"labyrinthd", "us", {700}}, .floor = {}},
      {.name = "save_vs_postgres", .title = "saves", .ours = {}, .floor = {}, .refused = "not installed"},
  };
  report.curves = {CurveOf({Rising("ours", 3)})};
  const std::string page = ToHtml(report);
  CHECK(Has(page, "79c925deb674"));
  CHECK(Has(page, "a processor"));
  CHECK(Has(page, "4 rows; targets met: 1, missed: 1; refused: 1."));
  CHECK(Has(page, "&ge; 0.6 missed"));
  CHECK(Has(page, "&le; 10 met"));
  CHECK(Has(page, "refused: not installed"));
  CHECK(Count(page, "<svg class=\"bar\"") == 2);  // of the rows with a target
  CHECK(Count(page, "<svg class=\"plot\"") == 1);
  CHECK_FALSE(Has(page, "class=\"note\""));
  CHECK_FALSE(Has(page, "<script"));
  CHECK_FALSE(Has(page, "http"));

  report.allow_busy = true;
  report.worst.others = 0.42;
  CHECK(Has(ToHtml(report), "up to 42% of the processors"));
  CHECK(Count(ToHtml(report), "class=\"note\"") == 1);
  report.quick = true;
  CHECK(Count(ToHtml(report), "class=\"note\"") == 2);
}

TEST_CASE("whatever a text holds is text on the page") {
  const std::string text = "<b>&\"'", escaped = "&lt;b&gt;&amp;&quot;&#39;";
  Report report;
  report.machine = {.processor = text, .kernel = text, .file_system = text};
  report.date = report.commit = text;
  report.rows = {{.name = text, .title = text, .ours = {text, text, {1}}, .floor = Series{text, text, {1}}},
                 {.name = text, .title = text, .ours = {}, .floor = {}, .refused = text}};
  report.curves = {{.name = text, .title = text, .x_label = text, .y_label = text, .lines = {Rising(text, 1)}}};
  const std::string page = ToHtml(report);
  CHECK_FALSE(Has(page, "<b>"));
  CHECK(Count(page, "&\"'") == 0);
  // The machine's 5; 5 of the row, 3 of the refused one, and of the curve id, name, twice the title, and its labels as
  // the axes', the legend's, the point's and the table's.
  CHECK(Count(page, escaped) == 5 + 5 + 3 + 4 + 2 + 1 + 1 + 3);
}

TEST_CASE("an empty result is a page as well") {
  const std::string page = ToHtml(Report{});
  CHECK(Has(page, "</html>"));
  CHECK_FALSE(Has(page, "<table"));
  CHECK_FALSE(Has(page, "<figure"));
}

}  // namespace
}  // namespace labyrinth::bench
