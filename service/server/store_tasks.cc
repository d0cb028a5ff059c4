#include "service/server/store_tasks.h"

#include <fmt/format.h>

#include <atomic>
#include <thread>

#include "absl/synchronization/notification.h"
#include "common/text.h"

namespace labyrinth::service {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(200);

class Reporter final : public storage::VerifyListener {
 public:
  explicit Reporter(TaskListener& listener) : listener_(listener) {}

  void OnBytes(uint64_t done_bytes, uint64_t total_bytes) override {
    listener_.OnProgress(done_bytes, total_bytes, "bytes");
  }
  void OnDamaged(const std::string& file, const std::string& why) override {
    v1::Finding finding;
    finding.set_name("store_file_damaged");
    finding.set_detail(fmt::format("{}: {}", file, why));
    finding.set_state(v1::FINDING_STATE_PRIMARY);
    listener_.OnFinding(finding);
  }
  bool cancelled() const override { return listener_.cancelled(); }

 private:
  TaskListener& listener_;
};

}  // namespace

absl::StatusOr<std::string> RunVerify(storage::RocksdbEngine& engine, const v1::VerifyTask& request,
                                      TaskListener& listener) {
  Reporter reporter(listener);
  const auto summary = engine.VerifyFiles(request.rate_bytes_per_second(), reporter);
  if (!summary.ok()) return summary.status();
  return fmt::format("{} files, {} bytes read: {} damaged", Grouped(summary->files), Grouped(summary->bytes),
                     Grouped(summary->damaged_files));
}

absl::StatusOr<std::string> RunCompact(storage::RocksdbEngine& engine, TaskListener& listener) {
  std::atomic<bool> cancelled = false;
  absl::Notification done;
  absl::Status status;
  std::thread compaction([&] {
    status = engine.Compact(cancelled);
    done.Notify();
  });
  // It tells nothing of how far it is.
  while (!done.WaitForNotificationWithTimeout(kPoll)) {
    if (listener.cancelled()) cancelled = true;
    listener.OnProgress(0, 0, "passes");
  }
  compaction.join();
  if (!status.ok()) return status;
  return "what was deleted is merged out of the store's files";
}

}  // namespace labyrinth::service
