#include "crypto/primitives/seeded_random.h"
#include "crypto/statements/commitment.h"
#include "crypto/statements/epoch_sequence.h"
#include "crypto/statements/log_entry.h"
#include "crypto/statements/log_testing.h"
#include "crypto/statements/membership.h"
#include "tests/fuzz/fuzz_target.h"

namespace labyrinth::fuzz {
namespace {

// A log of three entries: a device creates the mailbox, adds another, opens an epoch.
struct Log {
  crypto::SeededRandom random{3};
  crypto::TestDevice first = crypto::MakeTestDevice(crypto::SubjectKind::kPhysical, random);
  crypto::TestDevice second = crypto::MakeTestDevice(crypto::SubjectKind::kPhysical, random);
  crypto::MembershipState state{crypto::TestNames()};
  std::vector<std::string> entries;

  Log() {
    Add(crypto::LogEntryKind::kCreate, &first);
    Add(crypto::LogEntryKind::kAddDevice, &second);
    Add(crypto::LogEntryKind::kOpenEpoch, nullptr);
  }
  void Add(crypto::LogEntryKind kind, const crypto::TestDevice* subject) {
    entries.push_back(*crypto::EncodeLogEntry(crypto::NextEntry(state, kind, first, subject)));
    crypto::Extend(state, kind, first, subject, random);
  }
};

void RunLogEntry(std::string_view input) {
  const auto entry = crypto::DecodeLogEntry(input);
  if (!entry.ok()) return;
  Require(crypto::CheckShape(*entry).ok(), "what was decoded has the right shape");
  const auto encoded = crypto::EncodeLogEntry(*entry);
  Require(encoded.ok() && *encoded == input, "an entry has one encoding");
}

std::vector<std::string> LogEntrySeeds() { return Log().entries; }

crypto::Secret CommitmentKey() { return crypto::Secret::CopyOf(std::string(32, 'k')); }

void RunCommitment(std::string_view input) {
  const auto commitment = crypto::OpenCommitment(input, CommitmentKey(), 1);
  Require(!commitment.ok() || input.size() == crypto::kCommitmentSizeBytes, "a commitment has one size");
}

std::vector<std::string> CommitmentSeeds() { return {crypto::BuildCommitment(Log().state, CommitmentKey(), 1)}; }

void RunEpochSequence(std::string_view input) {
  if (const auto sequence = crypto::ParseSequence(input)) {
    Require(input.size() <= 11, "at most 11 characters");
    Require(std::to_string(*sequence) == input, "a sequence has one decimal form");
  }
  if (const auto sequence = crypto::ParseSequenceBase64(input)) {
    Require(std::to_string(*sequence).size() <= 11, "at most 11 characters inside");
  }
}

std::vector<std::string> EpochSequenceSeeds() { return {"0", "3", "2147483647", "Mw==", "MjE0NzQ4MzY0Nw=="}; }

constexpr FuzzTarget kTargets[] = {
    {"log_entry", LogEntrySeeds, RunLogEntry},
    {"commitment", CommitmentSeeds, RunCommitment},
    {"epoch_sequence", EpochSequenceSeeds, RunEpochSequence},
};

}  // namespace

std::span<const FuzzTarget> StatementTargets() { return kTargets; }

}  // namespace labyrinth::fuzz
