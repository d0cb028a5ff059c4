#include "client/transfer/jsonl_line.h"

#include "absl/strings/escaping.h"
#include "common/bytes.h"

namespace labyrinth::client {

std::optional<ShownMessage> Show(const HistoryMessage& message) {
  if (const VerifiedBody* body = message.verified()) {
    return ShownMessage{.verified = true, .chat = DecodeChatContent(body->content), .raw = body->content};
  }
  if (const ForeignBody* body = message.foreign()) {
    return ShownMessage{.verified = false, .chat = std::nullopt, .raw = body->unverified_content};
  }
  return std::nullopt;
}

nlohmann::ordered_json MessageJson(const HistoryMessage& message, const ShownMessage& shown) {
  const RowClaims& row = message.row();
  nlohmann::ordered_json out;
  out["message_id"] = ToHex(row.message_id);
  out["timestamp_ms"] = row.timestamp_ms;
  if (row.expire_ms != 0) out["expire_ms"] = row.expire_ms;
  if (!shown.verified) out["verified"] = false;
  if (shown.chat) {
    out["sender"] = shown.chat->sender;
    out["text"] = shown.chat->text;
    for (const Attachment& attachment : shown.chat->attachments) {
      nlohmann::ordered_json entry = {{"name", attachment.file_name}, {"size_bytes", attachment.size_bytes}};
      if (!attachment.media_type.empty()) entry["media_type"] = attachment.media_type;
      out["attachments"].push_back(std::move(entry));
    }
  } else {
    out["content_base64"] = absl::Base64Escape({shown.raw.data(), shown.raw.size()});
  }
  return out;
}

}  // namespace labyrinth::client
