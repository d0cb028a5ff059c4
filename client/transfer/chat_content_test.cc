#include "client/transfer/chat_content.h"

#include <catch2/catch.hpp>

namespace labyrinth::client {
namespace {

TEST_CASE("Chat content survives encoding") {
  const std::optional<ChatContent> out =
      DecodeChatContent(EncodeChatContent({"Jörg", "line\nline \U0001f600", "Café"}));
  REQUIRE(out.has_value());
  CHECK(out->sender == "Jörg");
  CHECK(out->text == "line\nline \U0001f600");
  CHECK(out->thread_title == "Café");
  CHECK(DecodeChatContent("").has_value());  // all fields empty
}

Attachment SomeAttachment() {
  return {.name = *crypto::AttachmentName::From(std::string(16, 'A')),
          .content_key = crypto::Secret::CopyOf(std::string(32, 'K')),
          .digest = *crypto::Sha256Digest::From(std::string(32, 'D')),
          .size_bytes = 7,
          .file_name = "../photo.jpg",
          .media_type = "image/jpeg"};
}

TEST_CASE("Attachments survive encoding") {
  ChatContent content{"Ann", "look", "T"};
  content.attachments.push_back(SomeAttachment());
  content.attachments.push_back(SomeAttachment());
  const std::optional<ChatContent> out = DecodeChatContent(EncodeChatContent(content));
  REQUIRE(out.has_value());
  REQUIRE(out->attachments.size() == 2);
  const Attachment& attachment = out->attachments[1];
  CHECK(attachment.name == SomeAttachment().name);
  CHECK(attachment.content_key.RevealSecret() == std::string(32, 'K'));
  CHECK(attachment.digest == SomeAttachment().digest);
  CHECK(attachment.size_bytes == 7);
  CHECK(attachment.file_name == "../photo.jpg");
  CHECK(attachment.media_type == "image/jpeg");
}

TEST_CASE("A message with a malformed attachment isn't taken for chat") {
  const auto refused = [](auto change) {
    ChatContent content{"Ann", "look", "T"};
    content.attachments.push_back(SomeAttachment());
    change(content);
    return !DecodeChatContent(EncodeChatContent(content)).has_value();
  };
  CHECK(refused([](ChatContent& c) { c.attachments[0].content_key = crypto::Secret(31); }));
  CHECK(refused([](ChatContent& c) { c.attachments[0].size_bytes = crypto::kAttachmentFileBytes + 1; }));
  CHECK(refused([](ChatContent& c) { c.attachments[0].file_name = std::string(256, 'a'); }));
  CHECK(refused([](ChatContent& c) { c.attachments[0].media_type = std::string(128, 'a'); }));
  CHECK(refused([](ChatContent& c) {
    while (c.attachments.size() <= kChatAttachments) c.attachments.push_back(SomeAttachment());
  }));
}

TEST_CASE("Other products' content isn't taken for chat") {
  CHECK_FALSE(DecodeChatContent("just text").has_value());
  CHECK_FALSE(DecodeChatContent(std::string("\x0a\x02\xff\xfe", 4)).has_value());  // sender_name isn't UTF-8
  CHECK_FALSE(DecodeChatContent(std::string("\x0a\x7f", 2)).has_value());          // cut off
  CHECK_FALSE(DecodeChatContent(std::string("\xf8\x01\x05", 3)).has_value());      // parses, field 31 alone
}

}  // namespace
}  // namespace labyrinth::client
