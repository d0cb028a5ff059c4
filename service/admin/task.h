// A long piece of work that an operator asked for, and how it tells what it does.
#ifndef LABYRINTH_SERVICE_ADMIN_TASK_H_
#define LABYRINTH_SERVICE_ADMIN_TASK_H_

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proto/labyrinth/v1/admin.pb.h"

namespace labyrinth::service {

// Whoever asked for a task and listens to it. A task calls from one thread at a time.
class TaskListener {
 public:
  virtual ~TaskListener() = default;
  // `total` 0: not known. `unit` in the plural: "mailboxes". As often as one likes: what comes too soon after the one
  // before isn't sent.
  virtual void OnProgress(uint64_t done, uint64_t total, std::string_view unit) = 0;
  virtual void OnFinding(const v1::Finding& finding) = 0;
  // Whoever asked has gone, or the server stops: the task ends as soon as it can, with CANCELLED.
  virtual bool cancelled() const = 0;
};

// Runs on the thread of the call, which may wait. OK with one line on what came of it. An error is answered as it is:
// in the operator's words, with names of files.
template <typename Request>
using Task = std::function<absl::StatusOr<std::string>(const Request& request, TaskListener& listener)>;

// What this server can do; UNIMPLEMENTED for one that is empty. Filled in by the environment, which knows the engine.
// One runs at a time.
struct AdminTasks {
  Task<v1::BackupTask> backup;
  Task<v1::VerifyTask> verify;
  Task<v1::CheckTask> check;
  Task<v1::CompactTask> compact;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_ADMIN_TASK_H_
