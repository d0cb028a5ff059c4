// Rows of one partition as they were at one moment, however many reads it took to find out which.
#ifndef LABYRINTH_SERVICE_CHECK_MOMENT_H_
#define LABYRINTH_SERVICE_CHECK_MOMENT_H_

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/storage/v1/records.pb.h"
#include "storage/engine.h"

namespace labyrinth::check {

// The most that one read takes: what fits is judged at one moment, whatever else happens in the partition.
inline constexpr std::size_t kMomentBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMomentItems = std::size_t{1} << 20;

// As storage's, but each row owns its bytes: what is found wrong outlives what was read.
struct Row {
  std::string key;
  std::string value;
};
struct Page {
  std::vector<Row> items;
  bool more = false;
};

// What a rule has to see. Thread-compatible.
class Wants {
 public:
  void Key(std::string key) { keys_.insert(std::move(key)); }
  // The whole range, as far as one read goes.
  void Range(std::string begin, std::string end) {
    Scan({std::move(begin), std::move(end), storage::Direction::kForward, kMomentItems, kMomentBytes});
  }
  void First(std::string begin, std::string end) {
    Scan({std::move(begin), std::move(end), storage::Direction::kForward, 1, kMomentBytes});
  }
  void Scan(storage::Scan scan);

  const std::set<std::string>& keys() const { return keys_; }
  const std::vector<storage::Scan>& scans() const { return scans_; }

 private:
  std::set<std::string> keys_;
  std::vector<storage::Scan> scans_;
};

// Immutable.
class Moment {
 public:
  const storage::Position& position() const { return position_; }
  // nullopt: there is no such row. Null: nobody wanted it.
  const std::optional<std::string>* Find(const std::string& key) const;
  // Of a scan with this beginning and end. Null: nobody wanted it.
  const Page* PageOf(const std::string& begin, const std::string& end) const;

  // The row at `key` as a record; nullopt if there is none, none was wanted, or it doesn't parse.
  template <typename Record>
  std::optional<Record> Get(const std::string& key) const {
    const std::optional<std::string>* row = Find(key);
    Record record;
    if (row == nullptr || !row->has_value() || !record.ParseFromString(**row)) return std::nullopt;
    return record;
  }
  bool Has(const std::string& key) const {
    const std::optional<std::string>* row = Find(key);
    return row != nullptr && row->has_value();
  }
  // A mark that says what marks say.
  bool HasMark(const std::string& key) const {
    const auto mark = Get<storage_v1::Mark>(key);
    return mark.has_value() && mark->version() == 1;
  }

 private:
  friend absl::StatusOr<Moment> ReadMoment(storage::Engine& engine, const std::string& partition,
                                           const std::function<void(const Moment&, Wants&)>& need);
  storage::Position position_;
  std::map<std::string, std::optional<std::string>> rows_;
  std::map<std::pair<std::string, std::string>, Page> pages_;
};

// Asks `need` what it wants, reads all of that at one moment, and asks again while what was read leads to more. Blocks.
// Errors are the engine's, and ABORTED if that never ends, since rows appear all the time.
absl::StatusOr<Moment> ReadMoment(storage::Engine& engine, const std::string& partition,
                                  const std::function<void(const Moment&, Wants&)>& need);

}  // namespace labyrinth::check

#endif  // LABYRINTH_SERVICE_CHECK_MOMENT_H_
