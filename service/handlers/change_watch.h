// The stream of Watch: the change feed as it grows.
#ifndef LABYRINTH_SERVICE_HANDLERS_CHANGE_WATCH_H_
#define LABYRINTH_SERVICE_HANDLERS_CHANGE_WATCH_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "proto/labyrinth/v1/history.pb.h"
#include "service/handlers/stream.h"
#include "service/mailbox/change_reader.h"

namespace labyrinth::service {

// Reads a page when its mailbox was woken, and the next one when the client has taken that: what a slow client has yet
// to read stays in the feed. Every page is read together with the device's record, so that a revocation, which wakes
// the mailbox as every commit does, ends the stream. Tells its head when it has caught up first, and every
// limits::kWatchHeadMs; that is a read as well, and so finds what nobody woke it for. Ends with TOKEN_INVALID with its
// session, and with what ListChanges says.
class ChangeWatch final : public Stream<v1::WatchResponse> {
 public:
  ChangeWatch(const HandlerContext& context, grpc::CallbackServerContext* rpc, mailbox::Caller caller,
              const mailbox::ChangeQuery& query, int64_t session_expire_ms);

  static grpc::ServerWriteReactor<v1::WatchResponse>* Begin(const std::shared_ptr<ChangeWatch>& watch);

 private:
  void Produce(bool recheck) override;
  void TakePage(absl::StatusOr<mailbox::ChangePage> page);
  bool IsHeadDue();

  const mailbox::Caller caller_;
  const int64_t session_expire_ms_;
  mailbox::ChangeQuery query_;  // `since`: as far as was read
  bool behind_ = true;
  int64_t head_due_ms_ = 0;  // 0: at once, or when it has caught up
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_CHANGE_WATCH_H_
