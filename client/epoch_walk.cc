#include "client/epoch_walk.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "client/convert.h"
#include "client/page_walk.h"

namespace labyrinth::client {
namespace {

v1::ListEpochsRequest After(uint64_t sequence_id) {
  v1::ListEpochsRequest request;
  request.set_after_sequence_id(static_cast<uint32_t>(sequence_id));
  return request;
}

absl::Status Withheld(uint64_t sequence_id) {
  return Violation(fmt::format("epoch {}: the membership log names it, but the server withholds it", sequence_id));
}

}  // namespace

absl::Status ForEachEpoch(Api& api, v1::ListEpochsRequest request,
                          absl::FunctionRef<absl::StatusOr<bool>(const v1::Epoch&)> visit) {
  for (PageWalk walk; !walk.done();) {
    request.set_page_token(walk.token());
    const auto page = api.ListEpochs(request);
    if (!page.ok()) return page.status();
    for (const v1::Epoch& record : page->epochs()) {
      const absl::StatusOr<bool> more = visit(record);
      if (!more.ok() || !*more) return more.status();
    }
    if (absl::Status s = walk.Advance(page->next_page_token(), page->epochs_size()); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status ChainForward(Api& api, const VerifiedLog& log, const Recipient& recipient, KnownEpochs& epochs) {
  const uint64_t target = log.state().epoch_sequence();
  if (epochs.newest().sequence_id >= target) return absl::OkStatus();
  uint64_t expected = epochs.newest().sequence_id;
  const absl::Status walked = ForEachEpoch(api, After(expected), [&](const v1::Epoch& record) -> absl::StatusOr<bool> {
    if (record.sequence_id() != ++expected) {
      return Violation(fmt::format("epoch {}: missing: the server's chain has a gap or a repeat", expected));
    }
    auto epoch = VerifyForward(epochs.newest(), record, log, recipient);
    if (!epoch.ok()) return epoch.status();
    if (absl::Status s = epochs.Append(*std::move(epoch)); !s.ok()) return s;
    return expected < target;
  });
  if (!walked.ok()) return walked;
  if (epochs.newest().sequence_id < target) return Withheld(epochs.newest().sequence_id + 1);
  return absl::OkStatus();
}

absl::Status ChainBackward(Api& api, const VerifiedLog& log, KnownEpochs& epochs) {
  if (epochs.complete()) return absl::OkStatus();
  v1::ListEpochsRequest request;
  request.set_before_sequence_id(static_cast<uint32_t>(epochs.oldest().sequence_id + 1));
  std::optional<v1::Epoch> newer;
  const absl::Status walked =
      ForEachEpoch(api, std::move(request), [&](const v1::Epoch& record) -> absl::StatusOr<bool> {
        if (!newer.has_value()) {
          if (absl::Status s = CheckRecord(epochs.oldest(), record, log); !s.ok()) return s;
        } else {
          auto epoch = VerifyBackward(epochs.oldest(), *newer, record, log);
          if (!epoch.ok()) return epoch.status();
          if (absl::Status s = epochs.Prepend(*std::move(epoch)); !s.ok()) return s;
        }
        newer = record;
        return !epochs.complete();
      });
  if (!walked.ok()) return walked;
  if (!epochs.complete()) return Withheld(epochs.oldest().sequence_id - 1);
  return absl::OkStatus();
}

absl::StatusOr<v1::Epoch> FetchRecord(Api& api, const VerifiedLog& log, const crypto::Epoch& epoch) {
  v1::ListEpochsRequest request;
  if (epoch.sequence_id > 0) request = After(epoch.sequence_id - 1);
  request.set_page_size(1);
  auto page = api.ListEpochs(request);
  if (!page.ok()) return page.status();
  if (page->epochs().empty()) return Withheld(epoch.sequence_id);
  if (absl::Status s = CheckRecord(epoch, page->epochs(0), log); !s.ok()) return s;
  return std::move(*page->mutable_epochs(0));
}

}  // namespace labyrinth::client
