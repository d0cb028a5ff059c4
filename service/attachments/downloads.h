// Downloads by ticket (protocol section 7, step 6).
#ifndef LABYRINTH_SERVICE_ATTACHMENTS_DOWNLOADS_H_
#define LABYRINTH_SERVICE_ATTACHMENTS_DOWNLOADS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "service/attachments/references.h"
#include "service/attachments/store.h"
#include "service/attachments/tickets.h"

namespace labyrinth::attachments {

struct PreparedDownload {
  std::string ticket;
  uint64_t size_bytes = 0;
  int64_t expire_ms = 0;
  std::string sealed_name;
};

// Thread-safe; outlives no part of what it is given.
class Downloads {
 public:
  Downloads(const Store& store, const References& references, const Tickets& tickets)
      : store_(store), references_(references), tickets_(tickets) {}

  // Errors of References::Find.
  void Prepare(const mailbox::Caller& caller, Claim claim, absl::Time deadline, Reply<PreparedDownload> done) const;

  // One stream's place among the node's and the mailbox's. Move-only, thread-compatible.
  class Hold {
   public:
    Hold(Hold&& other) noexcept : downloads_(std::exchange(other.downloads_, nullptr)), ticket_(other.ticket_) {}
    Hold& operator=(Hold&&) = delete;
    ~Hold();
    const DownloadTicket& ticket() const { return ticket_; }

   private:
    friend class Downloads;
    Hold(Downloads* downloads, DownloadTicket ticket) : downloads_(downloads), ticket_(std::move(ticket)) {}
    Downloads* downloads_;
    DownloadTicket ticket_;
  };
  // TICKET_EXPIRED, also for a ticket of another device than the caller; INVALID_FIELD (offset); RATE_LIMITED
  // (download_streams).
  absl::StatusOr<Hold> Open(const mailbox::Caller& caller, std::string_view ticket, uint64_t offset)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The chunk at `offset`, a multiple of the chunk's size below the attachment's. The device's record is read before
  // the bytes are, each time: none is read after its revocation was acknowledged. Errors of mailbox::MemberRead;
  // ATTACHMENT_NOT_FOUND if the bytes are gone.
  void ReadChunk(const Hold& hold, uint64_t offset, absl::Time deadline, Reply<std::string> done) const;

 private:
  void Release(const std::string& partition) ABSL_LOCKS_EXCLUDED(mutex_);

  const Store& store_;
  const References& references_;
  const Tickets& tickets_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, uint32_t> streams_ ABSL_GUARDED_BY(mutex_);  // by mailbox
  uint32_t all_streams_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace labyrinth::attachments

#endif  // LABYRINTH_SERVICE_ATTACHMENTS_DOWNLOADS_H_
