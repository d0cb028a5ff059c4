// A run: what was asked for, who takes part, and what came out.
#ifndef LABYRINTH_TOOLS_BENCH_BENCH_H_
#define LABYRINTH_TOOLS_BENCH_BENCH_H_

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/bench/curve.h"
#include "tools/bench/payload.h"
#include "tools/bench/postgres.h"
#include "tools/bench/rocksdb_floor.h"
#include "tools/bench/rounds.h"
#include "tools/bench/row.h"
#include "tools/bench/server.h"

namespace labyrinth::bench {

struct BenchOptions {
  bool quick = false;
  bool allow_busy = false;
  int rounds = 0;              // 0: as usual
  double slice_seconds = 0;    // the same
  std::set<std::string> only;  // names of rows and curves; empty: all
  uint64_t seed = 1;
  std::string dir;  // an empty one, for everything
  std::string server_binary;
  std::string other_binary;  // another labyrinthd to measure beside it; empty: none
  std::string ctl_binary;
  std::string own_binary;
};

// Contenders are started when first needed. Not thread-safe.
class Bench {
 public:
  // Of a mailbox that is saved to.
  static constexpr uint64_t kSaveThreads = 10;

  explicit Bench(BenchOptions options)
      : options_(std::move(options)), payload_(options_.seed), rounds_(RoundsOf(options_), options_.allow_busy) {}

  bool Wants(const std::string& name) const { return options_.only.empty() || options_.only.count(name) != 0; }
  bool quick() const { return options_.quick; }
  double slice_seconds() const {
    if (options_.slice_seconds > 0) return options_.slice_seconds;
    return options_.quick ? 0.4 : 0.8;
  }
  const Payload& payload() const { return payload_; }
  Rounds& rounds() { return rounds_; }
  std::vector<Row>& rows() { return rows_; }
  std::vector<Curve>& curves() { return curves_; }
  const std::string& ctl_binary() const { return options_.ctl_binary; }
  std::string dir(const std::string& name) const { return options_.dir + "/" + name; }

  absl::StatusOr<Server*> server();  // the one that most experiments share
  absl::StatusOr<FloorServer*> floor();
  absl::StatusOr<RocksdbFloor*> rocksdb();
  // Its error is for the rows that need it, not for the run.
  absl::StatusOr<Postgres*> postgres();
  // A server of an experiment's own.
  absl::StatusOr<std::unique_ptr<Server>> NewServer(const std::string& name,
                                                    uint32_t block_cache_mib = Server::kDefaultCacheMib) const {
    return Server::Start(options_.server_binary, dir(name), block_cache_mib);
  }
  // One of the other build; only if has_other().
  bool has_other() const { return !options_.other_binary.empty(); }
  absl::StatusOr<std::unique_ptr<Server>> NewOther(const std::string& name) const {
    return Server::Start(options_.other_binary, dir(name));
  }

  // So many empty mailboxes of the shared server.
  absl::StatusOr<Mailboxes> NewMailboxes(int count, uint64_t threads);
  // One that holds `messages`, a multiple of 100.
  absl::StatusOr<LoadMailbox*> NewFullMailbox(uint64_t messages, uint64_t threads);

  // A slice of `slots` at full speed; `per_call`: how many of `unit` a call is.
  Contender Full(std::string label, std::string unit, Slots slots, double per_call) const;
  // The same as time: a second's microseconds over the calls that ended in it.
  Contender MicrosPerCall(std::string label, std::string unit, Slots slots) const;

 private:
  static int RoundsOf(const BenchOptions& options) {
    if (options.rounds > 0) return options.rounds;
    return options.quick ? 3 : 9;
  }

  const BenchOptions options_;
  const Payload payload_;
  Rounds rounds_;
  std::vector<Row> rows_;
  std::vector<Curve> curves_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<FloorServer> floor_;
  std::unique_ptr<RocksdbFloor> rocksdb_;
  std::optional<absl::StatusOr<std::unique_ptr<Postgres>>> postgres_;
};

// Brings a server's store to rest, fully compacted; the server is stopped meanwhile.
absl::Status CompactStore(Server& server);

// Each adds the rows or curves of its own that are wanted, if any is. An error ends the run.
absl::Status MeasureSaves(Bench& bench);
absl::Status MeasureBatches(Bench& bench);
absl::Status MeasureBackup(Bench& bench);
absl::Status MeasurePages(Bench& bench);
absl::Status MeasureFlatness(Bench& bench);
absl::Status MeasureCold(Bench& bench);
absl::Status MeasureRestore(Bench& bench);
absl::Status MeasureLatency(Bench& bench);
absl::Status MeasureDevices(Bench& bench);
absl::Status MeasureAttachments(Bench& bench);
absl::Status MeasureDisk(Bench& bench);
absl::Status MeasureMemory(Bench& bench);
absl::Status MeasureBySize(Bench& bench);
absl::Status MeasureByInFlight(Bench& bench);
absl::Status MeasureByLoad(Bench& bench);
absl::Status MeasureByBatch(Bench& bench);
absl::Status MeasureOther(Bench& bench);  // nothing without another build

// The names of all rows, of all curves, and of those rows that need another build.
const std::vector<std::string>& AllRows();
const std::vector<std::string>& AllCurves();
const std::vector<std::string>& OtherRows();

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_BENCH_H_
