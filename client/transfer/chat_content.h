// The reference CLI's message content: a labyrinth.content.v1.ChatContent inside the sealed envelope.
#ifndef LABYRINTH_CLIENT_TRANSFER_CHAT_CONTENT_H_
#define LABYRINTH_CLIENT_TRANSFER_CHAT_CONTENT_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/attachments/attachment.h"

namespace labyrinth::client {

// Bounds what every message of a thread repeats.
inline constexpr std::size_t kThreadTitleBytes = 4096;

// Of one message.
inline constexpr std::size_t kChatAttachments = 64;

struct ChatContent {
  std::string sender;
  std::string text;
  std::string thread_title;                  // may be empty
  std::vector<Attachment> attachments = {};  // at most kChatAttachments
};

// All texts must be UTF-8.
std::string EncodeChatContent(const ChatContent& content);

// nullopt if `bytes` is something else: another product's content in a shared mailbox.
std::optional<ChatContent> DecodeChatContent(std::string_view bytes);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_CHAT_CONTENT_H_
