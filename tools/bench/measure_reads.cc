// Reads: pages, messages by id, changes, whole mailboxes.
#include <grpcpp/client_context.h>

#include "common/rpc_status.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "tools/bench/experiment.h"
#include "tools/bench/floor_service.h"
#include "tools/bench/rocksdb_floor.h"

namespace labyrinth::bench {
namespace {

constexpr int kPageSize = 50;
constexpr uint64_t kPostgresMailbox = 1'000'000;  // beside those that saves go to
constexpr int kPostgresConnections = 16;
constexpr int kBatch = 100;

}  // namespace

absl::Status MeasurePages(Bench& bench) {
  Experiment experiment(
      bench,
      {
          {"page_vs_grpc",
           "newest 50 of a thread, 1 KiB each, of 100,000 in 100 threads, 16 in flight; beside an empty "
           "gRPC service that sends the same pages, serialized once and for all",
           "16", "empty 16", 0.6},
          {"page_vs_rocksdb", "the same; beside RocksDB alone reading such pages of the same store, 16 threads", "16",
           "rocksdb"},
          {"page_vs_postgres", "the same; beside an indexed query, 16 connections", "16", "postgres", 2},
          {"page_1_vs_grpc", "the same page, 1 in flight; beside the empty service", "1", "empty 1"},
          {"page_64_vs_grpc", "the same page, 64 in flight; beside the empty service", "64", "empty 64"},
          {"mailbox_page_vs_page", "newest 50 of the mailbox, 16 in flight; beside those of a thread", "mailbox", "16"},
          {"get_vs_page", "100 messages by id, 16 in flight, in messages; beside pages of 50", "get", "16 in messages"},
          {"changes_vs_page", "50 changes with their messages, 16 in flight; beside pages of 50", "changes", "16"},
      });
  if (!experiment.Wanted()) return absl::OkStatus();
  const auto mailbox = bench.NewFullMailbox(kFloorMessages, kFloorThreads);
  if (!mailbox.ok()) return mailbox.status();
  const auto server = bench.server();
  const auto floor = bench.floor();
  if (!floor.ok()) return floor.status();
  LoadMailbox nobodys(bench.payload(), kFloorThreads);
  nobodys.session = (*mailbox)->session;  // as long a header
  const Channels& channels = (*server)->channels();
  const auto pages = [&](int in_flight, PageOf page, std::string unit, double per_call) {
    return bench.Full("labyrinthd", std::move(unit),
                      PageSlots(channels, {*mailbox}, in_flight, page, kPageSize, kFloorMessages), per_call);
  };
  for (const int in_flight : {16, 64, 1}) {
    const std::string name = std::to_string(in_flight);
    experiment.Add(name, [&] { return pages(in_flight, PageOf::kNewestOfThread, "pages/s", 1); });
    experiment.Add("empty " + name, [&] {
      return bench.Full(
          "empty gRPC", "pages/s",
          PageSlots((*floor)->channels(), {&nobodys}, in_flight, PageOf::kNewestOfThread, kPageSize, kFloorMessages),
          1);
    });
  }
  absl::StatusOr<std::unique_ptr<RocksdbScan>> rocksdb = nullptr;
  if (experiment.Needs("rocksdb")) rocksdb = RocksdbScan::Open((*server)->store_dir(), kFloorMessages);
  if (!rocksdb.ok()) return rocksdb.status();
  experiment.Add("rocksdb", [&] {
    return Contender{"RocksDB", "pages/s",
                     [&] { return (*rocksdb)->Pages(16, kFloorThreads, kPageSize, bench.slice_seconds()); }};
  });
  if (experiment.Needs("postgres")) {
    auto postgres = bench.postgres();
    if (postgres.ok()) {
      const absl::Status filled = (*postgres)->Fill(kPostgresMailbox, kFloorMessages, kFloorThreads, kBatch);
      if (!filled.ok()) return filled;
    } else {
      experiment.Refuse("postgres", postgres.status());
    }
    experiment.Add("postgres", [&] {
      return Contender{"PostgreSQL 15", "pages/s", [&bench, server = *postgres] {
                         return server->Pages(kPostgresConnections, kPostgresMailbox, kFloorThreads,
                                              bench.slice_seconds());
                       }};
    });
  }
  experiment.Add("mailbox", [&] { return pages(16, PageOf::kNewestOfMailbox, "pages/s", 1); });
  experiment.Add("16 in messages", [&] { return pages(16, PageOf::kNewestOfThread, "messages/s", kPageSize); });
  experiment.Add("get", [&] {
    return bench.Full("labyrinthd", "messages/s", GetSlots(channels, {*mailbox}, 16, kFloorMessages), kBatch);
  });
  if (experiment.Needs("changes")) {
    // One save a commit: one at a time.
    constexpr uint64_t kCommits = 2000;
    const auto quiet = bench.NewMailboxes(1, kFloorThreads);
    if (!quiet.ok()) return quiet.status();
    if (absl::Status status = (*server)->Fill(*quiet, kCommits, 1, 1); !status.ok()) return status;
    grpc::ClientContext context;
    context.AddMetadata(kSessionHeader, quiet->front()->session);
    v1::ListMessagesResponse newest;
    const auto stub = v1::HistoryService::NewStub(channels[0]);
    if (const auto status = FromGrpc(stub->ListMessages(&context, {}, &newest)); !status.ok()) return status;
    experiment.Add("changes", [&] {
      return bench.Full("labyrinthd", "pages/s", ChangesSlots(channels, *quiet->front(), 16, newest.as_of(), kCommits),
                        1);
    });
  }
  return experiment.Run();
}

absl::Status MeasureFlatness(Bench& bench) {
  constexpr uint64_t kSmall = 1000, kSmallThreads = 10;
  const uint64_t large = bench.quick() ? 100'000 : 1'000'000;
  const std::string sizes = bench.quick() ? "100,000 messages (quick)" : "1,000,000 messages";
  Experiment experiment(
      bench, {
                 {"page_flatness",
                  "time of the newest 50 of a thread, 16 in flight, in a mailbox of " + sizes +
                      " in 100 threads; beside one of 1,000 in 10",
                  "large", "small", 1.2, /*higher_is_better=*/false},
                 {"page_any_flatness",
                  "time of 50 of a thread from a random time back: where it doesn't fit into the block cache; as above",
                  "large any",
                  "small any",
                  {},
                  /*higher_is_better=*/false},
             });
  if (!experiment.Wanted()) return absl::OkStatus();
  const auto small_mailbox = bench.NewFullMailbox(kSmall, kSmallThreads);
  if (!small_mailbox.ok()) return small_mailbox.status();
  const auto large_mailbox = bench.NewFullMailbox(large, 100);
  if (!large_mailbox.ok()) return large_mailbox.status();
  const auto server = bench.server();
  const auto add = [&](const std::string& name, LoadMailbox* mailbox, PageOf page, uint64_t saved) {
    experiment.Add(name, [&] {
      return bench.MicrosPerCall("labyrinthd", "us/page",
                                 PageSlots((*server)->channels(), {mailbox}, 16, page, kPageSize, saved));
    });
  };
  add("small", *small_mailbox, PageOf::kNewestOfThread, kSmall);
  add("large", *large_mailbox, PageOf::kNewestOfThread, large);
  add("small any", *small_mailbox, PageOf::kAnywhereInThread, kSmall);
  add("large any", *large_mailbox, PageOf::kAnywhereInThread, large);
  return experiment.Run();
}

absl::Status MeasureRestore(Bench& bench) {
  const uint64_t total = bench.quick() ? 50'000 : 300'000, count = total * 9 / 10;
  Experiment experiment(
      bench, {{"restore_vs_scan",
               "DownloadHistory of a mailbox at rest, one stream; beside RocksDB alone reading the same "
               "rows of the same store with checksums",
               "ours", "scan", 0.5},
              {"restore_vs_bulk_scan",
               "the same; beside a scan that keeps nothing of it in the block cache, as DownloadHistory does", "ours",
               "bulk scan"}});
  if (!experiment.Wanted()) return absl::OkStatus();
  const auto server = bench.NewServer("restore");
  if (!server.ok()) return server.status();
  const auto mailbox = (*server)->AddMailbox(bench.payload(), 100);
  if (!mailbox.ok()) return mailbox.status();
  if (absl::Status status = (*server)->Fill({*mailbox}, total, kBatch, 4); !status.ok()) return status;
  // Else both would be measured beside the compactions of what was just saved.
  if (absl::Status status = CompactStore(**server); !status.ok()) return status;
  const auto scan = RocksdbScan::Open((*server)->store_dir(), total);
  if (!scan.ok()) return scan.status();
  const auto stub = v1::HistoryService::NewStub((*server)->channels()[0]);
  experiment.Add("ours", [&] {
    return Contender{"labyrinthd", "messages/s", [&] { return Download(*stub, **mailbox, count, total); }};
  });
  const auto add_scan = [&](const std::string& name, bool fill_cache) {
    experiment.Add(name, [&, fill_cache] {
      return Contender{"RocksDB " + name, "messages/s", [&, fill_cache] { return (*scan)->Run(count, fill_cache); }};
    });
  };
  add_scan("scan", true);
  add_scan("bulk scan", false);
  return experiment.Run();
}

}  // namespace labyrinth::bench
