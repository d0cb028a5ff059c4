// A change to one mailbox, as the sequencer sees it.
#ifndef LABYRINTH_SERVICE_MAILBOX_OPERATION_H_
#define LABYRINTH_SERVICE_MAILBOX_OPERATION_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/mailbox/batch_state.h"
#include "storage/engine.h"

namespace labyrinth::mailbox {

// One call's intent. Need() and Decide() may run several times (another node's commit can void what was decided), so
// they keep no state but the result of the last Decide(). Complete() runs once. Not thread-safe: one thread at a time.
class Operation {
 public:
  virtual ~Operation() = default;

  // Adds the keys that Decide() will look at, as far as `state` lets it know them; called again while it adds new ones.
  virtual void Need(const BatchState& state, std::vector<std::string>& keys) const = 0;

  // As Need, of ranges. For operations that stand alone() in their batch: what others of it wrote isn't in the pages.
  virtual void NeedScans(const BatchState& /*state*/, std::vector<storage::Scan>& /*scans*/) const {}

  // Purely decides on the transaction's view and writes its changes there. A refusal may leave changes behind: they are
  // discarded.
  virtual absl::Status Decide(Transaction& txn) = 0;

  // OK: durably done (or nothing had to be done) at `position`. Otherwise why not.
  virtual void Complete(const absl::Status& status, const storage::Position& position) = 0;

  // Roughly what it adds to a commit.
  virtual std::size_t size_bytes() const { return 1024; }
  // True for operations that change membership, epochs or the mailbox itself: each gets a batch of its own, so that
  // what the others of a batch asked for never depends on one of these.
  virtual bool alone() const { return true; }
  // True for what mustn't wait for room on a disk that fills up: CommitRequest::urgent.
  virtual bool urgent() const { return false; }

  absl::Time deadline = absl::InfiniteFuture();
};

// An operation that answers with a Result or an error.
template <typename Result>
class OperationWithResult : public Operation {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Result>) &&>;

  explicit OperationWithResult(Done done) : done_(std::move(done)) {}

  void Complete(const absl::Status& status, const storage::Position& position) final {
    if (!status.ok()) return std::move(done_)(status);
    Finish(position, result_);
    std::move(done_)(std::move(result_));
  }

 protected:
  // Fills in what only the commit's position tells.
  virtual void Finish(const storage::Position&, Result&) {}

  Result result_;

 private:
  Done done_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_OPERATION_H_
