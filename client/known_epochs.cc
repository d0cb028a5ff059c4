#include "client/known_epochs.h"

#include <algorithm>
#include <utility>

namespace labyrinth::client {

absl::Status KnownEpochs::CheckId(EpochId id) const {
  if (!id.valid()) return absl::DataLossError("epoch chain: an epoch has an invalid id");
  if (Find(id) != nullptr) return absl::DataLossError("epoch chain: an epoch id occurs twice");
  return absl::OkStatus();
}

absl::Status KnownEpochs::Append(crypto::Epoch epoch) {
  if (absl::Status s = CheckId(epoch.id); !s.ok()) return s;
  if (!empty() && epoch.sequence_id != newest().sequence_id + 1) {
    return absl::DataLossError("epoch chain: the next epoch has the wrong sequence id");
  }
  epochs_.push_back(std::move(epoch));
  return absl::OkStatus();
}

absl::Status KnownEpochs::Prepend(crypto::Epoch epoch) {
  if (absl::Status s = CheckId(epoch.id); !s.ok()) return s;
  if (!empty() && epoch.sequence_id + 1 != oldest().sequence_id) {
    return absl::DataLossError("epoch chain: the previous epoch has the wrong sequence id");
  }
  epochs_.push_front(std::move(epoch));
  return absl::OkStatus();
}

const crypto::Epoch* KnownEpochs::Find(EpochId id) const {
  // Most rows belong to the newest epochs.
  const auto it = std::find_if(epochs_.rbegin(), epochs_.rend(), [id](const auto& e) { return e.id == id; });
  return it == epochs_.rend() ? nullptr : &*it;
}

const crypto::Epoch* KnownEpochs::FindSequence(uint64_t sequence_id) const {
  if (empty() || sequence_id < oldest().sequence_id || sequence_id > newest().sequence_id) return nullptr;
  return &epochs_[sequence_id - oldest().sequence_id];
}

KnownEpochs KnownEpochs::Clone() const {
  KnownEpochs copy;
  for (const crypto::Epoch& epoch : epochs_) copy.epochs_.push_back(epoch.Clone());
  return copy;
}

}  // namespace labyrinth::client
