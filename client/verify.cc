#include "client/verify.h"

#include <fmt/format.h>

#include <utility>

#include "client/device_directory.h"
#include "client/verify_epochs.h"
#include "client/verify_messages.h"

namespace labyrinth::client {
namespace {

void AddUnprovable(VerifyReport& report) {
  report.unprovable = {
      "that the server shows every device the same log: two forks that never meet look whole to both sides",
      "that a first device, or one restored from a code, wasn't shown a consistent but old prefix of the log",
      "that a device wasn't added and hidden in the middle of an epoch from devices that never saw the addition",
      "that no message was left out: a missing row leaves no trace until writers publish sums over what they saved",
      "that an edited message is shown in its latest form: an older one that its writer sealed verifies as well",
      "which member wrote a message: all members share the epoch's key",
  };
  if (!report.counted) {
    report.unprovable.push_back("that the server's counter is right: the mailbox changed during the walk");
  }
  if (report.foreign_messages > 0) {
    report.unprovable.push_back("the ids and times of messages that other software saved without an envelope");
  }
}

}  // namespace

void AddFinding(VerifyReport& report, VerifyStage stage, std::string what) {
  if (report.findings.size() < kMaxFindings) {
    report.findings.push_back({stage, std::move(what)});
    return;
  }
  ++report.suppressed_findings;
}

bool TakeFinding(VerifyReport& report, VerifyStage stage, const absl::Status& status) {
  if (!absl::IsDataLoss(status)) return false;
  AddFinding(report, stage, std::string(status.message()));
  return true;
}

absl::StatusOr<VerifyReport> VerifyMailbox(Core& core, absl::FunctionRef<void(const VerifyProgress&)> progress) {
  VerifyReport report;
  if (absl::Status s = core.RequireDevice(); !s.ok()) return s;

  progress({VerifyStage::kMembershipLog, 0, 0});
  // From the first entry, not from where this process had read to.
  VerifiedLog log(core.names());
  absl::Status status = SyncLog(core.api(), core.enrolment().log, log);
  if (!status.ok() && !TakeFinding(report, VerifyStage::kMembershipLog, status)) return status;
  AddUnprovable(report);
  // Without a log there is nothing that the rest could be compared with.
  if (!status.ok()) return report;
  report.log_entries = log.position().length;
  report.active_devices = log.state().ActiveMembers().size();

  progress({VerifyStage::kDevices, 0, 0});
  status = core.Refresh();
  if (!status.ok() && !TakeFinding(report, VerifyStage::kEpochs, status)) return status;
  const auto directory = RefreshDirectory(core);
  if (!directory.ok() && !TakeFinding(report, VerifyStage::kDevices, directory.status())) return directory.status();
  if (directory.ok()) {
    for (const DeviceView& device : directory->devices()) {
      if (device.active && !device.signatures_valid) {
        AddFinding(report, VerifyStage::kDevices, "device list: a member's signatures over its keys don't verify");
      }
    }
  }

  progress({VerifyStage::kEpochs, 0, 0});
  if (absl::Status s = VerifyEpochs(core, report); !s.ok()) return s;
  if (absl::Status s = VerifyMessages(core, report, progress); !s.ok()) return s;
  report.unprovable.clear();
  AddUnprovable(report);
  return report;
}

}  // namespace labyrinth::client
