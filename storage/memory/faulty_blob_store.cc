#include "storage/memory/faulty_blob_store.h"

#include <algorithm>
#include <utility>

#include "common/errors.h"

namespace labyrinth::storage {
namespace {

absl::Status Injected() { return errors::EngineUnavailable("an injected fault"); }

}  // namespace

FaultyBlobStore::~FaultyBlobStore() {
  std::deque<Held> held;
  {
    absl::MutexLock lock(&mutex_);
    held.swap(held_);
  }
  for (Held& call : held) std::move(call)(false);
}

void FaultyBlobStore::ScriptPuts(std::initializer_list<BlobFault> faults) {
  absl::MutexLock lock(&mutex_);
  puts_.insert(puts_.end(), faults);
}

void FaultyBlobStore::ScriptDeletes(std::initializer_list<BlobFault> faults) {
  absl::MutexLock lock(&mutex_);
  deletes_.insert(deletes_.end(), faults);
}

void FaultyBlobStore::ScriptReads(std::initializer_list<BlobFault> faults) {
  absl::MutexLock lock(&mutex_);
  reads_.insert(reads_.end(), faults);
}

void FaultyBlobStore::Randomize(uint64_t seed, const BlobFaultMix& mix) {
  absl::MutexLock lock(&mutex_);
  random_.seed(seed);
  mix_ = mix;
}

std::size_t FaultyBlobStore::Release(std::size_t count) {
  std::deque<Held> released;
  {
    absl::MutexLock lock(&mutex_);
    count = std::min(count, held_.size());
    for (std::size_t i = 0; i < count; ++i) {
      released.push_back(std::move(held_.front()));
      held_.pop_front();
    }
  }
  for (Held& call : released) std::move(call)(true);
  return count;
}

bool FaultyBlobStore::ApplyLate() {
  absl::AnyInvocable<void() &&> late;
  {
    absl::MutexLock lock(&mutex_);
    if (late_.empty()) return false;
    late = std::move(late_.front());
    late_.pop_front();
  }
  std::move(late)();
  return true;
}

std::size_t FaultyBlobStore::held() const {
  absl::MutexLock lock(&mutex_);
  return held_.size();
}

uint64_t FaultyBlobStore::puts_seen() const {
  absl::MutexLock lock(&mutex_);
  return puts_seen_;
}

uint64_t FaultyBlobStore::deletes_seen() const {
  absl::MutexLock lock(&mutex_);
  return deletes_seen_;
}

template <typename Result, typename Issue, typename Callback>
void FaultyBlobStore::Ask(BlobFault fault, absl::Status gone, Issue issue, Callback done) {
  switch (fault) {
    case BlobFault::kNone:
      return issue(std::move(done));
    case BlobFault::kFail:
      return std::move(done)(Injected());
    case BlobFault::kDamaged:
      return std::move(done)(errors::DataDamaged("an injected fault"));
    case BlobFault::kUnknownLost:
      return std::move(done)(errors::OutcomeUnknown());
    case BlobFault::kUnknownApplied:
      return issue([done = std::move(done)](Result) mutable { std::move(done)(errors::OutcomeUnknown()); });
    case BlobFault::kUnknownLate: {
      {
        absl::MutexLock lock(&mutex_);
        late_.push_back([issue = std::move(issue)]() mutable { issue([](Result) {}); });
      }
      return std::move(done)(errors::OutcomeUnknown());
    }
    case BlobFault::kHoldRequest:
      return Hold([gone = std::move(gone), issue = std::move(issue), done = std::move(done)](bool go) mutable {
        if (!go) return std::move(done)(std::move(gone));
        issue(std::move(done));
      });
    case BlobFault::kHoldReply:
      return issue([this, gone = std::move(gone), done = std::move(done)](Result result) mutable {
        Hold([gone = std::move(gone), result = std::move(result), done = std::move(done)](bool go) mutable {
          std::move(done)(go ? std::move(result) : Result(std::move(gone)));
        });
      });
  }
}

void FaultyBlobStore::PutChunk(const BlobName& name, uint64_t offset, std::string data, absl::Time deadline,
                               PutCallback done) {
  BlobFault fault;
  {
    absl::MutexLock lock(&mutex_);
    ++puts_seen_;
    fault = Next(puts_, /*change=*/true);
  }
  Ask<absl::Status>(
      fault, errors::OutcomeUnknown(),
      [this, name, offset, data = std::move(data), deadline](PutCallback reply) mutable {
        base_.PutChunk(name, offset, std::move(data), deadline, std::move(reply));
      },
      std::move(done));
}

void FaultyBlobStore::Delete(const BlobName& name, absl::Time deadline, DeleteCallback done) {
  BlobFault fault;
  {
    absl::MutexLock lock(&mutex_);
    ++deletes_seen_;
    fault = Next(deletes_, /*change=*/true);
  }
  Ask<absl::Status>(
      fault, errors::OutcomeUnknown(),
      [this, name, deadline](DeleteCallback reply) { base_.Delete(name, deadline, std::move(reply)); },
      std::move(done));
}

void FaultyBlobStore::Stat(const BlobName& name, absl::Time deadline, StatCallback done) {
  BlobFault fault;
  {
    absl::MutexLock lock(&mutex_);
    fault = Next(reads_, /*change=*/false);
  }
  Ask<absl::StatusOr<uint64_t>>(
      fault, Injected(), [this, name, deadline](StatCallback reply) { base_.Stat(name, deadline, std::move(reply)); },
      std::move(done));
}

void FaultyBlobStore::ReadRange(const BlobName& name, uint64_t offset, uint64_t size, absl::Time deadline,
                                ReadCallback done) {
  BlobFault fault;
  {
    absl::MutexLock lock(&mutex_);
    fault = Next(reads_, /*change=*/false);
  }
  Ask<absl::StatusOr<std::string>>(
      fault, Injected(),
      [this, name, offset, size, deadline](ReadCallback reply) {
        base_.ReadRange(name, offset, size, deadline, std::move(reply));
      },
      std::move(done));
}

BlobFault FaultyBlobStore::Next(Script& script, bool change) {
  if (!script.empty()) {
    const BlobFault fault = script.front();
    script.pop_front();
    return fault;
  }
  const uint64_t draw = random_() % 1000;
  if (draw < mix_.fail) return BlobFault::kFail;
  if (!change) return BlobFault::kNone;
  if (draw < mix_.fail + mix_.unknown_lost) return BlobFault::kUnknownLost;
  if (draw < mix_.fail + mix_.unknown_lost + mix_.unknown_applied) return BlobFault::kUnknownApplied;
  return BlobFault::kNone;
}

void FaultyBlobStore::Hold(Held held) {
  absl::MutexLock lock(&mutex_);
  held_.push_back(std::move(held));
}

}  // namespace labyrinth::storage
