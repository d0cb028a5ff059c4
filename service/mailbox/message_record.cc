#include "service/mailbox/message_record.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <cstddef>
#include <cstdint>
#include <utility>

#include "service/mailbox/records.h"

namespace labyrinth::mailbox {
namespace {

using google::protobuf::internal::WireFormatLite;

constexpr uint32_t kCiphertextTag = WireFormatLite::MakeTag(storage_v1::MessageRecord::kCiphertextFieldNumber,
                                                            WireFormatLite::WIRETYPE_LENGTH_DELIMITED);

// Where in a row its ciphertext stands. `end` is 0 if it isn't there exactly once.
struct Field {
  std::size_t tag = 0, begin = 0, end = 0;
};

Field FindCiphertext(const std::string& row) {
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(row.data()), static_cast<int>(row.size()));
  Field found;
  for (;;) {
    const auto at = static_cast<std::size_t>(in.CurrentPosition());
    const uint32_t tag = in.ReadTag();
    if (tag == 0) return at == row.size() ? found : Field();
    if (tag != kCiphertextTag) {
      if (!WireFormatLite::SkipField(&in, tag)) return {};
      continue;
    }
    uint32_t size = 0;
    if (found.end != 0 || !in.ReadVarint32(&size)) return {};
    found.tag = at;
    found.begin = static_cast<std::size_t>(in.CurrentPosition());
    found.end = found.begin + size;
    if (!in.Skip(static_cast<int>(size))) return {};
  }
}

}  // namespace

absl::StatusOr<storage_v1::MessageRecord> TakeMessageRecord(std::string row) {
  const Field ciphertext = FindCiphertext(row);
  if (ciphertext.end == 0) return ParseRecord<storage_v1::MessageRecord>(row);
  std::string rest = row.substr(0, ciphertext.tag);
  rest.append(row, ciphertext.end, std::string::npos);
  auto record = ParseRecord<storage_v1::MessageRecord>(rest);
  if (!record.ok()) return record;
  row.resize(ciphertext.end);
  row.erase(0, ciphertext.begin);
  record->set_ciphertext(std::move(row));
  return record;
}

}  // namespace labyrinth::mailbox
