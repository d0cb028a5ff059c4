// From the server's rows to messages that say how far they can be believed (protocol section 6).
#ifndef LABYRINTH_CLIENT_ROW_OPENER_H_
#define LABYRINTH_CLIENT_ROW_OPENER_H_

#include <google/protobuf/repeated_field.h>

#include <vector>

#include "absl/status/statusor.h"
#include "client/core.h"
#include "client/known_epochs.h"
#include "client/message.h"
#include "crypto/statements/membership.h"
#include "proto/labyrinth/v1/history.pb.h"

namespace labyrinth::client {

// Decrypts one row under its epoch's key and compares it with its envelope. Pure.
HistoryMessage OpenRow(const v1::Message& row, const KnownEpochs& epochs, const crypto::MembershipState& log);

// Opens a page of rows, in order. Where a row names an epoch or a writer that isn't known, the log and the chain are
// read anew, once, before the row is called tampered with: another member may have opened or joined since. Errors are
// those of that reading.
absl::StatusOr<std::vector<HistoryMessage>> OpenRows(Core& core,
                                                     const google::protobuf::RepeatedPtrField<v1::Message>& rows);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ROW_OPENER_H_
