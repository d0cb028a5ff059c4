// Rows of messages, read without a copy of what makes up most of them.
#ifndef LABYRINTH_SERVICE_MAILBOX_MESSAGE_RECORD_H_
#define LABYRINTH_SERVICE_MAILBOX_MESSAGE_RECORD_H_

#include <string>

#include "absl/status/statusor.h"
#include "proto/storage/v1/records.pb.h"

namespace labyrinth::mailbox {

// As ParseRecord, but the ciphertext takes over the row's own bytes.
absl::StatusOr<storage_v1::MessageRecord> TakeMessageRecord(std::string row);

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_MESSAGE_RECORD_H_
