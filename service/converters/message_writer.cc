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

// A message without its ciphertext, as ToProto() sets it, field by field: fields.Bytes(), .Varint() and .Fixed64().
// Many are written, so none is made first.
template <typename Fields>
void VisitHead(const mailbox::MessageView& view, Fields& fields) {
  fields.Bytes(v1::Message::kMessageIdFieldNumber, view.record.message_id());
  fields.Bytes(v1::Message::kThreadIdFieldNumber, view.thread_id());
  fields.Varint(v1::Message::kTimestampMsFieldNumber, static_cast<uint64_t>(view.place.timestamp_ms));
  fields.Fixed64(v1::Message::kEpochIdFieldNumber, view.record.epoch_id());
  fields.Varint(v1::Message::kCipherVersionFieldNumber, view.record.cipher_version());
  fields.Varint(v1::Message::kExpireMsFieldNumber, static_cast<uint64_t>(view.record.expire_ms()));
  fields.Varint(v1::Message::kRevisionFieldNumber, view.revision());
}

// Fields that are zero or empty aren't written.
class HeadSize {
 public:
  void Bytes(int field, std::string_view value) {
    if (!value.empty()) total_ += FieldBytes(BytesTag(field), value.size());
  }
  void Varint(int field, uint64_t value) {
    if (value == 0) return;
    total_ += WireFormatLite::TagSize(field, WireFormatLite::TYPE_UINT64) + CodedOutputStream::VarintSize64(value);
  }
  void Fixed64(int field, uint64_t value) {
    if (value != 0) total_ += WireFormatLite::TagSize(field, WireFormatLite::TYPE_FIXED64) + sizeof(value);
  }
  std::size_t total() const { return total_; }

 private:
  std::size_t total_ = 0;
};

class HeadWriter {
 public:
  explicit HeadWriter(CodedOutputStream& out) : out_(out) {}
  void Bytes(int field, std::string_view value) {
    if (value.empty()) return;
    out_.WriteTag(BytesTag(field));
    out_.WriteVarint32(static_cast<uint32_t>(value.size()));
    out_.WriteRaw(value.data(), static_cast<int>(value.size()));
  }
  void Varint(int field, uint64_t value) {
    if (value == 0) return;
    out_.WriteTag(WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_VARINT));
    out_.WriteVarint64(value);
  }
  void Fixed64(int field, uint64_t value) {
    if (value == 0) return;
    out_.WriteTag(WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_FIXED64));
    out_.WriteLittleEndian64(value);
  }

 private:
  CodedOutputStream& out_;
};

std::size_t MessageBytes(const mailbox::MessageView& view) {
  HeadSize head;
  VisitHead(view, head);
  return head.total() + FieldBytes(kCiphertextTag, view.record.ciphertext().size());
}

// `rest`, and `messages` in its repeated field `field`. The parts of a message in Protocol Buffers' encoding may stand
// one after the other in any order, so each is written as its head and its ciphertext, and all of them before the rest.
grpc::ByteBuffer Write(const std::vector<mailbox::MessageView>& messages, int field,
                       const google::protobuf::MessageLite& rest) {
  const uint32_t tag = BytesTag(field);
  std::vector<std::size_t> sizes;
  sizes.reserve(messages.size());
  std::size_t total = rest.ByteSizeLong();
  for (const mailbox::MessageView& view : messages) {
    sizes.push_back(MessageBytes(view));
    total += FieldBytes(tag, sizes.back());
  }

  grpc::ByteBuffer buffer;
  {
    grpc::ProtoBufferWriter writer(&buffer, grpc::kProtoBufferWriterMaxBufferLength, static_cast<int>(total));
    CodedOutputStream out(&writer);
    HeadWriter head(out);
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const std::string_view ciphertext = messages[i].record.ciphertext();
      out.WriteTag(tag);
      out.WriteVarint32(static_cast<uint32_t>(sizes[i]));
      VisitHead(messages[i], head);
      out.WriteTag(kCiphertextTag);
      out.WriteVarint32(static_cast<uint32_t>(ciphertext.size()));
      out.WriteRaw(ciphertext.data(), static_cast<int>(ciphertext.size()));
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
