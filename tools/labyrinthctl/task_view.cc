#include "tools/labyrinthctl/task_view.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "client/transfer/json_text.h"
#include "client/transfer/text.h"
#include "common/text.h"
#include "tools/cli/exit_code.h"

namespace labyrinth::ctl {
namespace {

using cli::Json;
namespace v1 = labyrinth::v1;

// Of a program's log, which nobody watches.
constexpr std::chrono::seconds kLineEvery(10);

const char* StateName(v1::FindingState state) {
  switch (state) {
    case v1::FINDING_STATE_PRIMARY:
      return "primary";
    case v1::FINDING_STATE_REPAIRED:
      return "repaired";
    case v1::FINDING_STATE_WOULD_REPAIR:
      return "would_repair";
    default:
      return "repairable";
  }
}

}  // namespace

TaskView::TaskView(Context& context, std::string label)
    : context_(context), label_(std::move(label)), told_(std::chrono::steady_clock::now()) {
  context_.out().BeginList(Json::object(), "findings");
}

void TaskView::OnProgress(uint64_t done, uint64_t total, std::string_view unit) {
  if (context_.flags().no_progress || context_.flags().quiet) return;
  if (isatty(STDERR_FILENO) != 1) return ProgressLine(done, total, unit);
  if (!bar_.has_value()) bar_.emplace(label_, std::string(unit));
  bar_->Update(done, total);
}

void TaskView::ProgressLine(uint64_t done, uint64_t total, std::string_view unit) {
  const auto now = std::chrono::steady_clock::now();
  if (now - told_ < kLineEvery) return;
  told_ = now;
  if (context_.out().json()) {
    const Json event = {{"task", label_}, {"done", done}, {"total", total}, {"unit", unit}};
    std::fputs(client::JsonLine({{"progress", event}}).c_str(), stderr);
  } else {
    fmt::print(stderr, "{}\n", cli::RenderProgress(label_, unit, done, total, 0));
  }
}

void TaskView::OnFinding(const v1::Finding& finding) {
  ++(finding.state() == v1::FINDING_STATE_REPAIRED ? repaired_ : open_);
  const std::string detail = client::Printable(finding.detail());
  const std::string where = finding.mailbox().empty() ? "store" : client::Printable(finding.mailbox());
  bar_.reset();
  context_.out().Line(
      fmt::format("{}  {}  {}  {}", where, client::Printable(finding.name()), StateName(finding.state()), detail));
  context_.out().Item({{"mailbox", finding.mailbox()},
                       {"name", finding.name()},
                       {"state", StateName(finding.state())},
                       {"detail", detail}});
}

absl::Status TaskView::End(const absl::StatusOr<std::string>& result) {
  bar_.reset();
  Json tail = {{"findings_open", open_}, {"findings_repaired", repaired_}, {"complete", result.ok()}};
  if (result.ok()) tail["result"] = *result;
  context_.out().EndList(tail);
  if (!result.ok()) return result.status();
  if (!context_.flags().quiet) context_.out().Line(client::Printable(*result));
  if (open_ > 0) return cli::Findings(fmt::format("{} findings", Grouped(open_)));
  return absl::OkStatus();
}

absl::Status RunInServer(Context& context, std::string label, const v1::RunTaskRequest& request) {
  const auto stub = context.Connect();
  if (!stub.ok()) return stub.status();
  grpc::ClientContext rpc;
  const auto stream = (*stub)->RunTask(&rpc, request);
  TaskView view(context, std::move(label));
  std::string result;
  v1::RunTaskResponse event;
  bool done = false;
  while (stream->Read(&event)) {
    if (event.has_finding()) view.OnFinding(event.finding());
    if (!event.unit().empty()) view.OnProgress(event.done(), event.total(), event.unit());
    if (event.state() == v1::TASK_STATE_DONE) {
      result = event.result();
      done = true;
    }
    if (view.cancelled()) rpc.TryCancel();
  }
  absl::Status status = Context::FromCall(stream->Finish());
  if (status.ok() && !done) status = absl::UnavailableError("the server ended the task without a word");
  if (!status.ok()) return view.End(status);
  return view.End(result);
}

}  // namespace labyrinth::ctl
