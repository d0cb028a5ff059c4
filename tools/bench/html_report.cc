#include "tools/bench/html_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "tools/bench/html.h"
#include "tools/bench/numbers.h"
#include "tools/bench/plot.h"

namespace labyrinth::bench {
namespace {

// The lines' colours (Okabe and Ito's) are told apart with any eyes; on dark ground they are lighter.
constexpr char kStyle[] = R"css(
:root {
  color-scheme: light dark;
  --ground: #fff; --text: #1c1e21; --faint: #5f6670; --grid: #e2e5e9;
  --met: #0072b2; --missed: #c2480a; --note: #fdf0d9;
  --line0: #0072b2; --line1: #d55e00; --line2: #007d5a; --line3: #b0528a; --line4: #8a6d00; --line5: #3d3d3d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #15181c; --text: #e4e6e9; --faint: #9ba3ad; --grid: #30363d;
    --met: #56b4e9; --missed: #f08a4b; --note: #453413;
    --line0: #56b4e9; --line1: #f08a4b; --line2: #2ec99b; --line3: #e09cc4; --line4: #e6c84f; --line5: #c9ccd1;
  }
}
body { margin: 2rem auto; max-width: 76rem; padding: 0 1rem; background: var(--ground); color: var(--text);
  font: 15px/1.45 system-ui, sans-serif; }
.note { background: var(--note); border-left: 4px solid var(--missed); padding: 0.5rem 1rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.8rem 0.4rem 0; border-bottom: 1px solid var(--grid); }
th { font-weight: 600; }
small { display: block; color: var(--faint); max-width: 34rem; }
.number { text-align: right; white-space: nowrap; }
.met { color: var(--met); white-space: nowrap; }
.missed { color: var(--missed); white-space: nowrap; font-weight: 600; }
.bar { width: 160px; height: 18px; display: block; }
.bar .track { fill: var(--grid); }
.bar .value { fill: currentColor; }
.bar .spread, .bar .target { stroke: var(--text); }
.bar .target { stroke-width: 2; stroke-dasharray: 3 2; }
)css";

constexpr double kBarPixels = 160;

// The value, with a thin line from the lowest round to the highest, on a scale where the target is a dashed line
// across.
std::string Bar(const Row& row) {
  const Summary value = row.Value();
  // So that neither ends at the edge.
  const double scale = kBarPixels / (std::max(value.high, *row.target) * 1.1);
  return fmt::format(R"(<svg class="bar" role="img" aria-label="{} with a target of {:g}">)"
                     R"(<rect class="track" y="4" width="{}" height="10"/>)"
                     R"(<rect class="value" y="4" width="{:.1f}" height="10"/>)"
                     R"(<line class="spread" x1="{:.1f}" x2="{:.1f}" y1="9" y2="9"/>)"
                     R"(<line class="target" x1="{:.1f}" x2="{:.1f}" y1="0" y2="18"/></svg>)",
                     Number(value.median), *row.target, kBarPixels, value.median * scale, value.low * scale,
                     value.high * scale, *row.target * scale, *row.target * scale);
}

std::string Cells(const Row& row) {
  const Summary value = row.Value();
  std::string out = fmt::format("<td class=\"number\">{}</td>", Escaped(WithUnit(row.ours)));
  out += row.floor.has_value() ? fmt::format("<td class=\"number\">{}<small>{}</small></td>",
                                             Escaped(WithUnit(*row.floor)), Escaped(row.floor->label))
                               : "<td></td>";
  out += fmt::format("<td class=\"number\"><strong>{}</strong><small>{} to {}, {:.0f}%</small></td>",
                     Number(value.median), Number(value.low), Number(value.high), value.spread() * 100);
  if (!row.target.has_value()) return out + "<td></td><td></td>";
  const bool met = row.MeetsTarget();
  const char* mark = met ? "met" : "missed";
  return out + fmt::format("<td class=\"{}\">{} {:g} {}</td><td class=\"{}\">{}</td>", mark,
                           row.higher_is_better ? "&ge;" : "&le;", *row.target, mark, mark, Bar(row));
}

std::string ToHtml(const Row& row) {
  return fmt::format(
      "<tr><td><code>{}</code><small>{}</small></td>{}</tr>\n", Escaped(row.name), Escaped(row.title),
      row.refused.empty() ? Cells(row) : fmt::format("<td colspan=\"5\">refused: {}</td>", Escaped(row.refused)));
}

// How many targets were met.
std::string Tally(const std::vector<Row>& rows) {
  std::size_t met = 0, missed = 0, refused = 0;
  for (const Row& row : rows) {
    if (!row.refused.empty()) {
      ++refused;
    } else if (row.target.has_value()) {
      ++(row.MeetsTarget() ? met : missed);
    }
  }
  return fmt::format("{} rows; targets met: {}, missed: {}; refused: {}.", rows.size(), met, missed, refused);
}

std::string Table(const std::vector<Row>& rows) {
  std::string out = fmt::format(
      "<h2>Rows</h2>\n<p>{} A value is ours divided by what it is measured beside, or else our own number: the median "
      "of the rounds, with the lowest and highest of them and their distance as a share of it.</p>\n",
      Tally(rows));
  out +=
      "<div class=\"wide\"><table>\n<tr><th>row</th><th class=\"number\">ours</th><th class=\"number\">beside</th>"
      "<th class=\"number\">value</th><th>target</th><th>value and target</th></tr>\n";
  for (const Row& row : rows) out += ToHtml(row);
  return out + "</table></div>\n";
}

std::string Head(const Report& report) {
  const Machine& machine = report.machine;
  std::string out =
      fmt::format("<h1>Labyrinth, measured</h1>\n<p>{}, commit <code>{}</code>; {} rounds of {:.2g} s.</p>\n",
                  Escaped(report.date), Escaped(report.commit), report.rounds, report.slice_seconds);
  out += fmt::format("<p>{}, {} cores, {} MiB, {}, {}; 4 KiB appended and synced in {} us.</p>\n",
                     Escaped(machine.processor), machine.cores, Number(static_cast<double>(machine.memory_mib)),
                     Escaped(machine.kernel), Escaped(machine.file_system), Number(machine.sync_us));
  if (report.allow_busy) {
    out += fmt::format(
        "<p class=\"note\">Measured with <code>--allow-busy</code>: others used up to {:.0f}% of the processors, and "
        "up to {:.0f}% was stolen.</p>\n",
        report.worst.others * 100, report.worst.steal * 100);
  }
  if (report.quick) {
    out += "<p class=\"note\">A quick run, with smaller sizes and shorter rounds: for a look, not for a claim.</p>\n";
  }
  return out;
}

}  // namespace

std::string ToHtml(const Report& report) {
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Labyrinth, measured</title>\n";
  out += fmt::format("<style>{}{}</style>\n</head>\n<body>\n", kStyle, kFigureStyle);
  out += Head(report);
  if (!report.rows.empty()) out += Table(report.rows);
  if (!report.curves.empty()) {
    out +=
        "<h2>Curves</h2>\n<p>Medians of the rounds; a band goes from the lowest round to the highest.</p>\n"
        "<div class=\"figures\">\n";
    for (const Curve& curve : report.curves) out += ToFigure(curve);
    out += "</div>\n";
  }
  return out + "</body>\n</html>\n";
}

}  // namespace labyrinth::bench
