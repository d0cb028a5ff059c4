#include "crypto/labyrinth/envelope.h"

#include <fmt/format.h>

#include <utility>

#include "common/errors.h"
#include "crypto/labyrinth/message.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/domains.h"
#include "proto/labyrinth/content/v1/envelope.pb.h"

namespace labyrinth::crypto {
namespace {

// kdf(messageKey, null, "labyrinth_envelope_v1")[0:16]
absl::StatusOr<Secret> Marker(const Epoch& epoch, uint32_t cipher_version, std::string_view thread_id) {
  const auto message_key = MessageKey(epoch, cipher_version, thread_id);
  if (!message_key.ok()) return message_key.status();
  return Kdf(*message_key, std::string_view(), domains::kEnvelopeMarker, kEnvelopeMarkerBytes);
}

absl::Status CheckForm(const Envelope& envelope) {
  if (envelope.message_id.empty()) return absl::InvalidArgumentError("an envelope has no message id");
  if (envelope.writer.IsZero()) return absl::InvalidArgumentError("an envelope has no writer");
  if (envelope.change_number == 0) return absl::InvalidArgumentError("an envelope has no change number");
  return absl::OkStatus();
}

absl::StatusOr<Envelope> Parse(std::string_view bytes) {
  content::v1::MessageEnvelope proto;
  if (!proto.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return errors::DataDamaged("a message's envelope");
  }
  const auto writer = PublicKey::From(proto.writer_device_key());
  if (!writer.has_value()) return errors::DataDamaged("a message's envelope: writer_device_key");
  Envelope envelope;
  envelope.message_id = proto.message_id();
  envelope.timestamp_ms = proto.timestamp_ms();
  envelope.expire_ms = proto.expire_ms();
  envelope.writer = *writer;
  envelope.change_number = proto.change_number();
  envelope.content = Secret::TakeAndWipe(std::move(*proto.mutable_content()));
  if (!CheckForm(envelope).ok()) return errors::DataDamaged("a message's envelope: a field is missing");
  return envelope;
}

absl::Status Differs(std::string_view field) {
  return errors::DataDamaged(fmt::format("message row differs from its envelope: {}", field));
}

absl::Status Compare(const Envelope& envelope, const MessageRow& row) {
  if (envelope.message_id != row.message_id) return Differs("message_id");
  if (envelope.timestamp_ms != row.timestamp_ms) return Differs("timestamp_ms");
  if (envelope.expire_ms != row.expire_ms) return Differs("expire_ms");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> SealEnvelope(const Epoch& epoch, std::string_view thread_id, const Envelope& envelope,
                                         RandomSource& random) {
  if (auto status = CheckForm(envelope); !status.ok()) return status;
  const auto marker = Marker(epoch, kCipherVersion, thread_id);
  if (!marker.ok()) return marker.status();

  content::v1::MessageEnvelope proto;
  proto.set_message_id(envelope.message_id);
  proto.set_timestamp_ms(envelope.timestamp_ms);
  proto.set_expire_ms(envelope.expire_ms);
  proto.set_writer_device_key(envelope.writer.str());
  proto.set_change_number(envelope.change_number);
  proto.set_content(std::string(envelope.content.RevealSecret()));

  std::string data;
  data.reserve(marker->size() + 1 + proto.ByteSizeLong());  // so that growing leaves no copy behind
  data.append(marker->RevealSecret());
  data.push_back(domains::kEnvelopeVersion);
  proto.AppendToString(&data);
  WipeBytes(proto.mutable_content()->data(), proto.content().size());
  const Secret message_data = Secret::TakeAndWipe(std::move(data));
  return EncryptMessage(epoch, thread_id, message_data.RevealSecret(), random);
}

absl::StatusOr<OpenedMessage> OpenEnvelope(const Epoch& epoch, const MessageRow& row) {
  auto data = DecryptMessage(epoch, row.cipher_version, row.thread_id, row.ciphertext);
  if (!data.ok()) return data.status();
  const auto marker = Marker(epoch, row.cipher_version, row.thread_id);
  if (!marker.ok()) return marker.status();

  const std::string_view bytes = data->RevealSecret();
  const bool enveloped = ConstantTimeEquals(bytes.substr(0, kEnvelopeMarkerBytes), marker->RevealSecret());
  OpenedMessage opened;
  if (!enveloped) {
    opened.foreign_data = *std::move(data);
    return opened;
  }
  if (bytes.size() == kEnvelopeMarkerBytes) return errors::DataDamaged("a message's envelope");
  if (bytes[kEnvelopeMarkerBytes] != domains::kEnvelopeVersion) {
    const std::string text =
        fmt::format("envelope version {} is not supported", static_cast<unsigned char>(bytes[kEnvelopeMarkerBytes]));
    return absl::UnimplementedError(text);
  }
  auto envelope = Parse(bytes.substr(kEnvelopeMarkerBytes + 1));
  if (!envelope.ok()) return envelope.status();
  if (auto status = Compare(*envelope, row); !status.ok()) return status;
  opened.envelope = *std::move(envelope);
  return opened;
}

}  // namespace labyrinth::crypto
