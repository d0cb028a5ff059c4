#include "service/mailbox/message_view.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <utility>

#include "common/errors.h"
#include "proto/storage/v1/records.pb.h"

namespace labyrinth::mailbox {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using Record = storage_v1::MessageRecord;

constexpr uint32_t BytesTag(int field) {
  return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED);
}
constexpr uint32_t VarintTag(int field) { return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_VARINT); }
constexpr uint32_t Fixed64Tag(int field) { return WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_FIXED64); }

// The parser takes no longer ones, CodedInputStream does.
constexpr int kMaxTagBytes = 5;

bool ReadBytes(CodedInputStream& in, std::string_view row, std::string_view& field) {
  int size = 0;
  if (!in.ReadVarintSizeAsInt(&size)) return false;
  const auto at = static_cast<std::size_t>(in.CurrentPosition());
  if (static_cast<std::size_t>(size) > row.size() - at) return false;
  field = row.substr(at, static_cast<std::size_t>(size));
  return in.Skip(size);
}

}  // namespace

absl::StatusOr<MessageRow> MessageRow::Parse(std::string_view row) {
  CodedInputStream in(reinterpret_cast<const uint8_t*>(row.data()), static_cast<int>(row.size()));
  MessageRow record;
  bool good = true;
  while (good) {
    const int at = in.CurrentPosition();
    const uint32_t tag = in.ReadTag();
    if (tag == 0) break;
    if (in.CurrentPosition() - at > kMaxTagBytes) return errors::DataDamaged(Record::descriptor()->name());
    switch (tag) {
      case BytesTag(Record::kMessageIdFieldNumber):
        good = ReadBytes(in, row, record.message_id_);
        break;
      case Fixed64Tag(Record::kEpochIdFieldNumber):
        good = in.ReadLittleEndian64(&record.epoch_id_);
        break;
      case VarintTag(Record::kCipherVersionFieldNumber):
        good = in.ReadVarint32(&record.cipher_version_);
        break;
      case BytesTag(Record::kCiphertextFieldNumber):
        good = ReadBytes(in, row, record.ciphertext_);
        break;
      case VarintTag(Record::kExpireMsFieldNumber): {
        uint64_t expire_ms = 0;
        good = in.ReadVarint64(&expire_ms);
        record.expire_ms_ = static_cast<int64_t>(expire_ms);
        break;
      }
      case VarintTag(Record::kReplaceRevisionFieldNumber):
        good = in.ReadVarint64(&record.replace_revision_);
        break;
      default:
        good = WireFormatLite::SkipField(&in, tag);
    }
  }
  // A tag of 0 is the end only at the end.
  if (!good || !in.ConsumedEntireMessage()) return errors::DataDamaged(Record::descriptor()->name());
  return record;
}

absl::StatusOr<MessageView> MessageView::Of(std::shared_ptr<const ThreadRows> keeper, const storage::Place& place,
                                            std::string_view row) {
  auto record = MessageRow::Parse(row);
  if (!record.ok()) return record.status();
  return MessageView{place, *record, std::move(keeper)};
}

absl::StatusOr<MessageView> MessageView::Of(std::string thread_id, const storage::Place& place, std::string row) {
  const auto kept = std::make_shared<const std::string>(std::move(row));
  return Of(std::make_shared<const ThreadRows>(ThreadRows{std::move(thread_id), kept}), place, *kept);
}

}  // namespace labyrinth::mailbox
