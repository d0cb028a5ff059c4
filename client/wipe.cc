#include "client/wipe.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <string>
#include <vector>

namespace labyrinth::client {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// The fields own their strings outside of arenas, so the reference that reflection gives is the storage itself.
void WipeString(const std::string& value) { crypto::WipeBytes(const_cast<char*>(value.data()), value.size()); }

void WipeField(Message& message, const FieldDescriptor* field) {
  const auto* reflection = message.GetReflection();
  const bool is_bytes = field->type() == FieldDescriptor::TYPE_BYTES;
  const bool is_message = field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
  const int count = field->is_repeated() ? reflection->FieldSize(message, field) : 1;
  for (int i = 0; i < count; ++i) {
    std::string unused;
    if (is_message && field->is_repeated()) WipeMessage(*reflection->MutableRepeatedMessage(&message, field, i));
    if (is_message && !field->is_repeated()) WipeMessage(*reflection->MutableMessage(&message, field));
    if (is_bytes && field->is_repeated()) {
      WipeString(reflection->GetRepeatedStringReference(message, field, i, &unused));
    }
    if (is_bytes && !field->is_repeated()) WipeString(reflection->GetStringReference(message, field, &unused));
  }
}

}  // namespace

void WipeMessage(Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) WipeField(message, field);
}

crypto::Secret SerializeSecret(const Message& message) {
  crypto::Secret out(message.ByteSizeLong());
  google::protobuf::io::ArrayOutputStream array(out.MutableSecret().data(), static_cast<int>(out.size()));
  google::protobuf::io::CodedOutputStream stream(&array);
  stream.SetSerializationDeterministic(true);
  message.SerializeWithCachedSizes(&stream);
  return out;
}

}  // namespace labyrinth::client
