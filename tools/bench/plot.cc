#include "tools/bench/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>

#include "tools/bench/html.h"
#include "tools/bench/numbers.h"

namespace labyrinth::bench {
namespace {

// Pixels.
constexpr double kWidth = 600;
constexpr double kHeight = 300;
constexpr double kLeft = 84;
constexpr double kRight = 584;
constexpr double kTop = 28;
constexpr double kBottom = 252;
constexpr double kInset = 16;  // of a logarithmic axis, whose ends are points

constexpr std::size_t kStyles = 6;  // of lines, in the page's style
constexpr double kSteps = 5;
constexpr int kFewDecades = 4;

// Where values lie on the page.
class Axis {
 public:
  static Axis Linear(double high, double begin, double end) {
    Axis axis(LinearTicks(high), begin, end);
    axis.high_ = axis.ticks_.back();
    return axis;
  }
  static Axis Log(double low, double high, double begin, double end) {
    // A single value stands in the middle.
    if (low == high) {
      low /= 10;
      high *= 10;
    }
    Axis axis(LogTicks(low, high), begin, end);
    axis.log_ = true;
    axis.low_ = std::log10(low);
    axis.high_ = std::log10(high);
    return axis;
  }

  const std::vector<double>& ticks() const { return ticks_; }
  double At(double value) const {
    return begin_ + ((log_ ? std::log10(value) : value) - low_) / (high_ - low_) * (end_ - begin_);
  }

 private:
  Axis(std::vector<double> ticks, double begin, double end) : ticks_(std::move(ticks)), begin_(begin), end_(end) {}

  std::vector<double> ticks_;
  double begin_, end_;
  bool log_ = false;
  double low_ = 0, high_ = 1;
};

struct Axes {
  Axis x, y;
};

// nullopt for a curve without points.
std::optional<Axes> AxesOf(const Curve& curve) {
  std::vector<double> xs, ys;
  for (const CurveLine& line : curve.lines) {
    for (const CurvePoint& point : line.points) {
      xs.push_back(point.x);
      ys.push_back(point.y.high);
    }
  }
  if (xs.empty()) return std::nullopt;
  const auto [low, high] = std::minmax_element(xs.begin(), xs.end());
  return Axes{
      curve.log_x ? Axis::Log(*low, *high, kLeft + kInset, kRight - kInset) : Axis::Linear(*high, kLeft, kRight),
      Axis::Linear(*std::max_element(ys.begin(), ys.end()), kBottom, kTop)};
}

std::string Spread(const Summary& y) {
  return fmt::format("{} ({} to {})", Number(y.median), Number(y.low), Number(y.high));
}

std::string Place(const Axes& axes, double x, double y) {
  return fmt::format("{:.1f},{:.1f} ", axes.x.At(x), axes.y.At(y));
}

std::string Frame(const Curve& curve, const Axes& axes) {
  std::string out;
  for (const double tick : axes.y.ticks()) {
    const double y = axes.y.At(tick);
    out += fmt::format(R"(<line class="{}" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>)", tick == 0 ? "axis" : "grid",
                       kLeft, kRight, y, y);
    out += fmt::format(R"(<text class="end" x="{}" y="{:.1f}">{}</text>)", kLeft - 8, y + 4, RoundNumber(tick));
  }
  for (const double tick : axes.x.ticks()) {
    const double x = axes.x.At(tick);
    out += fmt::format(R"(<line class="axis" x1="{:.1f}" x2="{:.1f}" y1="{}" y2="{}"/>)", x, x, kBottom, kBottom + 5);
    out += fmt::format(R"(<text class="middle" x="{:.1f}" y="{}">{}</text>)", x, kBottom + 20, RoundNumber(tick));
  }
  out += fmt::format(R"(<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>)", kLeft, kLeft, kTop, kBottom);
  out += fmt::format(R"(<text class="end" x="{}" y="{}">{}</text>)", kLeft - 8, kTop - 14, Escaped(curve.y_label));
  out += fmt::format(R"(<text class="middle" x="{}" y="{}">{}</text>)", (kLeft + kRight) / 2, kBottom + 40,
                     Escaped(curve.x_label));
  return out;
}

// A band from the lowest rounds to the highest, then the medians.
std::string Draw(const CurveLine& line, const Axes& axes, std::size_t style) {
  std::string band, medians, dots;
  for (const CurvePoint& point : line.points) band += Place(axes, point.x, point.y.low);
  for (auto point = line.points.rbegin(); point != line.points.rend(); ++point) {
    band += Place(axes, point->x, point->y.high);
  }
  for (const CurvePoint& point : line.points) {
    medians += Place(axes, point.x, point.y.median);
    dots +=
        fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="3.5"><title>{}, {}: {}</title></circle>)", axes.x.At(point.x),
                    axes.y.At(point.y.median), Escaped(line.label), RoundNumber(point.x), Spread(point.y));
  }
  return fmt::format("<g class=\"line{}\"><polygon points=\"{}\"/><polyline points=\"{}\"/>{}</g>\n", style, band,
                     medians, dots);
}

