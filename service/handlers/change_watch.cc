#include "service/handlers/change_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "service/converters/changes.h"

namespace labyrinth::service {

ChangeWatch::ChangeWatch(const HandlerContext& context, grpc::CallbackServerContext* rpc, mailbox::Caller caller,
                         const mailbox::ChangeQuery& query, int64_t session_expire_ms)
    : Stream(context, context.watches, rpc, "watch"),
      caller_(std::move(caller)),
      session_expire_ms_(session_expire_ms),
      query_(query) {
  SetPartition(caller_.partition);
}

grpc::ServerWriteReactor<v1::WatchResponse>* ChangeWatch::Begin(const std::shared_ptr<ChangeWatch>& watch) {
  const mailbox::Caller& caller = watch->caller_;
  return watch->Stream::Begin(watch, fmt::format("{} {}", caller.device_id.value(), caller.partition),
                              caller.partition);
}

void ChangeWatch::Produce(bool recheck) {
  if (context_.clock.NowMs() >= session_expire_ms_) return End(errors::TokenInvalid("session: expired"));
  if (!recheck && !behind_ && !IsHeadDue()) return Rest();
  context_.changes.ListChanges(
      caller_, query_, ReadDeadline(),
      [this, keep = Keep()](absl::StatusOr<mailbox::ChangePage> page) { TakePage(std::move(page)); });
}

void ChangeWatch::TakePage(absl::StatusOr<mailbox::ChangePage> page) {
  if (!page.ok()) return End(page.status());
  query_.since.revision = page->next;
  behind_ = page->next < page->head;
  // The client can do without a step that tells nothing, unless there are so many that it would begin anew with them.
  if (page->changes.empty() && !behind_ && !IsHeadDue()) return Rest();
  // A page with changes isn't the head that is due: it may come before the first catch-up, or all the time.
  if (page->changes.empty() && !behind_) head_due_ms_ = context_.clock.NowMs() + limits::kWatchHeadMs;
  v1::WatchResponse response;
  const ChangeCount count = ToProto(*std::move(page), context_.keys.generation(), response);
  Send(std::move(response), count.bytes);
}

bool ChangeWatch::IsHeadDue() {
  const int64_t now_ms = context_.clock.NowMs();
  head_due_ms_ = std::min(head_due_ms_, now_ms + limits::kWatchHeadMs);  // the clock may have stepped back
  return now_ms >= head_due_ms_;
}

}  // namespace labyrinth::service
