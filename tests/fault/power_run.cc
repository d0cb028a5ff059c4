#include "tests/fault/power_run.h"

#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <random>

#include "storage/rocksdb/rocksdb_engine.h"
#include "tests/conformance/engine/store_on_disk.h"
#include "tests/fault/power_blobs.h"
#include "tests/fault/shadow_engine.h"
#include "tests/fault/workload.h"

namespace labyrinth::fault {
namespace {

using mailbox::testing::TestServer;
using storage::RocksdbEngine;

constexpr int kRoundsOfAStore = 12;
constexpr int kStepsOfARound = 60;  // at most, but for a cut that comes later

class Store {
 public:
  Store(uint64_t seed, const PowerOptions& options, PowerTally& tally)
      : options_(options),
        tally_(tally),
        random_(seed),
        disk_(std::make_shared<PowerDisk>(dir_.path() + ".attic", options.lie)),
        env_(::rocksdb::NewCompositeEnv(disk_)),
        server_(seed, &shadow_),
        blobs_(seed),
        load_(seed, {&server_}, {.mailboxes = 3, .clock_steps = false, .large_messages = true}) {}

  ~Store() {
    if (engine_ != nullptr) Close();
  }

  void Round() {
    ++tally_.rounds;
    server_.clock().Advance(static_cast<int64_t>(Below(20 * 3600 * 1000)));
    if (Below(4) == 0) CutWhileOpening();
    // Twice: with a fresh process, and with the one that has just recovered.
    if (!Recover()) return;
    disk_->CutAfter(1 + Below(Below(3) == 0 ? 2000 : 150));
    Live();
    if (!disk_->off() && Below(3) == 0) {
      Close();  // in the middle of which the power goes, if it still may
      ++(disk_->off() ? tally_.in_close : tally_.at_rest);
    } else {
      if (!disk_->off()) ++tally_.at_rest;
      disk_->CutNow();
      Close();
    }
    PowerOn();
  }

  // Once more, and all is well.
  void Finish() {
    if (tally_.clean()) Recover();
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  absl::Status Open() {
    storage::RocksdbOptions options = storage::TestOptions();
    options.env = env_.get();
    auto opened = RocksdbEngine::Open(dir_.path(), options);
    if (!opened.ok()) return opened.status();
    engine_ = *std::move(opened);
    shadow_.Attach(*engine_);
    return absl::OkStatus();
  }

  void Close() {
    shadow_.Detach();
    engine_.reset();
  }

  void PowerOn() {
    disk_->CutNow();
    const PowerDisk::Damage damage = disk_->PowerOn(random_);
    tally_.damage.tails_dropped += damage.tails_dropped;
    tally_.damage.tails_cut += damage.tails_cut;
    tally_.damage.tails_torn += damage.tails_torn;
    tally_.damage.tails_kept += damage.tails_kept;
    tally_.damage.changes_undone += damage.changes_undone;
  }

  // Recovery itself is cut off, perhaps several times.
  void CutWhileOpening() {
    for (uint64_t times = 1 + Below(3); times > 0; --times) {
      disk_->CutAfter(1 + Below(40));
      const absl::Status opened = Open();
      if (!opened.ok() && !disk_->off()) return Refused(opened);
      ++(disk_->off() ? tally_.in_open : tally_.at_rest);
      disk_->CutNow();
      if (opened.ok()) Close();
      PowerOn();
    }
  }

  bool Recover() {
    // A copy of what the power cut left, for whoever has to find out why.
    std::optional<storage::TempDir> image;
    if (!options_.keep_in.empty() && std::filesystem::exists(dir_.path())) image = storage::CopyOf(dir_.path());
    if (engine_ == nullptr) {
      if (const absl::Status opened = Open(); !opened.ok()) Refused(opened);
    }
    if (engine_ != nullptr) {
      server_.Restart();
      if (created_) {
        shadow_.Judge(tally_);
        blobs_.Judge(engine_->blobs(), tally_);
        load_.Judge(tally_);
        if (tally_.clean()) load_.CheckReads(tally_);
      }
      created_ = true;
    }
    if (!tally_.clean() && image.has_value()) {
      std::error_code error;
      std::filesystem::copy(image->path(), options_.keep_in, std::filesystem::copy_options::recursive, error);
      tally_.texts.push_back(fmt::format("what the cut left is in {}", options_.keep_in));
    }
    return tally_.clean();
  }

  void Refused(const absl::Status& status) {
    tally_.Find(Fault::kOther, fmt::format("refused after an honest cut: {}", status.ToString()));
  }

  // Calls until the power goes, or time is up.
  void Live() {
    for (int step = 0; step < kStepsOfARound && !disk_->off(); ++step) {
      for (uint64_t calls = 1 + Below(6); calls > 0; --calls) load_.Start();
      if (Below(4) == 0) blobs_.Start(engine_->blobs());
      if (Below(20) == 0) engine_->EraseDeletedBlobs().IgnoreError();  // writes memtables out, merges tables
      Settle();
    }
    Settle();
  }

  void Settle() {
    do {
      server_.Settle();
      load_.Collect();
    } while (shadow_.Deliver() || server_.executor().RunAll() > 0);
    load_.Collect();
    if (load_.open() > 0) tally_.Find(Fault::kOther, "a call was never answered");
  }

  const PowerOptions& options_;
  PowerTally& tally_;
  std::mt19937_64 random_;
  const storage::TempDir dir_;
  const std::shared_ptr<PowerDisk> disk_;
  const std::unique_ptr<::rocksdb::Env> env_;
  ShadowEngine shadow_;
  std::unique_ptr<RocksdbEngine> engine_;
  TestServer server_;
  PowerBlobs blobs_;
  Workload load_;
  bool created_ = false;
};

}  // namespace

PowerTally RunPowerCuts(uint64_t seed, uint64_t rounds, const PowerOptions& options) {
  PowerTally tally;
  const auto go_on = [&] {
    return tally.clean() && (tally.rounds < rounds || (tally.rounds < 20 * rounds && !options.enough(tally)));
  };
  for (uint64_t life = 0; go_on(); ++life) {
    Store store(seed + life, options, tally);
    for (int round = 0; round < kRoundsOfAStore && go_on(); ++round) store.Round();
    store.Finish();
  }
  return tally;
}

}  // namespace labyrinth::fault
