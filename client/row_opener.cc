#include "client/row_opener.h"

#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "crypto/labyrinth/envelope.h"
#include "crypto/labyrinth/message.h"

namespace labyrinth::client {
namespace {

bool InBounds(const v1::Message& row) {
  return !row.message_id().empty() && row.message_id().size() <= limits::kMessageIdBytes && !row.thread_id().empty() &&
         row.thread_id().size() <= limits::kThreadIdBytes && row.timestamp_ms() >= 0 &&
         row.timestamp_ms() <= limits::kTimestampMs && row.expire_ms() >= 0 &&
         row.expire_ms() <= limits::kTimestampMs && row.ciphertext().size() <= limits::kMessageBytes;
}

HistoryMessage::Body OpenBody(const v1::Message& row, const KnownEpochs& epochs, const crypto::MembershipState& log) {
  if (!InBounds(row)) return TamperedBody{Tampering::kMalformedRow};
  const crypto::Epoch* epoch = epochs.Find(EpochId(row.epoch_id()));
  if (epoch == nullptr) return TamperedBody{Tampering::kUnknownEpoch};
  auto opened = crypto::OpenEnvelope(*epoch, {.thread_id = row.thread_id(),
                                              .message_id = row.message_id(),
                                              .timestamp_ms = row.timestamp_ms(),
                                              .expire_ms = row.expire_ms(),
                                              .cipher_version = row.cipher_version(),
                                              .ciphertext = row.ciphertext()});
  if (absl::IsUnimplemented(opened.status())) return TamperedBody{Tampering::kUnreadableVersion};
  if (!opened.ok()) {
    const bool decrypts = crypto::DecryptMessage(*epoch, row.cipher_version(), row.thread_id(), row.ciphertext()).ok();
    return TamperedBody{decrypts ? Tampering::kDiffersFromEnvelope : Tampering::kUndecryptable};
  }
  if (!opened->verified()) return ForeignBody{std::string(opened->foreign_data.RevealSecret())};
  const crypto::Envelope& envelope = *opened->envelope;
  if (log.Find(envelope.writer) == nullptr) return TamperedBody{Tampering::kUnknownWriter};
  return VerifiedBody{.content = std::string(envelope.content.RevealSecret()),
                      .writer = envelope.writer,
                      .change_number = envelope.change_number};
}

bool MayBeNews(const HistoryMessage& message) {
  const TamperedBody* tampered = message.tampered();
  return tampered != nullptr &&
         (tampered->kind == Tampering::kUnknownEpoch || tampered->kind == Tampering::kUnknownWriter);
}

std::vector<HistoryMessage> OpenAll(const Core& core, const google::protobuf::RepeatedPtrField<v1::Message>& rows) {
  std::vector<HistoryMessage> messages;
  messages.reserve(rows.size());
  for (const v1::Message& row : rows) {
    messages.push_back(OpenRow(row, core.enrolment().epochs, core.log().state()));
  }
  return messages;
}

}  // namespace

std::string_view Describe(Tampering kind) {
  switch (kind) {
    case Tampering::kMalformedRow:
      return "has fields outside of the protocol's bounds";
    case Tampering::kUnknownEpoch:
      return "names an epoch that isn't on the verified chain";
    case Tampering::kUnreadableVersion:
      return "has a cipher or envelope version that this program doesn't read";
    case Tampering::kUndecryptable:
      return "doesn't authenticate under its epoch's key and its thread";
    case Tampering::kDiffersFromEnvelope:
      return "differs from what its writer sealed";
    case Tampering::kUnknownWriter:
      return "names a writer that was never a member";
    case Tampering::kOutsideOfQuery:
      return "isn't what was asked for";
    case Tampering::kOutOfOrder:
      return "stands out of order";
    case Tampering::kDuplicate:
      return "was shown before";
    case Tampering::kRolledBack:
      return "is older than what this device has already seen of it";
  }
  return "is damaged";
}

HistoryMessage OpenRow(const v1::Message& row, const KnownEpochs& epochs, const crypto::MembershipState& log) {
  RowClaims claims{.thread_id = row.thread_id(),
                   .message_id = row.message_id(),
                   .timestamp_ms = row.timestamp_ms(),
                   .expire_ms = row.expire_ms(),
                   .epoch_id = EpochId(row.epoch_id()),
                   .cipher_version = row.cipher_version(),
                   .revision = row.revision()};
  return HistoryMessage(std::move(claims), OpenBody(row, epochs, log));
}

absl::StatusOr<std::vector<HistoryMessage>> OpenRows(Core& core,
                                                     const google::protobuf::RepeatedPtrField<v1::Message>& rows) {
  std::vector<HistoryMessage> messages = OpenAll(core, rows);
  if (std::none_of(messages.begin(), messages.end(), MayBeNews)) return messages;
  if (absl::Status s = core.Refresh(); !s.ok()) return s;
  if (absl::Status s = core.ReachFirstEpoch(); !s.ok()) return s;
  return OpenAll(core, rows);
}

}  // namespace labyrinth::client
