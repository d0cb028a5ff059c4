#include "client/restore.h"

#include <utility>

#include "client/convert.h"
#include "client/epoch_walk.h"
#include "client/page_walk.h"
#include "client/pending.h"

namespace labyrinth::client {
namespace {

// Whether the server's epoch of this sequence is this one. Another id is an epoch that was opened after the restore;
// the same id has to be the same epoch in every respect.
absl::StatusOr<bool> IsShared(Api& api, const VerifiedLog& log, const crypto::Epoch& epoch) {
  v1::ListEpochsRequest request;
  if (epoch.sequence_id > 0) request.set_after_sequence_id(static_cast<uint32_t>(epoch.sequence_id - 1));
  request.set_page_size(1);
  const auto page = api.ListEpochs(request);
  if (!page.ok()) return page.status();
  if (page->epochs().empty() || page->epochs(0).sequence_id() != epoch.sequence_id) {
    return Violation("restore: the server withholds an epoch that its membership log names");
  }
  if (page->epochs(0).epoch_id() != epoch.id.value()) return false;
  if (absl::Status s = CheckRecord(epoch, page->epochs(0), log); !s.ok()) return s;
  return true;
}

// Moves what the server lost from the newer end of `epochs` to `lost`.
absl::Status CutToShared(Api& api, const VerifiedLog& log, KnownEpochs& epochs, std::vector<crypto::Epoch>& lost) {
  KnownEpochs shared;
  std::size_t count = epochs.size();
  for (; count > 0; --count) {
    const crypto::Epoch& newest = epochs.epochs()[count - 1];
    if (newest.sequence_id > log.state().epoch_sequence()) continue;
    const auto is_shared = IsShared(api, log, newest);
    if (!is_shared.ok()) return is_shared.status();
    if (*is_shared) break;
  }
  if (count == 0) return Violation("restore: the server's chain has no epoch that this device knows");
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    crypto::Epoch epoch = epochs.epochs()[i].Clone();
    if (i >= count) {
      lost.push_back(std::move(epoch));
    } else if (absl::Status s = shared.Append(std::move(epoch)); !s.ok()) {
      return s;
    }
  }
  epochs = std::move(shared);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<RestoreReport> AcceptRestore(Core& core) {
  if (absl::Status s = core.RequireDevice(); !s.ok()) return s;
  if (absl::Status s = SettleLeftover(core); !s.ok()) return s;
  Api& api = core.api();
  VerifiedLog log(core.names());
  if (absl::Status s = SyncLog(api, std::span<const crypto::LogPosition>(), log); !s.ok()) return s;
  const Enrolment& known = core.enrolment();
  const uint64_t generation = api.session().generation();
  if (known.generation == 0 || generation == known.generation) {
    return absl::FailedPreconditionError("the server doesn't say that it was restored from a backup");
  }
  const crypto::LogMember* self = log.state().Find(core.device_key());
  if (self == nullptr) {
    return absl::FailedPreconditionError(
        "this device joined after the backup that the server was restored from: join again, with another profile");
  }
  if (!self->active()) {
    return absl::FailedPreconditionError("this device was removed by a signed entry of the membership log");
  }

  RestoreReport report{.generation = generation,
                       .log_entries_before = known.log.length,
                       .log_entries_now = log.position().length,
                       .epoch_before = known.epochs.newest().sequence_id,
                       .epoch_now = 0,
                       .back = {}};
  KnownEpochs epochs = known.epochs.Clone();
  std::vector<crypto::Epoch> lost;
  if (absl::Status s = CutToShared(api, log, epochs, lost); !s.ok()) return s;
  const Recipient recipient{.device_id = known.device_id,
                            .device_key = core.device_key(),
                            .epoch_storage_key = known.secrets.epoch_storage_key};
  if (absl::Status s = ChainForward(api, log, recipient, epochs); !s.ok()) return s;
  report.epoch_now = epochs.newest().sequence_id;
  for (const crypto::PublicKey& key : known.removed_keys) {
    const crypto::LogMember* member = log.state().Find(key);
    if (member != nullptr && member->active()) report.back.push_back(key);
  }

  const absl::Status kept = core.Update([&](KeychainState& state) {
    Enrolment& enrolment = *state.enrolment;
    enrolment.generation = generation;
    enrolment.log = log.position();
    enrolment.epochs = std::move(epochs);
    for (crypto::Epoch& epoch : lost) enrolment.lost_epochs.push_back(std::move(epoch));
    enrolment.fresh_epoch_required = true;
    enrolment.sponsor_log.reset();
  });
  if (!kept.ok()) return kept;
  core.AdoptLog(std::move(log));
  return report;
}

}  // namespace labyrinth::client
