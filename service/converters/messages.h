// Saves and pages between proto and domain.
#ifndef LABYRINTH_SERVICE_CONVERTERS_MESSAGES_H_
#define LABYRINTH_SERVICE_CONVERTERS_MESSAGES_H_

#include "absl/status/statusor.h"
#include "proto/labyrinth/v1/history.pb.h"
#include "service/mailbox/delete_messages.h"
#include "service/mailbox/history_reader.h"
#include "service/mailbox/save_messages.h"

namespace labyrinth::service {

// Everything that can be checked without the mailbox: sizes, bounds, distinct ids, versions. INVALID_FIELD or
// LIMIT_EXCEEDED naming the field and the entry. Moves the ciphertexts out of `request`.
absl::StatusOr<mailbox::SaveRequest> ParseSave(mailbox::Caller caller, v1::SaveMessagesRequest& request);

// The messages alone; the attachments are another domain's.
absl::StatusOr<mailbox::DeleteRequest> ParseDelete(mailbox::Caller caller, const v1::DeleteMessagesRequest& request);

absl::StatusOr<mailbox::MessageQuery> ParseQuery(const v1::ListMessagesRequest& request);

v1::SaveOutcome ToProto(mailbox::SaveOutcome outcome);
// message_writer.cc writes the same fields without a message.
void ToProto(const mailbox::MessageView& view, v1::Message& message);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_CONVERTERS_MESSAGES_H_
