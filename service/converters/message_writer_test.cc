// Responses as bytes: what any reader of Protocol Buffers makes of them.
#include "service/converters/message_writer.h"

#include <google/protobuf/util/message_differencer.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <catch2/catch.hpp>

#include "proto/labyrinth/v1/history.pb.h"
#include "proto/storage/v1/records.pb.h"
#include "service/converters/messages.h"

namespace labyrinth::service {
namespace {

using google::protobuf::util::MessageDifferencer;
using mailbox::MessageView;

template <typename Response>
Response Read(grpc::ByteBuffer bytes) {
  Response response;
  REQUIRE(grpc::SerializationTraits<Response>::Deserialize(&bytes, &response).ok());
  return response;
}

storage_v1::MessageRecord Record(const std::string& id, const std::string& ciphertext) {
  storage_v1::MessageRecord record;
  record.set_message_id(id);
  record.set_epoch_id(0xfedcba9876543210);
  record.set_cipher_version(3);
  record.set_ciphertext(ciphertext);
  record.set_expire_ms(1'700'000'000'000);
  return record;
}

MessageView View(const storage_v1::MessageRecord& record) {
  auto view =
      MessageView::Of("thread of " + record.message_id(),
                      {.timestamp_ms = 1'600'000'000'000, .revision = 300, .ordinal = 2}, record.SerializeAsString());
  REQUIRE(view.ok());
  return *std::move(view);
}

void AddTo(google::protobuf::RepeatedPtrField<v1::Message>& messages, const MessageView& view, uint64_t revision) {
  v1::Message& message = *messages.Add();
  message.set_message_id(std::string(view.record.message_id()));
  message.set_thread_id(std::string(view.thread_id()));
  message.set_timestamp_ms(view.place.timestamp_ms);
  message.set_epoch_id(view.record.epoch_id());
  message.set_cipher_version(view.record.cipher_version());
  message.set_ciphertext(std::string(view.record.ciphertext()));
  message.set_expire_ms(view.record.expire_ms());
  message.set_revision(revision);
}

// Lengths on both sides of what a length's encoding and a buffer take.
std::vector<MessageView> Views() {
  std::vector<MessageView> views;
  int i = 0;
  for (const std::size_t size : {44, 83, 127, 128, 16'383, 16'384, 262'144}) {
    views.push_back(View(Record("m" + std::to_string(i++), std::string(size, 'c'))));
  }
  return views;
}

TEST_CASE("a page's bytes are its response's, whole") {
  mailbox::MessagePage page;
  page.messages = Views();
  storage_v1::MessageRecord replaced = Record("replaced", "anew");
  replaced.set_replace_revision(900);
  storage_v1::MessageRecord for_ever = Record("for ever", "as it is");
  for_ever.clear_expire_ms();
  page.messages.push_back(View(for_ever));
  page.messages.push_back(View(replaced));
  page.next_token = "token";
  page.as_of = {.incarnation = 1, .revision = 901};
  v1::ListMessagesResponse expected;
  for (std::size_t i = 0; i < page.messages.size(); ++i) {
    AddTo(*expected.mutable_messages(), page.messages[i], i + 1 == page.messages.size() ? 900 : 300);
  }
  expected.set_next_page_token("token");
  expected.mutable_as_of()->set_generation(7);
  expected.mutable_as_of()->set_revision(901);
  grpc::ByteBuffer bytes = WritePage(page, 7);
  CHECK(bytes.Length() == expected.ByteSizeLong());
  CHECK(MessageDifferencer::Equals(Read<v1::ListMessagesResponse>(bytes), expected));

  v1::ListThreadsResponse threads;
  *threads.mutable_newest_messages() = expected.messages();
  threads.set_next_page_token("token");
  *threads.mutable_as_of() = expected.as_of();
  CHECK(MessageDifferencer::Equals(Read<v1::ListThreadsResponse>(WriteThreads(page, 7)), threads));
  CHECK(CiphertextBytes(page.messages) == 44 + 83 + 127 + 128 + 16'383 + 16'384 + 262'144 + 8 + 4);
}

TEST_CASE("a message is written with the fields that are set in one") {
  CHECK(v1::Message::descriptor()->field_count() == 8);  // a new one is for both
  std::vector<MessageView> views = Views();
  storage_v1::MessageRecord bare;
  bare.set_ciphertext("c");
  views.push_back(*MessageView::Of("", {}, bare.SerializeAsString()));
  storage_v1::MessageRecord full = Record(std::string(64, 'i'), "c");
  full.set_epoch_id(UINT64_MAX);
  full.set_cipher_version(UINT32_MAX);
  full.set_expire_ms(253'402'300'799'999);
  full.set_replace_revision(UINT64_MAX);
  views.push_back(*MessageView::Of(std::string(128, 't'), {.timestamp_ms = 253'402'300'799'999, .revision = 1},
                                   full.SerializeAsString()));
  mailbox::MessagePage page;
  page.messages = views;
  grpc::ByteBuffer bytes = WritePage(page, 1);
  const auto read = Read<v1::ListMessagesResponse>(bytes);
  REQUIRE(read.messages_size() == static_cast<int>(views.size()));
  for (std::size_t i = 0; i < views.size(); ++i) {
    v1::Message set;
    ToProto(views[i], set);
    CHECK(MessageDifferencer::Equals(read.messages(static_cast<int>(i)), set));
  }
  CHECK(bytes.Length() == read.ByteSizeLong());
}

TEST_CASE("many messages take more than one buffer") {
  mailbox::MessagePage page;
  for (int i = 0; i < 1000; ++i) page.messages.push_back(View(Record(std::to_string(i), std::string(5'000, 'x'))));
  const auto read = Read<v1::ListMessagesResponse>(WritePage(page, 1));
  REQUIRE(read.messages_size() == 1000);
  for (int i = 0; i < 1000; ++i) {
    REQUIRE(read.messages(i).message_id() == std::to_string(i));
    REQUIRE(read.messages(i).ciphertext() == std::string(5'000, 'x'));
  }
}

TEST_CASE("what is missing is named beside what was found") {
  mailbox::MessagesById found;
  found.messages.push_back(View(Record("a", "ciphertext of a message")));
  found.missing_ids = {"gone", "never there"};
  v1::BatchGetMessagesResponse expected;
  AddTo(*expected.mutable_messages(), found.messages[0], 300);
  expected.add_missing_message_ids("gone");
  expected.add_missing_message_ids("never there");
  CHECK(MessageDifferencer::Equals(Read<v1::BatchGetMessagesResponse>(WriteFound(std::move(found))), expected));
}

TEST_CASE("the last part of a download, and it alone, says what vanished") {
  mailbox::DownloadPart part;
  part.messages = Views();
  part.progress.as_of = 50;
  part.progress.total_count = 9;
  part.progress.total_bytes = 900;
  part.progress.done_count = 7;
  part.progress.done_bytes = 800;
  part.resume_token = "on";
  v1::DownloadHistoryResponse expected;
  for (const MessageView& view : part.messages) AddTo(*expected.mutable_messages(), view, 300);
  expected.set_total_count(9);
  expected.set_total_bytes(900);
  expected.set_done_count(7);
  expected.set_done_bytes(800);
  expected.set_resume_token("on");
  expected.mutable_as_of()->set_generation(4);
  expected.mutable_as_of()->set_revision(50);
  CHECK(MessageDifferencer::Equals(Read<v1::DownloadHistoryResponse>(WritePart(part, 4)), expected));
  part.resume_token.clear();
  expected.clear_resume_token();
  expected.set_vanished_count(2);
  expected.set_vanished_bytes(100);
  CHECK(MessageDifferencer::Equals(Read<v1::DownloadHistoryResponse>(WritePart(part, 4)), expected));
}

TEST_CASE("a response without messages is the rest alone") {
  v1::ListMessagesResponse expected;
  expected.mutable_as_of()->set_generation(1);
  CHECK(MessageDifferencer::Equals(Read<v1::ListMessagesResponse>(WritePage({}, 1)), expected));
}

}  // namespace
}  // namespace labyrinth::service
