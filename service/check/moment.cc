#include "service/check/moment.h"

#include <algorithm>

#include "storage/blocking.h"

namespace labyrinth::check {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);
// Rows that lead to rows that lead to rows: none of ours is longer than four. More rounds mean that others appear all
// the time.
constexpr int kRounds = 16;

}  // namespace

void Wants::Scan(storage::Scan scan) {
  const bool known = std::any_of(scans_.begin(), scans_.end(), [&](const storage::Scan& other) {
    return other.begin == scan.begin && other.end == scan.end;
  });
  if (!known) scans_.push_back(std::move(scan));
}

const std::optional<std::string>* Moment::Find(const std::string& key) const {
  const auto row = rows_.find(key);
  return row == rows_.end() ? nullptr : &row->second;
}

const Page* Moment::PageOf(const std::string& begin, const std::string& end) const {
  const auto page = pages_.find({begin, end});
  return page == pages_.end() ? nullptr : &page->second;
}

absl::StatusOr<Moment> ReadMoment(storage::Engine& engine, const std::string& partition,
                                  const std::function<void(const Moment&, Wants&)>& need) {
  Wants wants;
  Moment moment;
  for (int round = 0; round < kRounds; ++round) {
    const std::size_t before = wants.keys().size() + wants.scans().size();
    need(moment, wants);
    if (wants.keys().size() + wants.scans().size() == before) return moment;
    storage::ReadRequest request{.partition = partition,
                                 .keys = {wants.keys().begin(), wants.keys().end()},
                                 .scans = wants.scans(),
                                 .deadline = absl::Now() + kPatience};
    auto read = storage::ReadAndWait(engine, std::move(request));
    if (!read.ok()) return read.status();
    moment = Moment();
    moment.position_ = read->position;
    std::size_t i = 0;
    for (const std::string& key : wants.keys()) moment.rows_[key] = std::move(read->values[i++]);
    for (std::size_t s = 0; s < wants.scans().size(); ++s) {
      const storage::Scan& scan = wants.scans()[s];
      Page& page = moment.pages_[{scan.begin, scan.end}];
      page.more = read->pages[s].more;
      for (const auto& [key, value] : read->pages[s].items) {
        page.items.push_back({std::string(key), std::string(value)});
        moment.rows_[page.items.back().key] = page.items.back().value;
      }
    }
  }
  return absl::AbortedError("the rows change too fast");
}

}  // namespace labyrinth::check
