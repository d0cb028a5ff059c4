// All of one server's attachments, put together.
#ifndef LABYRINTH_SERVICE_ATTACHMENTS_ATTACHMENTS_H_
#define LABYRINTH_SERVICE_ATTACHMENTS_ATTACHMENTS_H_

#include <cstdint>
#include <utility>

#include "common/clock.h"
#include "common/executor.h"
#include "common/random.h"
#include "service/attachments/downloads.h"
#include "service/attachments/references.h"
#include "service/attachments/store.h"
#include "service/attachments/sweeper.h"
#include "service/attachments/tickets.h"
#include "service/attachments/upload_limiter.h"
#include "service/attachments/uploads.h"

namespace labyrinth::attachments {

// Each part may use those before it. Everything that was asked of a part must have answered, and every hold be gone,
// before this is destroyed. Its parts are thread-safe.
struct Attachments {
  // Whatever is passed by reference outlives it. Key and generation as in Tickets.
  Attachments(storage::Engine& engine, storage::BlobStore& bytes, Executor& executor, crypto::Secret ticket_key,
              uint64_t generation, const Clock& clock, RandomSource& random)
      : updates(engine, executor, clock),
        store{engine, bytes, updates, executor, clock},
        tickets(std::move(ticket_key), generation, clock, random),
        references(store, tickets),
        upload_limiter(clock),
        uploads(store, tickets, upload_limiter, random),
        downloads(store, references, tickets),
        sweeper(store) {}
  Attachments(const Attachments&) = delete;
  Attachments& operator=(const Attachments&) = delete;

  PartitionUpdates updates;
  const Store store;
  const Tickets tickets;
  const References references;
  UploadLimiter upload_limiter;
  Uploads uploads;
  Downloads downloads;
  Sweeper sweeper;
};

}  // namespace labyrinth::attachments

#endif  // LABYRINTH_SERVICE_ATTACHMENTS_ATTACHMENTS_H_
