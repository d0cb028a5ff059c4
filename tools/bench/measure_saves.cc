// Saves: one a call, and a hundred.
#include "tools/bench/experiment.h"

namespace labyrinth::bench {
namespace {

constexpr int kMailboxes = 64;
// PostgreSQL's rate is at its highest at about this many connections on two cores.
constexpr int kPostgresConnections = 32;

constexpr int kBatch = 100;
constexpr int kBatchesInFlight = 16;

}  // namespace

absl::Status MeasureSaves(Bench& bench) {
  Experiment experiment(
      bench,
      {
          {"save_vs_grpc",
           "durable saves, 1 KiB, one a call, 64 in flight, 64 mailboxes; beside an empty gRPC "
           "service with the same calls",
           "64", "empty 64", 0.6},
          {"save_vs_postgres", "the same; beside durable inserts of one row with the same indexes, 32 connections",
           "64", "postgres", 2},
          {"save_vs_rocksdb",
           "the same; beside RocksDB alone with the same rows, those of 64 saves in each synced batch", "64",
           "rocksdb"},
          {"save_1_vs_grpc", "durable saves, 1 in flight; beside the empty service", "1", "empty 1"},
          {"save_16_vs_grpc", "durable saves, 16 in flight, 16 mailboxes; beside the empty service", "16", "empty 16"},
          {"save_hot_vs_many", "durable saves, 64 in flight: all into one mailbox; beside 64 mailboxes", "hot", "64"},
      });
  if (!experiment.Wanted()) return absl::OkStatus();
  const auto mailboxes = bench.NewMailboxes(kMailboxes, Bench::kSaveThreads);
  if (!mailboxes.ok()) return mailboxes.status();
  const auto hot = bench.NewMailboxes(1, Bench::kSaveThreads);
  if (!hot.ok()) return hot.status();
  const auto server = bench.server();
  const auto floor = bench.floor();
  if (!floor.ok()) return floor.status();
  LoadMailbox nobodys(bench.payload(), Bench::kSaveThreads);
  nobodys.session = mailboxes->front()->session;  // as long a header
  for (const int in_flight : {64, 16, 1}) {
    const std::string name = std::to_string(in_flight);
    experiment.Add(name, [&] {
      return bench.Full("labyrinthd", "saves/s", SaveSlots((*server)->channels(), *mailboxes, in_flight, 1), 1);
    });
    experiment.Add("empty " + name, [&] {
      return bench.Full("empty gRPC", "calls/s", SaveSlots((*floor)->channels(), {&nobodys}, in_flight, 1), 1);
    });
  }
  experiment.Add("hot",
                 [&] { return bench.Full("labyrinthd", "saves/s", SaveSlots((*server)->channels(), *hot, 64, 1), 1); });
  absl::StatusOr<RocksdbFloor*> rocksdb = nullptr;
  if (experiment.Needs("rocksdb")) rocksdb = bench.rocksdb();
  if (!rocksdb.ok()) return rocksdb.status();
  experiment.Add("rocksdb", [&] {
    return Contender{"RocksDB", "saves/s", [&] { return (*rocksdb)->Write(kMailboxes, 1, bench.slice_seconds()); }};
  });
  if (experiment.Needs("postgres")) {
    const auto postgres = bench.postgres();
    if (!postgres.ok()) experiment.Refuse("postgres", postgres.status());
    experiment.Add("postgres", [&] {
      return Contender{"PostgreSQL 15", "rows/s", [&bench, server = *postgres] {
                         return server->InsertOne(kPostgresConnections, kMailboxes, bench.slice_seconds());
                       }};
    });
  }
  return experiment.Run();
}

absl::Status MeasureBatches(Bench& bench) {
  Experiment experiment(
      bench, {
                 {"batch_vs_rocksdb",
                  "durable saves, 100 a call, 16 in flight, 16 mailboxes; beside RocksDB alone with "
                  "the same rows, those of 16 calls in each synced batch",
                  "ours", "rocksdb", 0.5},
                 {"batch_vs_postgres", "the same; beside durable inserts of 100 rows a statement, 16 connections",
                  "ours", "postgres", 4},
             });
  if (!experiment.Wanted()) return absl::OkStatus();
  const auto mailboxes = bench.NewMailboxes(kBatchesInFlight, Bench::kSaveThreads);
  if (!mailboxes.ok()) return mailboxes.status();
  const auto server = bench.server();
  experiment.Add("ours", [&] {
    return bench.Full("labyrinthd", "saves/s", SaveSlots((*server)->channels(), *mailboxes, kBatchesInFlight, kBatch),
                      kBatch);
  });
  absl::StatusOr<RocksdbFloor*> rocksdb = nullptr;
  if (experiment.Needs("rocksdb")) rocksdb = bench.rocksdb();
  if (!rocksdb.ok()) return rocksdb.status();
  experiment.Add("rocksdb", [&] {
    return Contender{"RocksDB", "saves/s",
                     [&] { return (*rocksdb)->Write(kBatchesInFlight, kBatch, bench.slice_seconds()); }};
  });
  if (experiment.Needs("postgres")) {
    const auto postgres = bench.postgres();
    if (!postgres.ok()) experiment.Refuse("postgres", postgres.status());
    experiment.Add("postgres", [&] {
      return Contender{"PostgreSQL 15", "rows/s", [&bench, server = *postgres] {
                         return server->InsertBatches(kBatchesInFlight, kBatchesInFlight, kBatch,
                                                      bench.slice_seconds());
                       }};
    });
  }
  return experiment.Run();
}

}  // namespace labyrinth::bench
