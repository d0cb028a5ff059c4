// The change feed between proto and domain.
#ifndef LABYRINTH_SERVICE_CONVERTERS_CHANGES_H_
#define LABYRINTH_SERVICE_CONVERTERS_CHANGES_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "proto/labyrinth/v1/history.pb.h"
#include "service/mailbox/change_reader.h"

namespace labyrinth::service {

// INVALID_FIELD naming the field; a large max_changes is cut to the limit.
absl::StatusOr<mailbox::ChangeQuery> ParseChanges(const v1::ListChangesRequest& request);
absl::StatusOr<mailbox::ChangeQuery> ParseChanges(const v1::WatchRequest& request);

// What an answer holds, for the log.
struct ChangeCount {
  uint64_t entries = 0;
  uint64_t bytes = 0;  // of ciphertext
};

// Moves the ciphertexts.
ChangeCount ToProto(mailbox::ChangePage&& page, uint64_t generation, v1::ListChangesResponse& response);
ChangeCount ToProto(mailbox::ChangePage&& page, uint64_t generation, v1::WatchResponse& response);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_CONVERTERS_CHANGES_H_
