// The epochs whose root keys a device knows: an unbroken run of the chain.
#ifndef LABYRINTH_CLIENT_KNOWN_EPOCHS_H_
#define LABYRINTH_CLIENT_KNOWN_EPOCHS_H_

#include <cstdint>
#include <deque>

#include "absl/status/status.h"
#include "common/ids.h"
#include "crypto/labyrinth/epoch_keys.h"

namespace labyrinth::client {

// Epochs of consecutive sequence ids with distinct epoch ids. Grows at both ends, never shrinks. Move-only;
// thread-compatible.
class KnownEpochs {
 public:
  KnownEpochs() = default;
  explicit KnownEpochs(crypto::Epoch first) { epochs_.push_back(std::move(first)); }

  // DATA_LOSS, named, for a sequence that isn't the next one up or down (a gap or a repeat) and for an epoch id that is
  // invalid or known already. The first epoch of an empty run may have any sequence.
  absl::Status Append(crypto::Epoch epoch);
  absl::Status Prepend(crypto::Epoch epoch);

  bool empty() const { return epochs_.empty(); }
  std::size_t size() const { return epochs_.size(); }
  const crypto::Epoch& oldest() const { return epochs_.front(); }  // not while empty
  const crypto::Epoch& newest() const { return epochs_.back(); }
  // Whether messages of every epoch can be read.
  bool complete() const { return !empty() && oldest().sequence_id == 0; }

  // nullptr if unknown. Valid until it changes.
  const crypto::Epoch* Find(EpochId id) const;
  const crypto::Epoch* FindSequence(uint64_t sequence_id) const;
  const std::deque<crypto::Epoch>& epochs() const { return epochs_; }

  KnownEpochs Clone() const;

 private:
  absl::Status CheckId(EpochId id) const;

  std::deque<crypto::Epoch> epochs_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_KNOWN_EPOCHS_H_
