// Random operations against a plain map. Every seed replays.
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "tests/conformance/engine/calls.h"
#include "tests/conformance/engine/under_test.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

struct Model {
  Position position = {};
  int64_t wake_at_ms = 0;
  std::map<std::string, std::string> rows = {};
};

class Run {
 public:
  explicit Run(uint64_t seed) : random_(seed), test_(MakeEngineUnderTest()) {}

  void Step() {
    const uint64_t dice = Draw(1000);
    if (dice < 2) {
      test_->Reopen();
    } else if (dice < 450) {
      Commit();
    } else if (dice < 470) {
      DropOne();
    } else if (dice < 970) {
      Read();
    } else {
      Due();
    }
  }

 private:
  uint64_t Draw(uint64_t bound) { return random_() % bound; }

  // Few and short, so that they meet.
  std::string Name() { return std::string(1, static_cast<char>('A' + Draw(5))); }
  std::string Key() {
    static constexpr char kBytes[] = {'\0', '\1', 'a', 'b', '\x7f', '\x80', '\xff'};
    std::string key;
    for (uint64_t i = 0, length = 1 + Draw(3); i < length; ++i) key.push_back(kBytes[Draw(sizeof(kBytes))]);
    return key;
  }
  // Often right.
  Position Expect(const Model& model) {
    Position expect = model.position;
    if (Draw(10) == 0) expect.revision += Draw(3);
    if (Draw(20) == 0) expect.incarnation += 1;
    return expect;
  }

  void Commit() {
    const std::string name = Name();
    Model& model = models_[name];
    CommitRequest request;
    request.partition = name;
    request.expect = Expect(model);
    std::map<std::string, std::optional<std::string>> writes;
    for (uint64_t i = 0, count = 1 + Draw(8); i < count; ++i) {
      writes[Key()] = Draw(3) == 0 ? std::nullopt : std::optional(std::string(1 + Draw(40), 'a' + Draw(26)));
    }
    for (const auto& [key, value] : writes) request.writes.push_back({key, value});
    if (Draw(4) == 0) request.wake_at_ms = Draw(3) == 0 ? 0 : 1 + Draw(50);
    const CommitResult result = CommitNow(test_->engine(), request);
    if (!Expected(result, request.expect, model)) return;
    for (const auto& [key, value] : writes) {
      if (value.has_value()) {
        model.rows[key] = *value;
      } else {
        model.rows.erase(key);
      }
    }
    model.wake_at_ms = request.wake_at_ms.value_or(model.wake_at_ms);
    ++model.position.revision;
    REQUIRE(result.position == model.position);
  }

  void DropOne() {
    const std::string name = Name();
    Model& model = models_[name];
    const Position expect = Expect(model);
    const CommitResult result = CommitNow(test_->engine(), Drop(name, expect));
    if (!Expected(result, expect, model)) return;
    model = Model{.position = {model.position.incarnation + 1, 0}};
    REQUIRE(result.position == model.position);
  }

  // Whether the commit was to happen, after checking that it did just that.
  static bool Expected(const CommitResult& result, Position expect, const Model& model) {
    const bool match = expect == model.position;
    REQUIRE(result.outcome == (match ? Outcome::kCommitted : Outcome::kConflict));
    if (!match) REQUIRE(result.position == model.position);
    return match;
  }

  void Read() {
    const std::string name = Name();
    const Model& model = models_[name];
    ReadRequest request;
    request.partition = name;
    for (uint64_t i = 0, count = Draw(6); i < count; ++i) request.keys.push_back(Key());
    for (uint64_t i = 0, count = Draw(3); i < count; ++i) {
      Scan scan = Range(Key(), Key(), Draw(2) == 0 ? Direction::kForward : Direction::kBackward);
      if (scan.begin == scan.end) continue;
      if (scan.begin > scan.end) std::swap(scan.begin, scan.end);
      if (Draw(2) == 0) scan.max_items = 1 + Draw(10);
      if (Draw(2) == 0) scan.max_bytes = Draw(200);
      request.scans.push_back(scan);
    }
    const ReadResult result = MustRead(test_->engine(), request);
    REQUIRE(result.position == model.position);
    for (std::size_t i = 0; i < request.keys.size(); ++i) {
      const auto row = model.rows.find(request.keys[i]);
      REQUIRE(result.values[i] == (row == model.rows.end() ? std::nullopt : std::optional(row->second)));
    }
    for (std::size_t i = 0; i < request.scans.size(); ++i) CheckPage(result.pages[i], request.scans[i], model);
  }

  static void CheckPage(const Page& page, const Scan& scan, const Model& model) {
    std::vector<KeyValue> range;
    for (const auto& [key, value] : model.rows) {
      if (key >= scan.begin && key < scan.end) range.push_back({key, value});
    }
    if (scan.direction == Direction::kBackward) std::reverse(range.begin(), range.end());
    std::size_t fits = 0, bytes = 0;
    for (; fits < range.size() && fits < scan.max_items; ++fits) {
      bytes += range[fits].key.size() + range[fits].value.size();
      if (fits > 0 && bytes > scan.max_bytes) break;
    }
    REQUIRE(page.items.size() == fits);
    REQUIRE(page.more == (fits < range.size()));
    for (std::size_t i = 0; i < fits; ++i) {
      REQUIRE(page.items[i].key == range[i].key);
      REQUIRE(page.items[i].value == range[i].value);
    }
  }

  void Due() {
    const auto now_ms = static_cast<int64_t>(Draw(60));
    const auto due = DueNow(test_->engine(), now_ms);
    REQUIRE(due.ok());
    std::map<std::string, int64_t> found;
    for (std::size_t i = 0; i < due->size(); ++i) {
      found[(*due)[i].partition] = (*due)[i].wake_at_ms;
      if (i > 0) REQUIRE((*due)[i - 1].wake_at_ms <= (*due)[i].wake_at_ms);
    }
    REQUIRE(found.size() == due->size());
    // The contract allows one too many, so this asks only that none is missing.
    for (const auto& [name, model] : models_) {
      if (model.wake_at_ms == 0 || model.wake_at_ms > now_ms) continue;
      REQUIRE(found.count(name) == 1);
      REQUIRE(found[name] == model.wake_at_ms);
    }
  }

  std::mt19937_64 random_;
  std::unique_ptr<EngineUnderTest> test_;
  std::map<std::string, Model> models_;
};

TEST_CASE("random operations agree with a plain map") {
  const auto seed = GENERATE(uint64_t{1}, 2, 3, 4);
  Run run(seed);
  for (int step = 0; step < 3000; ++step) {
    INFO("seed " << seed << ", step " << step);
    run.Step();
  }
}

}  // namespace
}  // namespace labyrinth::storage
