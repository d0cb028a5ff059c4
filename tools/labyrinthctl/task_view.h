// A task as an operator sees it: progress on standard error, findings on standard output.
#ifndef LABYRINTH_TOOLS_LABYRINTHCTL_TASK_VIEW_H_
#define LABYRINTH_TOOLS_LABYRINTHCTL_TASK_VIEW_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "proto/labyrinth/v1/admin.pb.h"
#include "service/admin/task.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/progress_bar.h"
#include "tools/labyrinthctl/context.h"

namespace labyrinth::ctl {

// For tasks that run here, and for those that a server tells of. Ctrl-C cancels. Thread-compatible.
class TaskView final : public service::TaskListener {
 public:
  TaskView(Context& context, std::string label);
  ~TaskView() override = default;

  void OnProgress(uint64_t done, uint64_t total, std::string_view unit) override;
  void OnFinding(const labyrinth::v1::Finding& finding) override;
  bool cancelled() const override { return interrupt_.interrupted(); }

  // The command's status: that of the task, or what was found.
  absl::Status End(const absl::StatusOr<std::string>& result);

 private:
  void ProgressLine(uint64_t done, uint64_t total, std::string_view unit);

  Context& context_;
  const std::string label_;
  const cli::InterruptScope interrupt_;
  std::optional<cli::ProgressBar> bar_;
  std::chrono::steady_clock::time_point told_;
  uint64_t open_ = 0;  // findings that are not repaired
  uint64_t repaired_ = 0;
};

// Runs the task in the server and shows it.
absl::Status RunInServer(Context& context, std::string label, const labyrinth::v1::RunTaskRequest& request);

}  // namespace labyrinth::ctl

#endif  // LABYRINTH_TOOLS_LABYRINTHCTL_TASK_VIEW_H_
