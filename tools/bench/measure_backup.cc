// Saves while a backup is made.
#include <atomic>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "tools/bench/experiment.h"

namespace labyrinth::bench {
namespace {

constexpr int kMailboxes = 64;
constexpr uint64_t kThreads = 10;
constexpr uint64_t kFilled = 2000;  // a mailbox: 128 MB in all, and a full backup copies them
constexpr std::chrono::seconds kBackupTimeout{60};

// One full backup after another, by labyrinthctl, from its construction to Stop().
class Backups {
 public:
  Backups(const std::string& ctl, const Server& server)
      : thread_([this, ctl, dir = server.dir()] {
          while (!stop_) {
            const absl::Status made =
                Child::Run({.words = {ctl, "--socket", dir + "/data/admin.sock", "--no-progress", "backup", "create",
                                      dir + "/backups", "--full", "--keep", "1"},
                            .log_file = dir + "/backup.log"},
                           kBackupTimeout);
            const absl::MutexLock lock(&mutex_);
            if (!made.ok()) {
              status_ = made;
              return;
            }
          }
        }) {}
  ~Backups() {
    if (thread_.joinable()) Stop().IgnoreError();
  }

  // The first that failed.
  absl::Status Stop() {
    stop_ = true;
    thread_.join();
    const absl::MutexLock lock(&mutex_);
    return status_;
  }

 private:
  std::atomic<bool> stop_ = false;
  absl::Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses the others
};

}  // namespace

absl::Status MeasureBackup(Bench& bench) {
  Experiment experiment(
      bench, {{"save_in_backup", "durable saves, 64 in flight, while full backups are made; beside the same without",
               "during", "without", 0.5}});
  if (!experiment.Wanted()) return absl::OkStatus();
  const auto server = bench.NewServer("backup");
  if (!server.ok()) return server.status();
  Mailboxes mailboxes;
  for (int i = 0; i < kMailboxes; ++i) {
    const auto mailbox = (*server)->AddMailbox(bench.payload(), kThreads);
    if (!mailbox.ok()) return mailbox.status();
    mailboxes.push_back(*mailbox);
  }
  if (absl::Status filled = (*server)->Fill(mailboxes, kFilled, 100, 16); !filled.ok()) return filled;
  const auto saves = [&] {
    return bench.Full("labyrinthd", "saves/s", SaveSlots((*server)->channels(), mailboxes, 64, 1), 1);
  };
  experiment.Add("without", saves);
  experiment.Add("during", [&] {
    Contender contender = saves();
    contender.measure = [&bench, server = server->get(), full = std::move(contender.measure)] {
      Backups backups(bench.ctl_binary(), *server);
      absl::StatusOr<double> rate = full();
      const absl::Status made = backups.Stop();
      return made.ok() ? rate : absl::StatusOr<double>(made);
    };
    return contender;
  });
  if (absl::Status measured = experiment.Run(); !measured.ok()) return measured;
  return (*server)->Stop();
}

}  // namespace labyrinth::bench
