#include "service/attachments/uploads.h"

#include <algorithm>

#include "common/errors.h"
#include "common/limits.h"
#include "service/attachments/attachment_rows.h"
#include "service/mailbox/member_read.h"

namespace labyrinth::attachments {

namespace keys = storage::attachment_keys;

namespace {

absl::Status WrongOffset() { return errors::InvalidField("offset", "is not what is committed"); }

}  // namespace

void Uploads::Prepare(const mailbox::Caller& caller, uint64_t size_bytes, absl::Time deadline,
                      Reply<PreparedUpload> done) const {
  mailbox::MemberReadRequest membership{caller, mailbox::Access::kDevice, {}, {}, deadline};
  mailbox::MemberRead(store_.engine, std::move(membership),
                      [this, partition = caller.partition, size_bytes, deadline,
                       done = std::move(done)](absl::StatusOr<mailbox::MemberView> view) mutable {
                        if (!view.ok()) return std::move(done)(view.status());
                        if (absl::Status s = limiter_.Try(partition, size_bytes); !s.ok())
                          return std::move(done)(std::move(s));
                        UploadTicket ticket;
                        ticket.blob = *AttachmentBlob::From(random_.Bytes(AttachmentBlob::kSize));
                        ticket.size_bytes = size_bytes;
                        ticket.deadline_ms = store_.NowMs() + limits::kUploadTicketTtlMs;
                        auto sealed = tickets_.Seal(ticket);
                        if (!sealed.ok()) return std::move(done)(sealed.status());
                        PreparedUpload prepared{*std::move(sealed), 0, ticket.deadline_ms};
                        const auto create = [ticket](Rows& rows) {
                          return CreateBlob(rows, ticket.blob, ticket.size_bytes, ticket.deadline_ms);
                        };
                        store_.Change(
                            keys::BlobPartition(ticket.blob), BlobKeys(ticket.blob), deadline, create,
                            [prepared = std::move(prepared), done = std::move(done)](absl::Status status) mutable {
                              if (!status.ok()) return std::move(done)(std::move(status));
                              std::move(done)(std::move(prepared));
                            });
                      });
}

void Uploads::Resume(const mailbox::Caller& caller, std::string sealed, uint64_t size_bytes, absl::Time deadline,
                     Reply<PreparedUpload> done) const {
  const auto ticket = tickets_.OpenUpload(sealed);
  if (!ticket.ok()) return std::move(done)(ticket.status());
  if (size_bytes != 0 && size_bytes != ticket->size_bytes) {
    return std::move(done)(errors::InvalidField("size_bytes", "is not the upload's"));
  }
  mailbox::MemberReadRequest membership{caller, mailbox::Access::kDevice, {}, {}, deadline};
  mailbox::MemberRead(
      store_.engine, std::move(membership),
      [this, ticket = *ticket, sealed = std::move(sealed), deadline,
       done = std::move(done)](absl::StatusOr<mailbox::MemberView> view) mutable {
        if (!view.ok()) return std::move(done)(view.status());
        PreparedUpload prepared{std::move(sealed), 0, ticket.deadline_ms};
        StatLive(ticket, deadline,
                 [prepared = std::move(prepared), done = std::move(done)](absl::StatusOr<uint64_t> committed) mutable {
                   if (!committed.ok()) return std::move(done)(committed.status());
                   prepared.committed_bytes = *committed;
                   std::move(done)(std::move(prepared));
                 });
      });
}

Uploads::Hold::~Hold() {
  if (uploads_ != nullptr) uploads_->Release(ticket_.blob);
}

absl::StatusOr<Uploads::Hold> Uploads::Open(std::string_view sealed) {
  const auto ticket = tickets_.OpenUpload(sealed);
  if (!ticket.ok()) return ticket.status();
  const absl::MutexLock lock(&mutex_);
  if (held_.size() >= limits::kUploadStreams || !held_.insert(ticket->blob).second) {
    return errors::RateLimited("upload_streams", limits::kStreamRetryMs);
  }
  return Hold(this, *ticket);
}

void Uploads::Release(const storage::AttachmentBlob& blob) {
  const absl::MutexLock lock(&mutex_);
  held_.erase(blob);
}

void Uploads::Committed(const Hold& hold, absl::Time deadline, Reply<uint64_t> done) const {
  StatLive(hold.ticket(), deadline, std::move(done));
}

void Uploads::StatLive(const UploadTicket& ticket, absl::Time deadline, Reply<uint64_t> done) const {
  store_.ReadRow<storage_v1::BlobRecord>(keys::BlobPartition(ticket.blob), keys::Blob(ticket.blob), deadline,
                                         [this, ticket, deadline, done = std::move(done)](
                                             absl::StatusOr<std::optional<storage_v1::BlobRecord>> row) mutable {
                                           if (!row.ok()) return std::move(done)(row.status());
                                           if (!row->has_value() || (*row)->freeing())
                                             return std::move(done)(errors::AttachmentNotFound());
                                           store_.bytes.Stat(ticket.blob, deadline, std::move(done));
                                         });
}

void Uploads::Add(const Hold& hold, uint64_t committed_bytes, uint64_t offset, std::string data, absl::Time deadline,
                  Reply<uint64_t> done) const {
  const UploadTicket& ticket = hold.ticket();
  if (ticket.deadline_ms <= store_.NowMs()) return std::move(done)(errors::TicketExpired());
  if (offset != committed_bytes) return std::move(done)(WrongOffset());
  const uint64_t left = ticket.size_bytes - committed_bytes;  // committed bytes never exceed the size
  const uint64_t wanted = std::min<uint64_t>(left, limits::kAttachmentChunkBytes);
  if (left == 0) return std::move(done)(errors::InvalidField("data", "the upload is complete"));
  if (data.size() != wanted) return std::move(done)(errors::InvalidField("data", "is not one chunk, nor the last"));
  absl::StatusOr<uint64_t> end = committed_bytes + wanted;
  store_.bytes.PutChunk(ticket.blob, offset, std::move(data), deadline,
                        [this, end = std::move(end), done = std::move(done)](absl::Status status) mutable {
                          // Another node's stream has the same ticket, and sent something else.
                          if (absl::IsFailedPrecondition(status)) status = WrongOffset();
                          if (!status.ok()) end = std::move(status);
                          // The thread that answers for the blobs is everybody's.
                          store_.executor.Post([end = std::move(end), done = std::move(done)]() mutable {
                            std::move(done)(std::move(end));
                          });
                        });
}

}  // namespace labyrinth::attachments
