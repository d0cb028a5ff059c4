#include "service/converters/message_writer.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/message_lite.h>
#include <google/protobuf/wire_format_lite.h>
#include <grpcpp/support/proto_buffer_writer.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "proto/labyrinth/v1/history.pb.h"
#include "service/converters/messages.h"

namespace labyrinth::service {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

constexpr uint32_t BytesTag(int field) {
  return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
}
constexpr uint32_t kCiphertextTag = BytesTag(v1::Message::kCiphertextFieldNumber);

// Of a field of bytes: its tag, its length, itself.
std::size_t FieldBytes(uint32_t tag, std::size_t size) {
  return CodedOutputStream::VarintSize32(tag) + CodedOutputStream::VarintSize32(static_cast<uint32_t>(size)) + size;
}

// `rest`, and `messages` in its repeated field `field`. The parts of a message in Protocol Buffers' encoding may stand
// one after the other in any order, so each is written as its head and its ciphertext, and all of them before the rest.
grpc::ByteBuffer Write(const std::vector<mailbox::MessageView>& messages, int field,
                       const google::protobuf::MessageLite& rest) {
  const uint32_t tag = BytesTag(field);
  v1::Message head;
  std::string heads;                   // one after the other
  std::vector<std::size_t> head_ends;  // in `heads`
  head_ends.reserve(messages.size());
  std::size_t total = rest.ByteSizeLong();
  for (const mailbox::MessageView& view : messages) {
    const std::size_t begin = heads.size();
    HeadToProto(view, head);
    head.AppendToString(&heads);
    head_ends.push_back(heads.size());
    total += FieldBytes(tag, heads.size() - begin + FieldBytes(kCiphertextTag, view.record.ciphertext().size()));
  }

  grpc::ByteBuffer buffer;
  {
    grpc::ProtoBufferWriter writer(&buffer, grpc::kProtoBufferWriterMaxBufferLength, static_cast<int>(total));
    CodedOutputStream out(&writer);
    std::size_t begin = 0;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const std::string_view ciphertext = messages[i].record.ciphertext();
      const std::size_t head_size = head_ends[i] - begin;
      out.WriteTag(tag);
      out.WriteVarint32(static_cast<uint32_t>(head_size + FieldBytes(kCiphertextTag, ciphertext.size())));
      out.WriteRaw(heads.data() + begin, static_cast<int>(head_size));
      out.WriteTag(kCiphertextTag);
      out.WriteVarint32(static_cast<uint32_t>(ciphertext.size()));
      out.WriteRaw(ciphertext.data(), static_cast<int>(ciphertext.size()));
      begin = head_ends[i];
    }
    rest.SerializeToCodedStream(&out);
  }
  return buffer;
}

template <typename Response>
Response RestOf(const mailbox::MessagePage& page, uint64_t generation) {
  Response rest;
  rest.set_next_page_token(page.next_token);
  rest.mutable_as_of()->set_generation(generation);
  rest.mutable_as_of()->set_revision(page.as_of.revision);
  return rest;
}

}  // namespace

grpc::ByteBuffer WritePage(const mailbox::MessagePage& page, uint64_t generation) {
  return Write(page.messages, v1::ListMessagesResponse::kMessagesFieldNumber,
               RestOf<v1::ListMessagesResponse>(page, generation));
}

grpc::ByteBuffer WriteThreads(const mailbox::MessagePage& page, uint64_t generation) {
  return Write(page.messages, v1::ListThreadsResponse::kNewestMessagesFieldNumber,
               RestOf<v1::ListThreadsResponse>(page, generation));
}

grpc::ByteBuffer WriteFound(mailbox::MessagesById&& found) {
  v1::BatchGetMessagesResponse rest;
  for (std::string& id : found.missing_ids) rest.add_missing_message_ids(std::move(id));
  return Write(found.messages, v1::BatchGetMessagesResponse::kMessagesFieldNumber, rest);
}

grpc::ByteBuffer WritePart(const mailbox::DownloadPart& part, uint64_t generation) {
  const mailbox::DownloadProgress& progress = part.progress;
  v1::DownloadHistoryResponse rest;
  rest.set_total_count(progress.total_count);
  rest.set_total_bytes(progress.total_bytes);
  rest.set_done_count(progress.done_count);
  rest.set_done_bytes(progress.done_bytes);
  if (part.resume_token.empty()) {
    rest.set_vanished_count(progress.total_count - progress.done_count);
    rest.set_vanished_bytes(progress.total_bytes - progress.done_bytes);
  }
  rest.set_resume_token(part.resume_token);
  rest.mutable_as_of()->set_generation(generation);
  rest.mutable_as_of()->set_revision(progress.as_of);
  return Write(part.messages, v1::DownloadHistoryResponse::kMessagesFieldNumber, rest);
}

uint64_t CiphertextBytes(const std::vector<mailbox::MessageView>& messages) {
  uint64_t bytes = 0;
  for (const mailbox::MessageView& view : messages) bytes += view.record.ciphertext().size();
  return bytes;
}

}  // namespace labyrinth::service
