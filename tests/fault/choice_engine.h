// A store whose every answer waits for somebody to choose it: what an exhaustive search stands on.
#ifndef LABYRINTH_TESTS_FAULT_CHOICE_ENGINE_H_
#define LABYRINTH_TESTS_FAULT_CHOICE_ENGINE_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "storage/engine.h"
#include "tests/fault/shadow_engine.h"

namespace labyrinth::fault {

// What may become of a commit. The first is what happens when nothing goes wrong: it applies, or conflicts.
enum class CommitFate { kHonest, kLostUnknown, kAppliedUnknown, kLateUnknown };

// What a canary breaks.
enum class Breach {
  kNone,
  kNoCondition,  // commits apply wherever the partition stands
  kStaleReads,   // rows come from a cache of the start; only the position is of now
};

// One partition. Calls of any number of nodes queue up in one line; nothing is answered before Answer(). Reads of keys
// alone. Not thread-safe.
class ChoiceEngine {
 public:
  // Hears of each commit that applies, before it does.
  using OnCommit = std::function<void(const StoredPartition& before, const storage::CommitRequest& commit)>;

  ChoiceEngine(StoredPartition start, Breach breach, OnCommit on_commit)
      : start_(start), now_(std::move(start)), breach_(breach), on_commit_(std::move(on_commit)) {}

  // One node's way in.
  class Port final : public storage::Engine {
   public:
    Port(ChoiceEngine& engine, int node) : engine_(engine), node_(node) {}
    void Read(storage::ReadRequest request, storage::ReadCallback done) override {
      engine_.calls_.push_back({node_, std::pair(std::move(request), std::move(done))});
    }
    void Commit(storage::CommitRequest request, storage::CommitCallback done) override {
      engine_.calls_.push_back({node_, std::pair(std::move(request), std::move(done))});
    }
    void Due(int64_t, std::size_t, storage::DueCallback) override {}
    void ListPartitions(std::string, std::size_t, storage::PartitionsCallback) override {}

   private:
    ChoiceEngine& engine_;
    const int node_;
  };

  std::size_t waiting() const { return calls_.size(); }
  bool is_commit(std::size_t index) const { return calls_[index].call.index() == 1; }
  int node(std::size_t index) const { return calls_[index].node; }
  std::size_t late() const { return late_.size(); }

  // Lets the call go; returns a line that says what its caller has learnt.
  std::string Answer(std::size_t index, CommitFate fate);
  // One of the commits that were called unknown comes to the store.
  void ApplyLate(std::size_t index);
  // Refuses whatever waits.
  void Refuse();

  const StoredPartition& now() const { return now_; }
  // The store and what is still on its way to it, for telling states apart.
  std::string Signature() const;

 private:
  struct Waiting {
    int node = 0;
    std::variant<std::pair<storage::ReadRequest, storage::ReadCallback>,
                 std::pair<storage::CommitRequest, storage::CommitCallback>>
        call;
  };
  storage::CommitResult Apply(const storage::CommitRequest& commit);

  const StoredPartition start_;
  StoredPartition now_;
  const Breach breach_;
  const OnCommit on_commit_;
  std::vector<Waiting> calls_;
  std::vector<storage::CommitRequest> late_;
};

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_CHOICE_ENGINE_H_
