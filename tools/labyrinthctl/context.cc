#include "tools/labyrinthctl/context.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grpcpp/create_channel_posix.h>

#include <chrono>
#include <cstdlib>

#include "common/bytes.h"
#include "common/errors.h"
#include "common/rpc_status.h"
#include "common/unix_socket.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/terminal.h"

namespace labyrinth::ctl {
namespace {

constexpr char kDefaultSocket[] = "/var/lib/labyrinth/admin.sock";

cli::OutputForm FormOf(const std::string& name) {
  if (name == "json") return cli::OutputForm::kJson;
  return name == "jsonl" ? cli::OutputForm::kJsonLines : cli::OutputForm::kText;
}

}  // namespace

Context::Context(const GlobalFlags& flags) : flags_(flags), out_(FormOf(flags.output)) {}

std::string Context::SocketPath() const {
  if (!flags_.socket.empty()) return flags_.socket;
  if (!flags_.data_dir.empty()) return flags_.data_dir + "/admin.sock";
  const char* path = std::getenv("LABYRINTH_ADMIN_SOCKET");
  return path != nullptr && *path != '\0' ? path : kDefaultSocket;
}

absl::StatusOr<std::unique_ptr<Context::Stub>> Context::Connect() const {
  const absl::StatusOr<int> fd = ConnectToUnixSocket(SocketPath());
  if (!fd.ok()) return fd.status();
  fcntl(*fd, F_SETFL, fcntl(*fd, F_GETFL) | O_NONBLOCK);
  return labyrinth::v1::AdminService::NewStub(grpc::CreateInsecureChannelFromFd("labyrinthd", *fd));
}

void Context::SetDeadline(grpc::ClientContext& rpc, double timeout_s) {
  rpc.set_deadline(std::chrono::system_clock::now() +
                   std::chrono::milliseconds(static_cast<int64_t>(timeout_s * 1000)));
}

absl::Status Context::FromCall(const grpc::Status& status) {
  const absl::Status ours = FromGrpc(status);
  // gRPC's own words for a connection that broke tell an operator nothing.
  if (absl::IsUnavailable(ours) && !ReasonOf(ours).has_value()) {
    return absl::UnavailableError("the server went away");
  }
  return ours;
}

absl::Status Context::Confirm(const std::string& what, const std::string& name) const {
  if (flags_.yes) return absl::OkStatus();
  if (!cli::HasPerson()) return cli::Usage(fmt::format("{} Without a terminal it needs --yes.", what));
  return cli::ConfirmByName(what, name);
}

absl::StatusOr<labyrinth::v1::MailboxRef> ToRef(const MailboxFlags& flags) {
  const int given = !flags.account.empty() + !flags.mailbox.empty() + !flags.pseudonym.empty();
  if (given != 1) return cli::Usage("name one mailbox: --account, --mailbox or --pseudonym");
  labyrinth::v1::MailboxRef ref;
  if (!flags.account.empty()) {
    ref.set_account_id(flags.account);
  } else if (!flags.pseudonym.empty()) {
    ref.set_pseudonym(flags.pseudonym);
  } else if (flags.mailbox[0] == 'p') {
    ref.set_pseudonym(flags.mailbox);
  } else {
    const auto bytes = FromHex(flags.mailbox);
    if (bytes.has_value() && bytes->size() == 16) {
      ref.set_mailbox_id(*bytes);
    } else if (bytes.has_value() && bytes->size() == 32) {
      ref.set_partition(*bytes);
    } else {
      return cli::Usage("--mailbox: 32 hex digits of its id, 64 of its partition, or a pseudonym of the log");
    }
  }
  return ref;
}

}  // namespace labyrinth::ctl
