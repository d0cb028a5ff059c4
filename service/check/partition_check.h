// What the checks of all kinds of partitions share: walking a table at a moment a page, and settling what was found.
#ifndef LABYRINTH_SERVICE_CHECK_PARTITION_CHECK_H_
#define LABYRINTH_SERVICE_CHECK_PARTITION_CHECK_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/message_lite.h"
#include "service/check/finding.h"
#include "service/check/moment.h"
#include "storage/engine.h"

namespace labyrinth::check {

// One partition under examination. A page of a table is read together with every row that its rows are held against, at
// one moment: so nothing that happens meanwhile can look like damage. Repairs of a page are one commit on the condition
// that the partition still stands at that moment; else the page is judged anew. Thread-compatible; blocks.
class PartitionCheck {
 public:
  // All outlive it.
  PartitionCheck(storage::Engine& engine, std::string partition, const Options& options, Listener& listener,
                 Summary& summary)
      : engine_(engine), partition_(std::move(partition)), options_(options), listener_(listener), summary_(summary) {}

  // Why it could not go on: ENGINE_UNAVAILABLE, CANCELLED. Damage is a finding.
  const absl::Status& error() const { return error_; }

 protected:
  using NeedRow = std::function<void(const Moment&, const Row&, Wants&)>;
  using JudgeRow = std::function<void(const Moment&, const Row&)>;

  // Goes through [begin, end). `unreadable` is the finding if the engine can't read it.
  void Walk(std::string_view unreadable, std::string begin, const std::string& end, const NeedRow& need,
            const JudgeRow& judge);
  // The same for one moment that isn't a page of a table.
  void Once(std::string_view unreadable, const std::function<void(const Moment&, Wants&)>& need,
            const std::function<void(const Moment&)>& judge);

  // Within a judge. Reported once a key, however many rules meet it.
  void Primary(std::string_view name, const std::string& key) { Add(name, FindingKind::kPrimary, key); }
  void Derived(std::string_view name, const std::string& key) { Add(name, FindingKind::kDerived, key); }
  void Put(const std::string& key, const google::protobuf::MessageLite& record) {
    fixes_[key] = record.SerializeAsString();
  }
  void PutMark(const std::string& key);
  void Delete(const std::string& key) { fixes_[key] = std::nullopt; }
  void SetWake(int64_t ms) { wake_at_ms_ = ms; }
  // The page is to be judged once more.
  void Again() { again_ = true; }

  bool Reported(const std::string& key) const { return reported_.contains(key); }
  // Whether what is derived is put right on the way, so that later passes see it so.
  bool repairs() const { return options_.repair && !options_.dry_run; }
  bool stopped() const { return !error_.ok(); }
  void Fail(const absl::Status& status) { error_.Update(status); }

  storage::Engine& engine_;
  const std::string partition_;
  const Options& options_;
  Listener& listener_;
  Summary& summary_;

 private:
  void Add(std::string_view name, FindingKind kind, const std::string& key);
  // Reports, and repairs, what was judged at `position`. False: judge once more.
  bool Settle(const storage::Position& position);
  bool Commit(const storage::Position& position);
  // Tells of what can't be read, or fails.
  void Unreadable(std::string_view name, const std::string& begin, const absl::Status& status);

  absl::Status error_;
  std::vector<Finding> found_;  // at this moment
  std::map<std::string, std::optional<std::string>> fixes_;
  std::optional<int64_t> wake_at_ms_;
  bool again_ = false;
  std::set<std::string> reported_;
};

// A table by its tag: [begin, end).
inline std::string TableBegin(const std::string& example_key) { return example_key.substr(0, 1); }
inline std::string TableEnd(const std::string& example_key) {
  return std::string(1, static_cast<char>(example_key[0] + 1));
}

}  // namespace labyrinth::check

#endif  // LABYRINTH_SERVICE_CHECK_PARTITION_CHECK_H_
