// One call's deadline, retries and errors.
#ifndef LABYRINTH_CLIENT_CALLER_H_
#define LABYRINTH_CLIENT_CALLER_H_

#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <cstdint>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "client/options.h"
#include "client/sleeper.h"
#include "common/random.h"

namespace labyrinth::client {

// Repeats an identical call while its outcome is open: UNAVAILABLE (OUTCOME_UNKNOWN and DRAINING among them),
// DEADLINE_EXCEEDED, and RATE_LIMITED with a delay of at most RetryPolicy::max_backoff_ms. Every call of the API is
// safe to repeat: creating calls carry request ids, saves are idempotent by message id. Anything else is final.
// Thread-compatible; borrows the seams.
class Caller {
 public:
  Caller(const RetryPolicy& policy, Sleeper& sleeper, RandomSource& random)
      : policy_(policy), sleeper_(sleeper), random_(random) {}

  // `attempt` issues the call once, blocking, with a context that has its deadline. The last error stands, as
  // absl::Status with its reason (common/errors.h).
  absl::Status Run(absl::FunctionRef<grpc::Status(grpc::ClientContext&)> attempt);

  // Run's parts, for streams, whose second attempt isn't the first one's repetition. One attempt, whatever comes of it:
  absl::Status Once(absl::FunctionRef<grpc::Status(grpc::ClientContext&)> attempt);
  // After `attempts` of them, the last with `error`: waits and says true if there shall be another.
  bool PauseBeforeNext(const absl::Status& error, int attempts);

 private:
  // The pause before the next attempt; negative if there shall be none.
  int64_t BackoffMs(const absl::Status& error, int attempt);

  const RetryPolicy policy_;
  Sleeper& sleeper_;
  RandomSource& random_;
};

// True while the server may have acted on the call: the outcome must be found out by repeating it.
bool OutcomeIsOpen(const absl::Status& status);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_CALLER_H_
