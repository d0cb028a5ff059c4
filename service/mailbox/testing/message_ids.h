// Messages by their ids. testonly.
#ifndef LABYRINTH_SERVICE_MAILBOX_TESTING_MESSAGE_IDS_H_
#define LABYRINTH_SERVICE_MAILBOX_TESTING_MESSAGE_IDS_H_

#include <string>
#include <vector>

#include "service/mailbox/message_view.h"

namespace labyrinth::mailbox::testing {

using Ids = std::vector<std::string>;

inline Ids IdsOf(const std::vector<MessageView>& messages) {
  Ids ids;
  for (const MessageView& message : messages) ids.emplace_back(message.record.message_id());
  return ids;
}

}  // namespace labyrinth::mailbox::testing

#endif  // LABYRINTH_SERVICE_MAILBOX_TESTING_MESSAGE_IDS_H_
