// Walking the chain of epochs over the API (protocol section 3).
#ifndef LABYRINTH_CLIENT_EPOCH_WALK_H_
#define LABYRINTH_CLIENT_EPOCH_WALK_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/api.h"
#include "client/epoch_verify.h"
#include "client/known_epochs.h"
#include "client/verified_log.h"

namespace labyrinth::client {

// Gives the records of a listing to `visit`, page by page, until it says false, the end, or an error. `visit` bounds
// the walk: it refuses a sequence id that isn't the next one.
absl::Status ForEachEpoch(Api& api, v1::ListEpochsRequest request,
                          absl::FunctionRef<absl::StatusOr<bool>(const v1::Epoch&)> visit);

// From the newest known epoch to the newest that the log names. Epochs opened since the log was read are left for the
// next time. DATA_LOSS also if the server withholds one that the log names.
absl::Status ChainForward(Api& api, const VerifiedLog& log, const Recipient& recipient, KnownEpochs& epochs);

// From the oldest known epoch to epoch 0. Nothing to do if that is known.
absl::Status ChainBackward(Api& api, const VerifiedLog& log, KnownEpochs& epochs);

// The record of one epoch with all its members, checked against the log.
absl::StatusOr<v1::Epoch> FetchRecord(Api& api, const VerifiedLog& log, const crypto::Epoch& epoch);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_EPOCH_WALK_H_
