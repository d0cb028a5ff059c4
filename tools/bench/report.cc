#include "tools/bench/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "tools/bench/numbers.h"

namespace labyrinth::bench {
namespace {

using nlohmann::ordered_json;

constexpr int kFormat = 1;
constexpr double kTolerance = 0.05;

double Round(double value) { return value == 0 ? 0 : std::stod(fmt::format("{:.5g}", value)); }

ordered_json ToJson(const Summary& summary) {
  return {{"median", Round(summary.median)}, {"low", Round(summary.low)}, {"high", Round(summary.high)}};
}

ordered_json ToJson(const Series& series) {
  ordered_json json = {{"what", series.label}, {"unit", series.unit}};
  json.update(ToJson(Summarise(series.rounds)));
  for (const double value : series.rounds) json["rounds"].push_back(Round(value));
  return json;
}

ordered_json ToJson(const Row& row) {
  ordered_json json = {{"title", row.title}};
  if (!row.refused.empty()) {
    json["refused"] = row.refused;
    return json;
  }
  json["value"] = Round(row.Value().median);
  json["low"] = Round(row.Value().low);
  json["high"] = Round(row.Value().high);
  json["better"] = row.higher_is_better ? "higher" : "lower";
  if (row.target.has_value()) {
    json["target"] = *row.target;
    json["meets_target"] = row.MeetsTarget();
  }
  json["ours"] = ToJson(row.ours);
  if (row.floor.has_value()) json["floor"] = ToJson(*row.floor);
  return json;
}

ordered_json ToJson(const CurveLine& line) {
  ordered_json json = {{"what", line.label}, {"points", ordered_json::array()}};
  for (const CurvePoint& point : line.points) {
    ordered_json at = {{"x", point.x}};
    at.update(ToJson(point.y));
    json["points"].push_back(std::move(at));
  }
  return json;
}

ordered_json ToJson(const Curve& curve) {
  ordered_json json = {{"title", curve.title}, {"x", curve.x_label}, {"y", curve.y_label}, {"log_x", curve.log_x}};
  json["lines"] = ordered_json::array();
  for (const CurveLine& line : curve.lines) json["lines"].push_back(ToJson(line));
  return json;
}

// Throws what the parser does for a value that isn't there or is of another type.
absl::StatusOr<std::vector<std::string>> Compare(const ordered_json& earlier, const Report& report) {
  if (earlier.at("format") != kFormat || !earlier.at("rows").is_object()) {
    return absl::InvalidArgumentError("not in the format that this bench writes");
  }
  if (earlier.at("run").at("quick") != report.quick) {
    return absl::InvalidArgumentError("one of the two runs was quick and the other wasn't: their sizes differ");
  }
  std::vector<std::string> worse;
  for (const Row& row : report.rows) {
    if (!earlier.at("rows").contains(row.name)) continue;
    const ordered_json& then = earlier.at("rows").at(row.name);
    if (then.contains("refused")) continue;
    const Summary before{then.at("value").get<double>(), then.at("low").get<double>(), then.at("high").get<double>()};
    if (!row.refused.empty()) {
      worse.push_back(fmt::format("{}: {} before, now refused: {}", row.name, Number(before.median), row.refused));
    } else if (IsWorse(before, row.Value(), row.higher_is_better, kTolerance)) {
      worse.push_back(fmt::format("{}: {} ({} to {}) before, now {} ({} to {})", row.name, Number(before.median),
                                  Number(before.low), Number(before.high), Number(row.Value().median),
                                  Number(row.Value().low), Number(row.Value().high)));
    }
  }
  return worse;
}

// The medians of a line, each after its x.
std::string ToText(const CurveLine& line) {
  std::string out = fmt::format("  {}:", line.label);
  for (const CurvePoint& point : line.points) {
    out += fmt::format("  {}: {}", RoundNumber(point.x), Number(point.y.median));
  }
  return out + "\n";
}

}  // namespace

std::string ToTable(const Report& report) {
  const Machine& machine = report.machine;
  std::string out = fmt::format(
      "{}, {} cores, {} MiB, {}, {}, 4 KiB synced in {:.0f} us; {}, commit {}; {} rounds of {:.2g} s{}\n\n",
      machine.processor, machine.cores, machine.memory_mib, machine.kernel, machine.file_system, machine.sync_us,
      report.date, report.commit, report.rounds, report.slice_seconds, report.quick ? " (quick)" : "");
  out += fmt::format("{:<26} {:>20}   {:<40} {:>8} {:>7} {:>8}\n", "row", "ours", "floor", "value", "spread", "target");
  for (const Row& row : report.rows) {
    if (!row.refused.empty()) {
      out += fmt::format("{:<26} refused: {}\n", row.name, row.refused);
      continue;
    }
    const std::string floor =
        row.floor.has_value() ? fmt::format("{}: {}", row.floor->label, WithUnit(*row.floor)) : "";
    std::string target;
    if (row.target.has_value()) {
      target = fmt::format("{}{:g}{}", row.higher_is_better ? ">=" : "<=", *row.target, row.MeetsTarget() ? "" : " !");
    }
    out += fmt::format("{:<26} {:>20}   {:<40} {:>8} {:>6.0f}% {:>8}\n", row.name, WithUnit(row.ours), floor,
                       Number(row.Value().median), row.Value().spread() * 100, target);
  }
  out +=
      "\nvalue: ours / floor, the median of the rounds; spread: from the lowest round to the highest; !: target "
      "missed\n";
  for (const Row& row : report.rows) out += fmt::format("  {}: {}\n", row.name, row.title);
  for (const Curve& curve : report.curves) {
    out += fmt::format("\n{}: {}; {}, by {}\n", curve.name, curve.title, curve.y_label, curve.x_label);
    for (const CurveLine& line : curve.lines) out += ToText(line);
  }
  if (report.allow_busy) {
    out +=
        fmt::format("\nMEASURED WITH --allow-busy: others used up to {:.0f}% of the processors, {:.0f}% was stolen\n",
                    report.worst.others * 100, report.worst.steal * 100);
  }
  return out;
}

std::string ToJson(const Report& report) {
  ordered_json json = {
      {"format", kFormat},
      {"date", report.date},
      {"commit", report.commit},
      {"machine",
       {{"processor", report.machine.processor},
        {"cores", report.machine.cores},
        {"memory_mib", report.machine.memory_mib},
        {"kernel", report.machine.kernel},
        {"file_system", report.machine.file_system},
        {"sync_us", Round(report.machine.sync_us)}}},
      {"run",
       {{"quick", report.quick},
        {"rounds", report.rounds},
        {"slice_seconds", report.slice_seconds},
        {"allow_busy", report.allow_busy},
        {"worst_others_share", Round(report.worst.others)},
        {"worst_steal_share", Round(report.worst.steal)},
        {"repeated_slices", report.repeated}}},
      {"rows", ordered_json::object()},
      {"curves", ordered_json::object()},
  };
  for (const Row& row : report.rows) json["rows"][row.name] = ToJson(row);
  for (const Curve& curve : report.curves) json["curves"][curve.name] = ToJson(curve);
  return json.dump(2) + "\n";
}

absl::StatusOr<std::vector<std::string>> WorseThan(const std::string& earlier, const Report& report) {
  try {
    return Compare(ordered_json::parse(earlier), report);
  } catch (const ordered_json::exception&) {
    return absl::InvalidArgumentError("not a result of this bench");
  }
}

}  // namespace labyrinth::bench
