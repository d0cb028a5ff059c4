// Our errors on the wire: absl::Status to grpc::Status and back, in the way of google.rpc.Status details.
#ifndef LABYRINTH_COMMON_RPC_STATUS_H_
#define LABYRINTH_COMMON_RPC_STATUS_H_

#include <grpcpp/support/status.h>

#include "absl/status/status.h"

namespace labyrinth {

// Keeps the code and the message, and copies the ErrorInfo and RetryInfo payloads (common/errors.h) into the details of
// a google.rpc.Status. Other payloads stay behind: they were never meant to travel. Doesn't judge whether a text may
// leave the process: the server's converter decides that first.
grpc::Status ToGrpc(const absl::Status& status);

// The inverse, for clients: ReasonOf() and DetailsOf() then work on the result. Details that don't parse, name another
// code than the call's, or hold other types are ignored; a code outside gRPC's list becomes UNKNOWN.
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace labyrinth

#endif  // LABYRINTH_COMMON_RPC_STATUS_H_
