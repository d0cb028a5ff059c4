// Cross-examining everything that the server holds for this mailbox.
#ifndef LABYRINTH_CLIENT_VERIFY_H_
#define LABYRINTH_CLIENT_VERIFY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/core.h"

namespace labyrinth::client {

enum class VerifyStage { kMembershipLog, kDevices, kEpochs, kMessages };

struct VerifyProgress {
  VerifyStage stage = VerifyStage::kMembershipLog;
  uint64_t done = 0;
  uint64_t total = 0;  // the server's counter for messages, so it may be off; 0: unknown
};

struct VerifyFinding {
  VerifyStage stage = VerifyStage::kMembershipLog;
  std::string what;  // one sentence; message rows are named by their place in the walk, never by an id
};

struct VerifyReport {
  uint64_t log_entries = 0;
  uint64_t active_devices = 0;
  uint64_t epochs = 0;
  uint64_t verified_messages = 0;
  uint64_t foreign_messages = 0;
  uint64_t tampered_messages = 0;
  bool counted = false;  // the rows were compared with the server's counter: the mailbox stood still during the walk
  // Empty: everything that can be checked was right. At most kMaxFindings; the rest is only counted.
  std::vector<VerifyFinding> findings;
  uint64_t suppressed_findings = 0;
  // What no walk by one device can prove (protocol section 8, last paragraph); to be shown beside a clean result.
  std::vector<std::string> unprovable;

  bool clean() const { return findings.empty(); }
};

inline constexpr uint64_t kMaxFindings = 100;

// For the parts of the walk. TakeFinding turns a failed check (DATA_LOSS) into a finding; false: an error of another
// kind.
void AddFinding(VerifyReport& report, VerifyStage stage, std::string what);
bool TakeFinding(VerifyReport& report, VerifyStage stage, const absl::Status& status);

// Walks, in this order: the membership log from its first entry, the device list against it, the chain of epochs
// forward and backward with their commitments, every message row, and the server's counters. Goes on after a finding
// where the rest can still be checked. Errors are those of the transport, the keychain and the device's own removal.
absl::StatusOr<VerifyReport> VerifyMailbox(Core& core, absl::FunctionRef<void(const VerifyProgress&)> progress);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_VERIFY_H_
