// The check as a task, in a server or without one.
#ifndef LABYRINTH_SERVICE_ADMIN_CHECK_TASK_H_
#define LABYRINTH_SERVICE_ADMIN_CHECK_TASK_H_

#include "service/admin/task.h"
#include "service/log/pseudonym.h"
#include "storage/blob_store.h"
#include "storage/engine.h"

namespace labyrinth::service {

// Runs `request` over the store. Its mailbox, if it names one, is named by its partition. Findings name mailboxes by
// their pseudonyms, and rows by their keys only if the request has `reveal`. FAILED_PRECONDITION if something never
// stood still for long enough to be judged; else as check::CheckStore.
absl::StatusOr<std::string> RunCheck(storage::Engine& engine, storage::BlobStore& blobs, const Pseudonyms& pseudonyms,
                                     int64_t now_ms, const v1::CheckTask& request, TaskListener& listener);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_ADMIN_CHECK_TASK_H_
