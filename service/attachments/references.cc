#include "service/attachments/references.h"

#include <memory>
#include <utility>

#include "common/errors.h"

namespace labyrinth::attachments {

namespace keys = storage::attachment_keys;
using storage_v1::BlobRecord;
using storage_v1::ReferenceRecord;

struct References::Attaching {
  NewReference reference;
  UploadTicket ticket;
  absl::Time deadline;
  StatusCallback done;

  void Finish(absl::Status status) { std::move(done)(std::move(status)); }
};

void References::Create(const mailbox::Caller& caller, Claim claim, std::string_view upload_ticket,
                        std::string sealed_name, absl::Time deadline, StatusCallback done) const {
  auto ticket = tickets_.OpenUpload(upload_ticket);
  if (!ticket.ok()) return std::move(done)(ticket.status());
  auto attaching = std::make_shared<Attaching>();
  attaching->ticket = *std::move(ticket);
  attaching->reference.blob = attaching->ticket.blob;
  attaching->reference.sealed_name = std::move(sealed_name);
  attaching->deadline = deadline;
  attaching->done = std::move(done);
  Locate(store_.engine, store_.clock, caller, std::move(claim), deadline,
         [this, attaching](absl::StatusOr<Located> located) mutable {
           if (!located.ok()) return attaching->Finish(located.status());
           if (!located->message_alive) return attaching->Finish(errors::AttachmentNotFound());
           attaching->reference.index = located->index;
           attaching->reference.tag = located->tag;
           attaching->reference.message_expire_ms = located->message_expire_ms;
           AttachIfComplete(std::move(attaching));
         });
}

void References::AttachIfComplete(std::shared_ptr<Attaching> attaching) const {
  const AttachmentBlob blob = attaching->reference.blob;
  store_.bytes.Stat(blob, attaching->deadline, [this, attaching](absl::StatusOr<uint64_t> committed) mutable {
    if (!committed.ok()) return attaching->Finish(committed.status());
    if (*committed != attaching->ticket.size_bytes) return attaching->Finish(errors::AttachmentNotFound());
    // An index that is taken is refused before anything is written.
    const AttachmentIndex index = attaching->reference.index;
    store_.ReadRow<ReferenceRecord>(
        keys::ReferencePartition(index), keys::Reference(index), attaching->deadline,
        [this, attaching](absl::StatusOr<std::optional<ReferenceRecord>> found) mutable {
          if (!found.ok()) return attaching->Finish(found.status());
          const bool taken =
              found->has_value() && ((*found)->deleting() || (*found)->blob_name() != attaching->reference.blob.view());
          if (taken) return attaching->Finish(errors::AttachmentNotFound());
          AddToSet(std::move(attaching));
        });
  });
}

void References::AddToSet(std::shared_ptr<Attaching> attaching) const {
  const NewReference& reference = attaching->reference;
  const auto add = [reference, now_ms = store_.NowMs()](Rows& rows) {
    return AddBackReference(rows, reference.blob, reference.index, now_ms);
  };
  store_.Change(keys::BlobPartition(reference.blob), BlobKeys(reference.blob, reference.index), attaching->deadline,
                add, [this, attaching](absl::Status status) mutable {
                  if (!status.ok()) return attaching->Finish(std::move(status));
                  const NewReference& reference = attaching->reference;
                  const auto put = [reference, now_ms = store_.NowMs()](Rows& rows) {
                    return PutReference(rows, reference, now_ms);
                  };
                  store_.Change(keys::ReferencePartition(reference.index), ReferenceKeys(reference.index),
                                attaching->deadline, put,
                                [attaching](absl::Status status) mutable { attaching->Finish(std::move(status)); });
                });
}

void References::Find(const mailbox::Caller& caller, Claim claim, absl::Time deadline, Reply<Found> done) const {
  Locate(store_.engine, store_.clock, caller, std::move(claim), deadline,
         [this, deadline, done = std::move(done)](absl::StatusOr<Located> located) mutable {
           if (!located.ok()) return std::move(done)(located.status());
           const std::string partition = keys::ReferencePartition(located->index);
           const std::string key = keys::Reference(located->index);
           // Read also where the message is missing: what is wrong shall not show in the time that it takes.
           store_.ReadRow<ReferenceRecord>(
               partition, key, deadline,
               [this, deadline, located = *std::move(located),
                done = std::move(done)](absl::StatusOr<std::optional<ReferenceRecord>> row) mutable {
                 if (!row.ok()) return std::move(done)(row.status());
                 const ReferenceRecord reference = row->value_or(ReferenceRecord());
                 const bool right_tag = crypto::ConstantTimeEquals(reference.tag(), located.tag.view());
                 if (!located.message_alive || !right_tag || !IsLive(reference, store_.NowMs())) {
                   return std::move(done)(errors::AttachmentNotFound());
                 }
                 Open(located.index, reference, deadline, std::move(done));
               });
         });
}

void References::Open(const AttachmentIndex& index, const ReferenceRecord& reference, absl::Time deadline,
                      Reply<Found> done) const {
  const auto blob = AttachmentBlob::From(reference.blob_name());
  if (!blob.has_value()) return std::move(done)(errors::DataDamaged("ReferenceRecord.blob_name"));
  Found found{*blob, 0, reference.sealed_name()};
  const bool renew = WantsRenewal(reference, store_.NowMs());
  store_.ReadRow<BlobRecord>(keys::BlobPartition(*blob), keys::Blob(*blob), deadline,
                             [this, index, renew, deadline, found = std::move(found),
                              done = std::move(done)](absl::StatusOr<std::optional<BlobRecord>> row) mutable {
                               if (!row.ok()) return std::move(done)(row.status());
                               // Deleted since the reference was read.
                               if (!row->has_value() || (*row)->freeing())
                                 return std::move(done)(errors::AttachmentNotFound());
                               found.size_bytes = (*row)->size_bytes();
                               if (!renew) return std::move(done)(std::move(found));
                               const auto renewal = [index, now_ms = store_.NowMs()](Rows& rows) {
                                 return RenewLease(rows, index, now_ms);
                               };
                               // A lease that could not be renewed today is renewed another day; the download need not
                               // fail for it.
                               store_.Change(keys::ReferencePartition(index), ReferenceKeys(index), deadline, renewal,
                                             [found = std::move(found), done = std::move(done)](absl::Status) mutable {
                                               std::move(done)(std::move(found));
                                             });
                             });
}

void References::Delete(const mailbox::Caller& caller, std::vector<Claim> claims, absl::Time deadline,
                        StatusCallback done) const {
  if (claims.empty()) return std::move(done)(absl::OkStatus());
  LocateAll(store_.engine, caller, std::move(claims), deadline,
            [this, deadline, done = std::move(done)](absl::StatusOr<std::vector<Located>> all) mutable {
              if (!all.ok()) return std::move(done)(all.status());
              DeleteNext(std::make_shared<std::vector<Located>>(*std::move(all)), deadline, std::move(done));
            });
}

void References::DeleteNext(std::shared_ptr<std::vector<Located>> rest, absl::Time deadline,
                            StatusCallback done) const {
  while (!rest->empty() && rest->back().message_alive) rest->pop_back();
  if (rest->empty()) return std::move(done)(absl::OkStatus());
  const Located next = rest->back();
  rest->pop_back();
  DeleteReference(store_, next.index, next.tag, deadline,
                  [this, rest = std::move(rest), deadline, done = std::move(done)](absl::Status status) mutable {
                    if (!status.ok()) return std::move(done)(std::move(status));
                    DeleteNext(std::move(rest), deadline, std::move(done));
                  });
}

void DeleteReference(const Store& store, const AttachmentIndex& index, const std::optional<crypto::MacTag>& tag,
                     absl::Time deadline, StatusCallback done) {
  const auto begin = [index, tag, now_ms = store.NowMs()](Rows& rows) { return BeginDelete(rows, index, tag, now_ms); };
  store.Change<std::optional<AttachmentBlob>>(
      keys::ReferencePartition(index), ReferenceKeys(index), deadline, begin,
      [&store, index, deadline, done = std::move(done)](absl::StatusOr<std::optional<AttachmentBlob>> blob) mutable {
        if (!blob.ok()) return std::move(done)(blob.status());
        if (!blob->has_value()) return std::move(done)(absl::OkStatus());
        DeleteBackReference(store, **blob, index, std::nullopt, deadline, std::move(done));
      });
}

void DeleteBackReference(const Store& store, const AttachmentBlob& blob, const AttachmentIndex& index,
                         std::optional<int64_t> seen_due_ms, absl::Time deadline, StatusCallback done) {
  const auto drop = [blob, index, seen_due_ms, now_ms = store.NowMs()](Rows& rows) {
    return DropBackReference(rows, blob, index, seen_due_ms, now_ms);
  };
  store.Change<bool>(keys::BlobPartition(blob), BlobKeys(blob, index), deadline, drop,
                     [&store, blob, deadline, done = std::move(done)](absl::StatusOr<bool> last) mutable {
                       if (!last.ok()) return std::move(done)(last.status());
                       if (!*last) return std::move(done)(absl::OkStatus());
                       store.DeleteBytes(blob, deadline, std::move(done));
                     });
}

}  // namespace labyrinth::attachments
