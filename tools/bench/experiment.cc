#include "tools/bench/experiment.h"

#include <algorithm>
#include <utility>

namespace labyrinth::bench {

Experiment::Experiment(Bench& bench, std::vector<Claim> claims) : bench_(bench) {
  for (Claim& claim : claims) {
    if (bench.Wants(claim.row)) claims_.push_back(std::move(claim));
  }
}

bool Experiment::Needs(const std::string& contender) const {
  return std::any_of(claims_.begin(), claims_.end(),
                     [&](const Claim& claim) { return claim.ours == contender || claim.floor == contender; });
}

void Experiment::Add(const std::string& name, const std::function<Contender()>& make) {
  if (!Needs(name)) return;
  names_.push_back(name);
  contenders_.push_back(make());
}

void Experiment::Refuse(const std::string& name, const absl::Status& why) {
  const auto kept = std::stable_partition(
      claims_.begin(), claims_.end(), [&](const Claim& claim) { return claim.ours != name && claim.floor != name; });
  for (auto refused = kept; refused != claims_.end(); ++refused) {
    bench_.rows().push_back({.name = refused->row,
                             .title = refused->title,
                             .ours = {},
                             .floor = {},
                             .target = {},
                             .refused = std::string(why.message())});
  }
  claims_.erase(kept, claims_.end());
}

absl::Status Experiment::Run() {
  if (!Wanted()) return absl::OkStatus();
  const auto series = bench_.rounds().Run(contenders_);
  if (!series.ok()) return series.status();
  const auto of = [&](const std::string& name) {
    return (*series)[static_cast<std::size_t>(std::find(names_.begin(), names_.end(), name) - names_.begin())];
  };
  for (const Claim& claim : claims_) {
    Row row{.name = claim.row,
            .title = claim.title,
            .ours = of(claim.ours),
            .floor = {},
            .higher_is_better = claim.higher_is_better,
            .target = claim.target};
    if (!claim.floor.empty()) row.floor = of(claim.floor);
    bench_.rows().push_back(std::move(row));
  }
  return absl::OkStatus();
}

void Sweep::Add(double x, Contender contender) {
  x_.push_back(x);
  contenders_.push_back(std::move(contender));
}

absl::Status Sweep::Run() {
  if (!Wanted()) return absl::OkStatus();
  const auto series = bench_.rounds().Run(contenders_);
  if (!series.ok()) return series.status();
  curve_.lines = LinesOf(x_, *series);
  bench_.curves().push_back(curve_);
  return absl::OkStatus();
}

}  // namespace labyrinth::bench
