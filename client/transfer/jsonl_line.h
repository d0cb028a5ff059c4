// One message as one line of JSON.
#ifndef LABYRINTH_CLIENT_TRANSFER_JSONL_LINE_H_
#define LABYRINTH_CLIENT_TRANSFER_JSONL_LINE_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "client/message.h"
#include "client/transfer/chat_content.h"
#include "client/transfer/json_text.h"

namespace labyrinth::client {

// What a message holds, for those that show it.
struct ShownMessage {
  bool verified = false;
  std::optional<ChatContent> chat;  // absent: another product's bytes, in `raw`
  std::string raw;
};
// nullopt for a message that was tampered with: it has no content.
std::optional<ShownMessage> Show(const HistoryMessage& message);

// {"message_id":HEX,"timestamp_ms":N,"expire_ms":N?,"verified":false?,"sender":S,"text":S,
// "attachments":[{"name":S,"size_bytes":N,"media_type":S}]? | "content_base64":S}. `message` is the row of `shown`.
// Keys and names of attachments stay inside. Writers add where the file went.
nlohmann::ordered_json MessageJson(const HistoryMessage& message, const ShownMessage& shown);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_JSONL_LINE_H_
