#include "service/attachments/tickets.h"

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/primitives/aead.h"
#include "crypto/statements/codec.h"
#include "crypto/statements/domains.h"
#include "storage/engine.h"

namespace labyrinth::attachments {
namespace {

template <typename Ticket>
std::string Begin(const Ticket& ticket) {
  std::string out = ticket.blob.str();
  crypto::AppendU64(out, ticket.size_bytes);
  crypto::AppendI64(out, ticket.deadline_ms);
  return out;
}

template <typename Ticket>
Ticket ReadBegin(crypto::ByteReader& in) {
  Ticket ticket;
  ticket.blob = in.Read<storage::AttachmentBlob>();
  ticket.size_bytes = in.U64();
  ticket.deadline_ms = in.I64();
  return ticket;
}

}  // namespace

std::string Tickets::BoundTo(std::string_view label) const {
  std::string bound(label);
  crypto::AppendU64(bound, generation_);
  return bound;
}

absl::StatusOr<std::string> Tickets::Seal(const UploadTicket& ticket) const {
  return crypto::Encrypt(key_, BoundTo(crypto::domains::kUploadTicket), Begin(ticket), random_);
}

absl::StatusOr<std::string> Tickets::Seal(const DownloadTicket& ticket) const {
  std::string plain = Begin(ticket);
  crypto::AppendU64(plain, ticket.device.incarnation);
  crypto::AppendU64(plain, ticket.device.device_id.value());
  crypto::AppendLv(plain, ticket.device.partition);
  return crypto::Encrypt(key_, BoundTo(crypto::domains::kDownloadTicket), plain, random_);
}

absl::StatusOr<UploadTicket> Tickets::OpenUpload(std::string_view sealed) const {
  if (sealed.size() > limits::kAttachmentTicketBytes) return errors::TicketExpired();
  const auto plain = crypto::Decrypt(key_, BoundTo(crypto::domains::kUploadTicket), sealed);
  if (!plain.ok()) return errors::TicketExpired();
  crypto::ByteReader in(plain->RevealSecret());
  const auto ticket = ReadBegin<UploadTicket>(in);
  if (!in.AtEnd() || ticket.deadline_ms <= clock_.NowMs()) return errors::TicketExpired();
  return ticket;
}

absl::StatusOr<DownloadTicket> Tickets::OpenDownload(std::string_view sealed) const {
  if (sealed.size() > limits::kAttachmentTicketBytes) return errors::TicketExpired();
  const auto plain = crypto::Decrypt(key_, BoundTo(crypto::domains::kDownloadTicket), sealed);
  if (!plain.ok()) return errors::TicketExpired();
  crypto::ByteReader in(plain->RevealSecret());
  auto ticket = ReadBegin<DownloadTicket>(in);
  ticket.device.incarnation = in.U64();
  ticket.device.device_id = DeviceId(in.U64());
  ticket.device.partition = std::string(in.Lv(storage::kMaxPartitionNameBytes));
  if (!in.AtEnd() || ticket.deadline_ms <= clock_.NowMs()) return errors::TicketExpired();
  return ticket;
}

}  // namespace labyrinth::attachments
