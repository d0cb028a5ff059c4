// status, drain
#include <fmt/format.h>

#include "client/transfer/text.h"
#include "common/text.h"
#include "tools/cli/exit_code.h"
#include "tools/labyrinthctl/commands.h"
#include "tools/labyrinthctl/text_forms.h"

namespace labyrinth::ctl {
namespace {

using cli::Json;
namespace v1 = labyrinth::v1;

struct NoFlags {};
struct DrainFlags {
  std::string deadline = "30s";
  bool undo = false;
};

absl::Status Status(Context& context, const NoFlags&) {
  const auto server = context.Call(&Context::Stub::GetServer, v1::GetServerRequest());
  if (!server.ok()) return server.status();
  const v1::GetServerResponse& s = *server;
  const std::string name = client::Printable(s.server_name());
  cli::Output& out = context.out();
  out.Line(fmt::format("{}{}  labyrinthd {} ({}), generation {}", name, s.dev() ? " (development)" : "", s.version(),
                       s.engine(), s.generation()));
  const char* state = s.draining() ? "draining" : s.ready() ? "ready" : "NOT READY";
  out.Line(fmt::format("{}, since {}", state, TimeText(s.start_ms())));
  if (!s.engine_health().empty()) out.Line(fmt::format("storage: {}", client::Printable(s.engine_health())));
  out.Line(fmt::format("listens at {}, keeps its data in {}", s.listen(), client::Printable(s.data_dir())));
  out.Line(fmt::format("free: {}{}", BytesText(s.free_bytes()),
                       s.free_bytes() < s.reserve_bytes() ? "  (BELOW THE RESERVE: saves are refused)" : ""));
  out.Line(fmt::format("under way: {} changes, {} streams{}", Grouped(s.pending_operations()),
                       Grouped(s.open_streams()),
                       s.running_task().empty() ? "" : fmt::format(", task: {}", s.running_task())));
  out.Document({{"server_name", name},
                {"version", s.version()},
                {"engine", s.engine()},
                {"dev", s.dev()},
                {"generation", s.generation()},
                {"start_ms", s.start_ms()},
                {"server_time_ms", s.server_time_ms()},
                {"ready", s.ready()},
                {"draining", s.draining()},
                {"engine_health", s.engine_health()},
                {"pending_operations", s.pending_operations()},
                {"open_streams", s.open_streams()},
                {"free_bytes", s.free_bytes()},
                {"reserve_bytes", s.reserve_bytes()},
                {"data_dir", s.data_dir()},
                {"listen", s.listen()},
                {"running_task", s.running_task()}});
  return absl::OkStatus();
}

absl::Status Drain(Context& context, const DrainFlags& flags) {
  const auto deadline_ms = ParseDurationMs(flags.deadline);
  if (!deadline_ms.has_value()) return cli::Usage("--deadline: a time such as 30s, 5m or 250ms");
  v1::DrainRequest request;
  request.set_deadline_ms(flags.undo ? 0 : *deadline_ms);
  request.set_undo(flags.undo);
  const auto stub = context.Connect();
  if (!stub.ok()) return stub.status();
  grpc::ClientContext rpc;
  Context::SetDeadline(rpc, context.flags().timeout_s + static_cast<double>(request.deadline_ms()) / 1000);
  v1::DrainResponse response;
  if (auto status = Context::FromCall((*stub)->Drain(&rpc, request, &response)); !status.ok()) return status;
  const uint64_t left = response.pending_operations() + response.open_streams();
  context.out().Line(!response.draining() ? "in service again"
                     : left == 0          ? "out of service: nothing is under way"
                                          : fmt::format("out of service: {} changes and {} streams are still under way",
                                                        response.pending_operations(), response.open_streams()));
  context.out().Document({{"draining", response.draining()},
                          {"pending_operations", response.pending_operations()},
                          {"open_streams", response.open_streams()}});
  if (response.draining() && left != 0) {
    return absl::FailedPreconditionError("the deadline came before everything had ended");
  }
  return absl::OkStatus();
}

}  // namespace

void AddStatus(cli::Command root, Chosen& chosen) {
  AddCommand(root, chosen, "status", "What the server is and how it does", false, &Status, std::make_shared<NoFlags>());
  const auto flags = std::make_shared<DrainFlags>();
  cli::Command drain =
      AddCommand(root, chosen, "drain", "Take the server out of service without stopping it", true, &Drain, flags);
  drain.AddOption("--deadline", &flags->deadline, "How long to wait until nothing is under way",
                  {.value_name = "TIME", .shows_default = true});
  drain.AddFlag("--undo", &flags->undo, "Back into service");
}

}  // namespace labyrinth::ctl
