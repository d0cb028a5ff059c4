// What all of the operator's commands share.
#ifndef LABYRINTH_TOOLS_LABYRINTHCTL_CONTEXT_H_
#define LABYRINTH_TOOLS_LABYRINTHCTL_CONTEXT_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/labyrinth/v1/admin.grpc.pb.h"
#include "tools/cli/output.h"

namespace labyrinth::ctl {

// The flags before the command.
struct GlobalFlags {
  std::string socket;
  std::string data_dir;
  std::string output = "text";
  double timeout_s = 30;
  bool yes = false;
  bool no_progress = false;
  bool quiet = false;
  bool reveal = false;
};

// Which mailbox a command is about: exactly one of them.
struct MailboxFlags {
  std::string account;
  std::string mailbox;  // 32 hex digits: its id; 64: its partition
  std::string pseudonym;
};

// One run of one command. Thread-compatible.
class Context {
 public:
  using Stub = labyrinth::v1::AdminService::Stub;

  explicit Context(const GlobalFlags& flags);

  const GlobalFlags& flags() const { return flags_; }
  cli::Output& out() { return out_; }

  // --socket, or LABYRINTH_ADMIN_SOCKET, or admin.sock in --data-dir, or in /var/lib/labyrinth.
  std::string SocketPath() const;
  // UNAVAILABLE: no server; PERMISSION_DENIED.
  absl::StatusOr<std::unique_ptr<Stub>> Connect() const;

  // One call with --timeout, its error as ours.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) const {
    const absl::StatusOr<std::unique_ptr<Stub>> stub = Connect();
    if (!stub.ok()) return stub.status();
    grpc::ClientContext rpc;
    SetDeadline(rpc, flags_.timeout_s);
    Response response;
    const absl::Status status = FromCall(((**stub).*method)(&rpc, request, &response));
    if (!status.ok()) return status;
    return response;
  }
  static void SetDeadline(grpc::ClientContext& rpc, double timeout_s);
  static absl::Status FromCall(const grpc::Status& status);

  // For what can't be taken back: --yes, or the name typed back on a terminal. FAILED_PRECONDITION.
  absl::Status Confirm(const std::string& what, const std::string& name) const;

 private:
  const GlobalFlags flags_;
  cli::Output out_;
};

// A usage error unless exactly one is given.
absl::StatusOr<labyrinth::v1::MailboxRef> ToRef(const MailboxFlags& flags);

}  // namespace labyrinth::ctl

#endif  // LABYRINTH_TOOLS_LABYRINTHCTL_CONTEXT_H_
