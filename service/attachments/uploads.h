// Uploads by ticket (protocol section 7, step 3).
#ifndef LABYRINTH_SERVICE_ATTACHMENTS_UPLOADS_H_
#define LABYRINTH_SERVICE_ATTACHMENTS_UPLOADS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "service/attachments/store.h"
#include "service/attachments/tickets.h"
#include "service/attachments/upload_limiter.h"

namespace labyrinth::attachments {

struct PreparedUpload {
  std::string ticket;
  uint64_t committed_bytes = 0;
  int64_t expire_ms = 0;
};

// Thread-safe; outlives no part of what it is given.
class Uploads {
 public:
  Uploads(const Store& store, const Tickets& tickets, UploadLimiter& limiter, RandomSource& random)
      : store_(store), tickets_(tickets), limiter_(limiter), random_(random) {}

  // Draws a name and writes its row, so that what is never attached is found again. The caller's membership is read
  // first: who isn't one uses up nobody's allowance. `size_bytes` is within the limits. Errors of mailbox::MemberRead;
  // RATE_LIMITED (uploads_per_hour, upload_bytes_per_hour); OUTCOME_UNKNOWN.
  void Prepare(const mailbox::Caller& caller, uint64_t size_bytes, absl::Time deadline,
               Reply<PreparedUpload> done) const;

  // How far an upload has come. `size_bytes` is 0, or must be the ticket's: INVALID_FIELD. Errors of
  // mailbox::MemberRead; TICKET_EXPIRED; ATTACHMENT_NOT_FOUND once it was given up.
  void Resume(const mailbox::Caller& caller, std::string ticket, uint64_t size_bytes, absl::Time deadline,
              Reply<PreparedUpload> done) const;

  // One stream's hold on an upload: on this node nobody else adds to it meanwhile. Move-only, thread-compatible.
  class Hold {
   public:
    Hold(Hold&& other) noexcept : uploads_(std::exchange(other.uploads_, nullptr)), ticket_(other.ticket_) {}
    Hold& operator=(Hold&&) = delete;
    ~Hold();
    const UploadTicket& ticket() const { return ticket_; }

   private:
    friend class Uploads;
    Hold(Uploads* uploads, const UploadTicket& ticket) : uploads_(uploads), ticket_(ticket) {}
    Uploads* uploads_;
    UploadTicket ticket_;
  };
  // TICKET_EXPIRED; RATE_LIMITED (upload_streams) while another stream has the ticket, or the node has too many.
  absl::StatusOr<Hold> Open(std::string_view ticket) ABSL_LOCKS_EXCLUDED(mutex_);

  // What is stored so far. ATTACHMENT_NOT_FOUND once the upload was given up.
  void Committed(const Hold& hold, absl::Time deadline, Reply<uint64_t> done) const;

  // Adds the chunk at `offset`, which is what is committed so far, and is full-sized unless it is the last:
  // INVALID_FIELD. Returns what is committed then. TICKET_EXPIRED from the ticket's deadline on.
  void Add(const Hold& hold, uint64_t committed_bytes, uint64_t offset, std::string data, absl::Time deadline,
           Reply<uint64_t> done) const;

 private:
  void Release(const storage::AttachmentBlob& blob) ABSL_LOCKS_EXCLUDED(mutex_);
  void StatLive(const UploadTicket& ticket, absl::Time deadline, Reply<uint64_t> done) const;

  const Store& store_;
  const Tickets& tickets_;
  UploadLimiter& limiter_;
  RandomSource& random_;
  absl::Mutex mutex_;
  absl::flat_hash_set<storage::AttachmentBlob> held_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace labyrinth::attachments

#endif  // LABYRINTH_SERVICE_ATTACHMENTS_UPLOADS_H_
