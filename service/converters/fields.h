// Proto fields to domain types, each with the error that names the field.
#ifndef LABYRINTH_SERVICE_CONVERTERS_FIELDS_H_
#define LABYRINTH_SERVICE_CONVERTERS_FIELDS_H_

#include <fmt/format.h>

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/errors.h"
#include "common/ids.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/device_keys.h"
#include "crypto/statements/log_body.h"
#include "crypto/statements/log_entry.h"
#include "google/protobuf/message.h"
#include "proto/labyrinth/v1/device.pb.h"
#include "proto/labyrinth/v1/types.pb.h"
#include "service/mailbox/directory_reader.h"
#include "service/mailbox/rules.h"

namespace labyrinth::service {

// INVALID_FIELD unless `bytes` is exactly as long as Fixed.
template <typename Fixed>
absl::StatusOr<Fixed> ParseFixed(std::string_view bytes, std::string_view field) {
  const auto value = Fixed::From(bytes);
  if (!value.has_value()) return errors::InvalidField(field, fmt::format("must be {} bytes", Fixed::kSize));
  return *value;
}

// INVALID_FIELD for zero or a number of 2^63 and above.
template <typename Id>
absl::StatusOr<Id> ParseId(uint64_t value, std::string_view field) {
  const Id id(value);
  if (!id.valid()) return errors::InvalidField(field, "must be non-zero and below 2^63");
  return id;
}

// INVALID_FIELD if empty, LIMIT_EXCEEDED if over `limit_bytes`.
absl::Status CheckBytes(std::string_view bytes, std::string_view field, std::string_view limit, uint32_t limit_bytes);

// The request's id with a hash over the method and the whole request.
absl::StatusOr<mailbox::RequestKey> ParseRequestKey(std::string_view request_id, std::string_view method,
                                                    const google::protobuf::Message& request);

// Checks the signatures as well: what comes out may be stored. `kind` is what the call accepts.
absl::StatusOr<crypto::DevicePublicKeys> ParseDeviceKeys(const v1::DeviceKeys& keys, crypto::SubjectKind kind);
absl::StatusOr<crypto::SignedLogEntry> ParseLogEntry(const v1::LogEntry& entry, std::string_view field);
absl::StatusOr<crypto::SealedVirtualDevice> ParseSecrets(const v1::VirtualDeviceSecrets& secrets);

// 0 means the default. INVALID_FIELD for a negative size; a large one is cut to the limit (AIP-158).
absl::StatusOr<mailbox::PageRequest> ParsePage(int32_t page_size, std::string_view page_token);

void ToProto(const storage_v1::DeviceRecord& record, v1::DeviceKeys& keys);
void ToProto(DeviceId id, const storage_v1::DeviceRecord& record, v1::Device& device);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_CONVERTERS_FIELDS_H_