std::string Legend(const Curve& curve) {
  std::string out = "<ul class=\"legend\">\n";
  for (std::size_t i = 0; i < curve.lines.size(); ++i) {
    out += fmt::format(
        "<li><svg width=\"64\" height=\"12\" aria-hidden=\"true\"><g class=\"line{}\">"
        "<polyline points=\"0,6 64,6\"/><circle cx=\"32\" cy=\"6\" r=\"3.5\"/></g></svg> {}</li>\n",
        i % kStyles, Escaped(curve.lines[i].label));
  }
  return out + "</ul>\n";
}

std::string Plot(const Curve& curve, const Axes& axes) {
  std::string out = fmt::format("<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n", kWidth,
                                kHeight, Escaped(curve.title));
  out += Frame(curve, axes) + "\n";
  for (std::size_t i = 0; i < curve.lines.size(); ++i) out += Draw(curve.lines[i], axes, i % kStyles);
  return out + "</svg>\n";
}

// A column a line; a cell is empty where a line has no point.
std::string Numbers(const Curve& curve) {
  std::map<double, std::vector<std::string>> cells;
  std::string head = fmt::format("<th>{}</th>", Escaped(curve.x_label));
  for (std::size_t i = 0; i < curve.lines.size(); ++i) {
    head += fmt::format("<th>{}, {}</th>", Escaped(curve.lines[i].label), Escaped(curve.y_label));
    for (const CurvePoint& point : curve.lines[i].points) {
      auto& row = cells[point.x];
      row.resize(curve.lines.size());
      row[i] = Spread(point.y);
    }
  }
  std::string out = "<details><summary>numbers</summary>\n<table>\n<tr>" + head + "</tr>\n";
  for (const auto& [x, row] : cells) {
    out += fmt::format("<tr><td>{}</td>", RoundNumber(x));
    for (const std::string& cell : row) out += "<td>" + cell + "</td>";
    out += "</tr>\n";
  }
  return out + "</table>\n</details>\n";
}

}  // namespace

const char kFigureStyle[] = R"css(
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 34rem), 1fr)); gap: 2rem; }
figure { margin: 0; max-width: 45rem; }
figcaption code { font-weight: 600; }
details { overflow-x: auto; }
details td { white-space: nowrap; }
.plot { width: 100%; height: auto; }
.plot text { font-size: 12px; fill: var(--faint); font-variant-numeric: tabular-nums; }
.plot .end { text-anchor: end; }
.plot .middle { text-anchor: middle; }
.plot .grid { stroke: var(--grid); }
.plot .axis { stroke: var(--faint); }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.5rem; list-style: none; margin: 0.5rem 0; padding: 0; }
.legend li { display: flex; align-items: center; gap: 0.5rem; }
polyline { fill: none; stroke: var(--line); stroke-width: 2; stroke-linejoin: round; }
polygon { fill: var(--line); fill-opacity: 0.16; stroke: var(--line); stroke-opacity: 0.3; }
circle { fill: var(--line); }
.line0 { --line: var(--line0); }
.line1 { --line: var(--line1); }
.line1 polyline { stroke-dasharray: 9 5; }
.line2 { --line: var(--line2); }
.line2 polyline { stroke-dasharray: 2 4; }
.line3 { --line: var(--line3); }
.line3 polyline { stroke-dasharray: 10 4 2 4; }
.line4 { --line: var(--line4); }
.line4 polyline { stroke-dasharray: 18 5; }
.line5 { --line: var(--line5); }
.line5 polyline { stroke-dasharray: 10 3 2 3 2 3; }
)css";

std::vector<double> LinearTicks(double high) {
  if (!(high > 0)) return {0, 1};
  const double power = std::pow(10, std::floor(std::log10(high / kSteps)));
  const double least = high / kSteps / power;  // from 1 to below 10
  const double step = (least <= 1 ? 1 : least <= 2 ? 2 : least <= 5 ? 5 : 10) * power;
  std::vector<double> ticks = {0};
  // Products aren't exact, as 3 * 0.1 is above 0.3: no mark for the difference.
  const double steps = std::ceil(high / step - 1e-9);
  for (double i = 1; i <= steps; ++i) ticks.push_back(i * step);
  return ticks;
}

std::vector<double> LogTicks(double low, double high) {
  const double slack = 1e-9;
  const double first = std::floor(std::log10(low) + slack), last = std::ceil(std::log10(high) - slack);
  std::vector<double> decades, all;
  for (double exponent = first; exponent <= last; ++exponent) {
    for (const double times : {1, 2, 5}) {
      const double tick = times * std::pow(10, exponent);
      if (tick < low * (1 - slack) || tick > high * (1 + slack)) continue;
      all.push_back(tick);
      if (times == 1) decades.push_back(tick);
    }
  }
  if (all.empty()) return {low, high};
  return decades.size() < kFewDecades ? all : decades;
}

std::string ToFigure(const Curve& curve) {
  std::string out = fmt::format("<figure id=\"{}\">\n<figcaption><code>{}</code> {}</figcaption>\n",
                                Escaped(curve.name), Escaped(curve.name), Escaped(curve.title));
  const auto axes = AxesOf(curve);
  if (!axes.has_value()) return out + "<p>No points.</p>\n</figure>\n";
  return out + Legend(curve) + Plot(curve, *axes) + Numbers(curve) + "</figure>\n";
}

}  // namespace labyrinth::bench
