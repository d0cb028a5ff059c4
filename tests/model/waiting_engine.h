// An engine that answers before it returns, so that a test runs on one thread over any engine, and replays.
#ifndef LABYRINTH_TESTS_MODEL_WAITING_ENGINE_H_
#define LABYRINTH_TESTS_MODEL_WAITING_ENGINE_H_

#include <string>
#include <utility>

#include "absl/synchronization/notification.h"
#include "storage/engine.h"

namespace labyrinth::storage {

// Waits for each commit of `base`, which outlives it; its reads answer at once. Thread-safe.
class WaitingEngine final : public Engine {
 public:
  explicit WaitingEngine(Engine& base) : base_(&base) {}

  // Another base, say the same store opened anew. Not while a call is under way.
  void MoveTo(Engine& base) { base_ = &base; }

  void Read(ReadRequest request, ReadCallback done) override { base_->Read(std::move(request), std::move(done)); }
  void Due(int64_t now_ms, std::size_t limit, DueCallback done) override { base_->Due(now_ms, limit, std::move(done)); }
  void ListPartitions(std::string after, std::size_t limit, PartitionsCallback done) override {
    base_->ListPartitions(std::move(after), limit, std::move(done));
  }
  void Commit(CommitRequest request, CommitCallback done) override {
    CommitResult answer;
    absl::Notification answered;
    base_->Commit(std::move(request), [&](CommitResult result) {
      answer = std::move(result);
      answered.Notify();
    });
    answered.WaitForNotification();
    std::move(done)(std::move(answer));
  }

 private:
  Engine* base_;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_TESTS_MODEL_WAITING_ENGINE_H_
