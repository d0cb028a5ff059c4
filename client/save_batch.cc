#include "client/save_batch.h"

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "common/errors.h"
#include "common/limits.h"
#include "crypto/labyrinth/envelope.h"
#include "crypto/labyrinth/message.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/padding.h"

namespace labyrinth::client {
namespace {

// Marker, version, and the envelope's other fields: an id, three numbers, a key, and their tags.
constexpr std::size_t kEnvelopeBytes = crypto::kEnvelopeMarkerBytes + 1 + limits::kMessageIdBytes + 96;

std::string Field(std::size_t index, std::string_view name) { return fmt::format("messages[{}].{}", index, name); }

absl::Status CheckMessage(const NewMessage& message, std::size_t index) {
  if (message.thread_id.empty()) return errors::InvalidField(Field(index, "thread_id"), "required");
  if (message.thread_id.size() > limits::kThreadIdBytes) {
    return errors::LimitExceeded(Field(index, "thread_id"), "thread_id_bytes", limits::kThreadIdBytes);
  }
  if (message.message_id.empty()) return errors::InvalidField(Field(index, "message_id"), "required");
  if (message.message_id.size() > limits::kMessageIdBytes) {
    return errors::LimitExceeded(Field(index, "message_id"), "message_id_bytes", limits::kMessageIdBytes);
  }
  if (message.timestamp_ms < 0 || message.timestamp_ms > limits::kTimestampMs) {
    return errors::InvalidField(Field(index, "timestamp_ms"), "outside of 1970 to 9999");
  }
  if (message.expire_ms < 0 || message.expire_ms > limits::kTimestampMs) {
    return errors::InvalidField(Field(index, "expire_ms"), "outside of 1970 to 9999");
  }
  if (SealedSizeBound(message) > limits::kMessageBytes) {
    return errors::LimitExceeded(Field(index, "content"), "message_bytes", limits::kMessageBytes);
  }
  return absl::OkStatus();
}

}  // namespace

std::size_t SealedSizeBound(const NewMessage& message) {
  constexpr std::size_t kPrefixBytes = 4;
  return crypto::kExtendedNonceBytes + kPrefixBytes + crypto::PaddedLength(message.content.size() + kEnvelopeBytes) +
         crypto::kAeadTagBytes;
}

std::size_t BatchPrefix(std::span<const NewMessage> messages) {
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < messages.size() && count < limits::kSaveBatchMessages) {
    bytes += SealedSizeBound(messages[count]);
    if (bytes > limits::kSaveBatchBytes && count > 0) break;
    ++count;
  }
  return count;
}

absl::Status CheckBatch(std::span<const NewMessage> messages) {
  if (messages.empty()) return errors::InvalidField("messages", "at least one is required");
  if (messages.size() > limits::kSaveBatchMessages) {
    return errors::LimitExceeded("messages", "save_batch_messages", limits::kSaveBatchMessages);
  }
  std::size_t bytes = 0;
  absl::flat_hash_set<std::string> ids;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (absl::Status s = CheckMessage(messages[i], i); !s.ok()) return s;
    if (!ids.insert(messages[i].message_id).second) {
      return errors::InvalidField(Field(i, "message_id"), "stands twice in this batch");
    }
    bytes += SealedSizeBound(messages[i]);
  }
  if (bytes > limits::kSaveBatchBytes) {
    return errors::LimitExceeded("messages", "save_batch_bytes", limits::kSaveBatchBytes);
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::SaveMessagesRequest> SealBatch(std::span<const NewMessage> messages, const crypto::Epoch& epoch,
                                                  const crypto::PublicKey& writer, uint64_t first_change_number,
                                                  RandomSource& random) {
  v1::SaveMessagesRequest request;
  request.set_epoch_id(epoch.id.value());
  request.set_cipher_version(crypto::kCipherVersion);
  uint64_t change_number = first_change_number;
  for (const NewMessage& message : messages) {
    const crypto::Envelope envelope{.message_id = message.message_id,
                                    .timestamp_ms = message.timestamp_ms,
                                    .expire_ms = message.expire_ms,
                                    .writer = writer,
                                    .change_number = change_number++,
                                    .content = crypto::Secret::CopyOf(message.content)};
    auto ciphertext = crypto::SealEnvelope(epoch, message.thread_id, envelope, random);
    if (!ciphertext.ok()) return ciphertext.status();
    v1::Message& row = *request.add_messages();
    row.set_message_id(message.message_id);
    row.set_thread_id(message.thread_id);
    row.set_timestamp_ms(message.timestamp_ms);
    row.set_expire_ms(message.expire_ms);
    row.set_ciphertext(*std::move(ciphertext));
  }
  return request;
}

}  // namespace labyrinth::client
