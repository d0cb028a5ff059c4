// One call on its way through a handler: who makes it, how long it may take, how it ends.
#ifndef LABYRINTH_SERVICE_HANDLERS_CALL_H_
#define LABYRINTH_SERVICE_HANDLERS_CALL_H_

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/random.h"
#include "service/auth/challenge.h"
#include "service/auth/jwt.h"
#include "service/auth/server_keys.h"
#include "service/auth/session.h"
#include "service/enrollment/relay.h"
#include "service/handlers/credentials.h"
#include "service/handlers/miss_limiter.h"
#include "service/handlers/streams.h"
#include "service/log/fields.h"
#include "service/mailbox/change_reader.h"
#include "service/mailbox/directory_reader.h"
#include "service/mailbox/download_reader.h"
#include "service/mailbox/history_reader.h"
#include "service/mailbox/rules.h"
#include "service/mailbox/sequencer.h"
#include "service/mailbox/sponsor_reader.h"

namespace labyrinth::attachments {
struct Attachments;
}

namespace labyrinth::service {

// What is told about a finished call. Holds no id: the partition is there for the log's pseudonym alone.
struct CallRecord {
  Word method;            // "save_messages"
  RequestTag tag;         // told to the caller of an internal error
  std::string partition;  // empty if the call never got that far
  absl::Status status;
  uint64_t messages = 0;  // saved or served; of a stream: events
  uint64_t bytes = 0;     // of ciphertext or payload
  std::chrono::nanoseconds took{0};
};

// Thread-safe.
class CallLog {
 public:
  virtual ~CallLog() = default;
  virtual void OnCall(const CallRecord& record) = 0;
};

// Everything that handlers work with; outlives them.
struct HandlerContext {
  const mailbox::Policy& policy;
  const ServerKeys& keys;
  const JwtVerifier& accounts;
  const Sessions& sessions;
  Challenges& challenges;
  MissLimiter& virtual_device_misses;
  mailbox::Sequencer& sequencer;
  const mailbox::DirectoryReader& directory;
  const mailbox::HistoryReader& history;
  const mailbox::ChangeReader& changes;
  const mailbox::DownloadReader& downloads;
  const mailbox::SponsorReader& sponsors;
  enrollment::Relay& enrollments;
  attachments::Attachments& attachments;
  Streams& enrollment_watches;
  Streams& watches;
  Streams& history_downloads;
  Streams& attachment_streams;
  const Clock& clock;
  RandomSource& random;
  CallLog& log;
};

// What the caller is told. An error without a reason of the catalogue is a fault of ours: the client learns no more
// than that, and the call's tag. CANCELLED is of a stream whose client left, or was let go.
grpc::Status AnswerOf(const absl::Status& status, RequestTag tag);

// Thread-compatible: it moves along with its callbacks. Exactly one Finish().
class Call {
 public:
  Call(const HandlerContext& context, grpc::CallbackServerContext* rpc, Word method);
  Call(Call&&) = default;

  grpc::ServerUnaryReactor* reactor() const { return reactor_; }
  // The client's, or thirty seconds from now if that is earlier.
  absl::Time deadline() const { return deadline_; }

  // The account token's claims: TOKEN_INVALID.
  absl::StatusOr<AccountClaims> Account();
  // The mailbox that an account's calls are about.
  std::string PartitionOf(const AccountClaims& claims);
  bool HasSession() const;
  // The session's device. Physical alone, unless `virtual_as_well`: TOKEN_INVALID.
  absl::StatusOr<mailbox::Caller> Device(bool virtual_as_well = false);

  // The log's line names no mailbox: as of attachments, whose rows don't either.
  void HideMailbox() { record_.partition.clear(); }

  void Count(uint64_t messages, uint64_t bytes) {
    record_.messages = messages;
    record_.bytes = bytes;
  }

  // Ends the call, with AnswerOf(status).
  void Finish(const absl::Status& status);

 private:
  Credentials credentials() const { return {context_->accounts, context_->sessions, *rpc_}; }

  const HandlerContext* context_;
  grpc::CallbackServerContext* rpc_;
  grpc::ServerUnaryReactor* reactor_;
  absl::Time deadline_;
  std::chrono::steady_clock::time_point start_;
  CallRecord record_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_CALL_H_
