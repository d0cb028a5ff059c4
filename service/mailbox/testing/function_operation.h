// Operations made of lambdas, for tests of the machinery below the rules.
#ifndef LABYRINTH_SERVICE_MAILBOX_TESTING_FUNCTION_OPERATION_H_
#define LABYRINTH_SERVICE_MAILBOX_TESTING_FUNCTION_OPERATION_H_

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "service/mailbox/operation.h"

namespace labyrinth::mailbox::testing {

// What became of an operation. Complete() counts, so that a test sees "exactly once".
struct Completion {
  int count = 0;
  absl::Status status;
  storage::Position position;
};

// What an operation is to do; every member may be left at its default.
struct Script {
  std::vector<std::string> needs = {};
  std::function<absl::Status(Transaction&)> decide = [](Transaction&) { return absl::OkStatus(); };
  std::function<void()> completed = [] {};
  bool alone = false;
  std::size_t size_bytes = 1024;
  absl::Time deadline = absl::InfiniteFuture();
};

class FunctionOperation final : public Operation {
 public:
  FunctionOperation(Script script, std::shared_ptr<Completion> completion)
      : script_(std::move(script)), completion_(std::move(completion)) {
    deadline = script_.deadline;
  }

  void Need(const BatchState&, std::vector<std::string>& keys) const override {
    keys.insert(keys.end(), script_.needs.begin(), script_.needs.end());
  }
  absl::Status Decide(Transaction& txn) override { return script_.decide(txn); }
  void Complete(const absl::Status& status, const storage::Position& position) override {
    ++completion_->count;
    completion_->status = status;
    completion_->position = position;
    script_.completed();
  }
  std::size_t size_bytes() const override { return script_.size_bytes; }
  bool alone() const override { return script_.alone; }

 private:
  const Script script_;
  const std::shared_ptr<Completion> completion_;
};

}  // namespace labyrinth::mailbox::testing

#endif  // LABYRINTH_SERVICE_MAILBOX_TESTING_FUNCTION_OPERATION_H_
