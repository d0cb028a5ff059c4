// What every session over one channel shares.
#ifndef LABYRINTH_CLIENT_CONNECTION_H_
#define LABYRINTH_CLIENT_CONNECTION_H_

#include <grpcpp/channel.h>

#include <memory>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/caller.h"
#include "client/options.h"
#include "client/token_source.h"
#include "common/clock.h"
#include "common/random.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::client {

struct Stubs;

// The channel's stubs, the retrying caller and the account token's source. Thread-compatible; borrows the seams.
class Connection {
 public:
  Connection(std::shared_ptr<grpc::Channel> channel, std::shared_ptr<AccountTokenSource> tokens,
             const RetryPolicy& retry, Clock& clock, RandomSource& random, Sleeper& sleeper);
  ~Connection();

  // The token, checked to be of the form that a header may carry; FAILED_PRECONDITION if it isn't.
  absl::StatusOr<crypto::Secret> Token(bool renew);

  // Calls `send(token, context)` with the account's token, and once more with a renewed one if the server refuses it.
  absl::Status CallWithToken(absl::FunctionRef<grpc::Status(const crypto::Secret&, grpc::ClientContext&)> send);

  Caller& caller() { return caller_; }
  Clock& clock() { return clock_; }
  RandomSource& random() { return random_; }
  Sleeper& sleeper() { return sleeper_; }
  Stubs& stubs() { return *stubs_; }

 private:
  std::shared_ptr<AccountTokenSource> tokens_;
  Clock& clock_;
  RandomSource& random_;
  Sleeper& sleeper_;
  Caller caller_;
  const std::unique_ptr<Stubs> stubs_;
};

// Puts `authorization: Bearer <token>` on a call.
void AddToken(const crypto::Secret& token, grpc::ClientContext& context);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_CONNECTION_H_
