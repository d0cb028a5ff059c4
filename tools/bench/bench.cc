#include "tools/bench/bench.h"

#include <chrono>
#include <utility>

#include "tools/bench/rocksdb_floor.h"

namespace labyrinth::bench {
namespace {

constexpr int kFillBatch = 100;

}  // namespace

absl::StatusOr<Server*> Bench::server() {
  if (server_ == nullptr) {
    auto started = NewServer("server");
    if (!started.ok()) return started.status();
    server_ = *std::move(started);
  }
  return server_.get();
}

absl::StatusOr<FloorServer*> Bench::floor() {
  if (floor_ == nullptr) {
    auto started = FloorServer::Start(options_.own_binary, dir("floor"), options_.seed);
    if (!started.ok()) return started.status();
    floor_ = *std::move(started);
  }
  return floor_.get();
}

absl::StatusOr<RocksdbFloor*> Bench::rocksdb() {
  if (rocksdb_ == nullptr) {
    auto opened = RocksdbFloor::Open(dir("rocksdb"), payload_, kSaveThreads);
    if (!opened.ok()) return opened.status();
    rocksdb_ = *std::move(opened);
  }
  return rocksdb_.get();
}

absl::StatusOr<Postgres*> Bench::postgres() {
  if (!postgres_.has_value()) postgres_ = Postgres::Start(dir("postgres"), payload_);
  if (!postgres_->ok()) return postgres_->status();
  return (**postgres_).get();
}

absl::StatusOr<Mailboxes> Bench::NewMailboxes(int count, uint64_t threads) {
  const auto ours = server();
  if (!ours.ok()) return ours.status();
  Mailboxes mailboxes;
  for (int i = 0; i < count; ++i) {
    const auto mailbox = (*ours)->AddMailbox(payload_, threads);
    if (!mailbox.ok()) return mailbox.status();
    mailboxes.push_back(*mailbox);
  }
  return mailboxes;
}

absl::StatusOr<LoadMailbox*> Bench::NewFullMailbox(uint64_t messages, uint64_t threads) {
  const auto mailboxes = NewMailboxes(1, threads);
  if (!mailboxes.ok()) return mailboxes.status();
  const uint64_t calls = messages / kFillBatch;
  const int in_flight = calls % 4 == 0 ? 4 : 1;
  if (absl::Status status = server_->Fill(*mailboxes, messages, kFillBatch, in_flight); !status.ok()) return status;
  return mailboxes->front();
}

Contender Bench::Full(std::string label, std::string unit, Slots slots, double per_call) const {
  const std::chrono::duration<double> time(slice_seconds());
  return {std::move(label), std::move(unit),
          [slots = std::make_shared<Slots>(std::move(slots)), time, per_call]() -> absl::StatusOr<double> {
            const auto load = ClosedLoop(*slots, time);
            if (!load.ok()) return load.status();
            return load->rate() * per_call;
          }};
}

Contender Bench::MicrosPerCall(std::string label, std::string unit, Slots slots) const {
  Contender contender = Full(std::move(label), std::move(unit), std::move(slots), 1);
  contender.measure = [rate = std::move(contender.measure)]() -> absl::StatusOr<double> {
    const auto calls = rate();
    if (!calls.ok()) return calls;
    return 1e6 / *calls;
  };
  return contender;
}

absl::Status CompactStore(Server& server) {
  if (absl::Status status = server.Stop(); !status.ok()) return status;
  if (const auto bytes = CompactedBytes(server.store_dir()); !bytes.ok()) return bytes.status();
  return server.StartAgain();
}

const std::vector<std::string>& AllRows() {
  static const std::vector<std::string> rows = {
      "save_vs_grpc",       "save_vs_rocksdb",      "save_vs_postgres",     "save_1_vs_grpc",     "save_16_vs_grpc",
      "save_hot_vs_many",   "save_in_backup",       "batch_vs_rocksdb",     "batch_vs_postgres",  "page_vs_grpc",
      "page_vs_rocksdb",    "page_vs_postgres",     "page_1_vs_grpc",       "page_64_vs_grpc",    "page_flatness",
      "page_any_flatness",  "page_cold_vs_warm",    "mailbox_page_vs_page", "get_vs_page",        "changes_vs_page",
      "restore_vs_scan",    "restore_vs_bulk_scan", "save_p50_ms",          "save_p99_ms",        "page_p50_ms",
      "page_p99_ms",        "sign_in_vs_save",      "epoch_vs_save",        "watch_vs_save",      "watch_fanout_ms",
      "attachment_put_mib", "attachment_get_mib",   "disk_ratio",           "disk_ratio_batches", "rss_mib",
      "watch_kib",
  };
  return rows;
}

const std::vector<std::string>& OtherRows() {
  static const std::vector<std::string> rows = {
      "other_save", "other_save_cost", "other_save_1", "other_save_1_cost", "other_batch",   "other_batch_cost",
      "other_page", "other_page_cost", "other_page_1", "other_page_1_cost", "other_restore",
  };
  return rows;
}

const std::vector<std::string>& AllCurves() {
  static const std::vector<std::string> curves = {
      "page_by_size",         "save_by_size",         "page_by_in_flight", "save_by_in_flight",
      "page_latency_by_load", "save_latency_by_load", "batch_by_size",
  };
  return curves;
}

}  // namespace labyrinth::bench
