#include "client/transfer/chat_content.h"

#include <limits>
#include <utility>

#include "client/transfer/text.h"
#include "proto/labyrinth/content/v1/envelope.pb.h"

namespace labyrinth::client {

std::string EncodeChatContent(const ChatContent& content) {
  content::v1::ChatContent message;
  message.set_sender_name(content.sender);
  message.set_text(content.text);
  message.set_thread_title(content.thread_title);
  for (const Attachment& attachment : content.attachments) EncodeAttachment(attachment, *message.add_attachments());
  return message.SerializeAsString();
}

std::optional<ChatContent> DecodeChatContent(std::string_view bytes) {
  content::v1::ChatContent message;
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
      !message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return std::nullopt;
  }
  ChatContent out{std::move(*message.mutable_sender_name()), std::move(*message.mutable_text()),
                  std::move(*message.mutable_thread_title())};
  if (message.attachments_size() > static_cast<int>(kChatAttachments)) return std::nullopt;
  for (const content::v1::Attachment& encoded : message.attachments()) {
    std::optional<Attachment> attachment = DecodeAttachment(encoded);
    if (!attachment) return std::nullopt;
    out.attachments.push_back(*std::move(attachment));
  }
  // Almost any bytes parse as some protobuf: what isn't text, or holds none of our fields, wasn't ours.
  if (!IsValidUtf8(out.sender) || !IsValidUtf8(out.text) || !IsValidUtf8(out.thread_title)) return std::nullopt;
  const bool empty = out.sender.empty() && out.text.empty() && out.thread_title.empty() && out.attachments.empty();
  if (empty && !bytes.empty()) return std::nullopt;
  return out;
}

}  // namespace labyrinth::client
