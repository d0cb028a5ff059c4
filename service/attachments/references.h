// References from a mailbox's messages to blobs (protocol section 7, steps 4 to 8).
#ifndef LABYRINTH_SERVICE_ATTACHMENTS_REFERENCES_H_
#define LABYRINTH_SERVICE_ATTACHMENTS_REFERENCES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "service/attachments/attachment_rows.h"
#include "service/attachments/store.h"
#include "service/attachments/tickets.h"

namespace labyrinth::attachments {

// An attachment that a caller has shown its right to.
struct Found {
  AttachmentBlob blob;
  uint64_t size_bytes = 0;
  std::string sealed_name;
};

// The two halves of a reference lie in partitions of their own and nothing is atomic across two. So the blob's set
// learns of an index before the reference exists, and forgets it only after the reference is out of use: whatever call
// dies in between, no reference ever leads to a blob that doesn't know of it, and what a blob knows too much is dropped
// by the sweeper. Thread-safe; outlives no part of what it is given.
class References {
 public:
  References(const Store& store, const Tickets& tickets) : store_(store), tickets_(tickets) {}

  // Attaches a complete upload; the same again renews. Errors of mailbox::MemberRead; TICKET_EXPIRED;
  // ATTACHMENT_NOT_FOUND (message, upload or index); OUTCOME_UNKNOWN.
  void Create(const mailbox::Caller& caller, Claim claim, std::string_view upload_ticket, std::string sealed_name,
              absl::Time deadline, StatusCallback done) const;

  // Finds what is attached, and renews its lease. Errors of mailbox::MemberRead; ATTACHMENT_NOT_FOUND, whatever is
  // wrong with the claim.
  void Find(const mailbox::Caller& caller, Claim claim, absl::Time deadline, Reply<Found> done) const;

  // Deletes the references that a deleted message had: for whoever has just deleted messages, in a commit that was
  // acknowledged. Claims that lead nowhere are no error, nor those whose message is (still, or again) there: they are
  // left alone. Idempotent. Errors of mailbox::MemberRead; OUTCOME_UNKNOWN.
  void Delete(const mailbox::Caller& caller, std::vector<Claim> claims, absl::Time deadline, StatusCallback done) const;

 private:
  struct Attaching;
  void AttachIfComplete(std::shared_ptr<Attaching> attaching) const;
  void AddToSet(std::shared_ptr<Attaching> attaching) const;
  // The blob of a reference that the caller may follow.
  void Open(const AttachmentIndex& index, const storage_v1::ReferenceRecord& reference, absl::Time deadline,
            Reply<Found> done) const;
  void DeleteNext(std::shared_ptr<std::vector<Located>> rest, absl::Time deadline, StatusCallback done) const;

  const Store& store_;
  const Tickets& tickets_;
};

// Takes one reference out of use: the reference, then its entry in the blob's set, then, if that was the last, the
// bytes. With `tag`, only if that is its tag; without, only if its time has come. Their rows go later (sweeper.h).
void DeleteReference(const Store& store, const AttachmentIndex& index, const std::optional<crypto::MacTag>& tag,
                     absl::Time deadline, StatusCallback done);

// The second half: of a reference that is out of use, or (with `seen_due_ms`) that was never written.
void DeleteBackReference(const Store& store, const AttachmentBlob& blob, const AttachmentIndex& index,
                         std::optional<int64_t> seen_due_ms, absl::Time deadline, StatusCallback done);

}  // namespace labyrinth::attachments

#endif  // LABYRINTH_SERVICE_ATTACHMENTS_REFERENCES_H_
