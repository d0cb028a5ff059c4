// Bytes on the disk and in memory.
#include <grpcpp/client_context.h>

#include <chrono>
#include <vector>

#include "common/limits.h"
#include "common/rpc_status.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "tools/bench/experiment.h"
#include "tools/bench/rocksdb_floor.h"

namespace labyrinth::bench {
namespace {

constexpr double kMib = 1024 * 1024;

// A number that doesn't vary from round to round: measured once.
void AddOnce(Bench& bench, const std::string& row, const std::string& title, const std::string& unit, double target,
             double value) {
  bench.rows().push_back({.name = row,
                          .title = title,
                          .ours = {"labyrinthd", unit, {value}},
                          .floor = {},
                          .higher_is_better = false,
                          .target = target});
}

// Bytes of a store, fully compacted, per byte of ciphertext in it.
absl::StatusOr<double> DiskRatio(Bench& bench, const std::string& name, int batch, int in_flight) {
  constexpr int kMailboxes = 16;
  const uint64_t each = bench.quick() ? 3200 : 16'000;
  const auto server = bench.NewServer(name);
  if (!server.ok()) return server.status();
  Mailboxes mailboxes;
  for (int i = 0; i < kMailboxes; ++i) {
    const auto mailbox = (*server)->AddMailbox(bench.payload(), 10);
    if (!mailbox.ok()) return mailbox.status();
    mailboxes.push_back(*mailbox);
  }
  if (absl::Status status = (*server)->Fill(mailboxes, each, batch, in_flight); !status.ok()) return status;
  if (absl::Status status = (*server)->Stop(); !status.ok()) return status;
  const auto bytes = CompactedBytes((*server)->store_dir());
  if (!bytes.ok()) return bytes.status();
  return static_cast<double>(*bytes) / static_cast<double>(each * kMailboxes * kCiphertextBytes);
}

// A watch of a mailbox from its head on, that has caught up.
struct IdleWatch {
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader;

  ~IdleWatch() {
    context.TryCancel();
    v1::WatchResponse rest;
    while (reader != nullptr && reader->Read(&rest)) {
    }
    if (reader != nullptr) reader->Finish();
  }
};

// Three watches, as many as a device may hold, of each of `count` new mailboxes.
absl::Status AddWatches(Server& server, const Payload& payload, int count,
                        std::vector<std::unique_ptr<IdleWatch>>& watches) {
  constexpr int kMailboxesPerChannel = 100;
  std::shared_ptr<grpc::Channel> channel;
  for (int i = 0; i < count; ++i) {
    if (i % kMailboxesPerChannel == 0) channel = NewChannel(server.endpoint());
    const auto mailbox = server.AddMailbox(payload, 1);
    if (!mailbox.ok()) return mailbox.status();
    // The library's own connection isn't what is measured here.
    const std::string session = (*mailbox)->session;
    (*mailbox)->device.reset();
    const auto stub = v1::HistoryService::NewStub(channel);
    grpc::ClientContext context;
    context.AddMetadata(kSessionHeader, session);
    v1::ListMessagesResponse page;
    if (const auto status = FromGrpc(stub->ListMessages(&context, {}, &page)); !status.ok()) return status;
    v1::WatchRequest request;
    *request.mutable_since() = page.as_of();
    for (uint32_t j = 0; j < limits::kStreamsPerCaller; ++j) {
      auto watch = std::make_unique<IdleWatch>();
      watch->context.AddMetadata(kSessionHeader, session);
      watch->reader = stub->Watch(&watch->context, request);
      v1::WatchResponse head;
      if (!watch->reader->Read(&head) || !head.changes().empty()) {
        return absl::DataLossError("a wrong answer: a watch that didn't tell its head");
      }
      watches.push_back(std::move(watch));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<double> WatchKib(Bench& bench) {
  const auto server = bench.NewServer("watches");
  if (!server.ok()) return server.status();
  std::vector<std::unique_ptr<IdleWatch>> watches;
  // Whatever is allocated once.
  if (absl::Status status = AddWatches(**server, bench.payload(), 50, watches); !status.ok()) return status;
  const std::size_t before = watches.size();
  const uint64_t bytes_before = (*server)->process().ResidentBytes();
  if (absl::Status status = AddWatches(**server, bench.payload(), bench.quick() ? 100 : 300, watches); !status.ok()) {
    return status;
  }
  const auto bytes = static_cast<double>((*server)->process().ResidentBytes() - bytes_before);
  return bytes / static_cast<double>(watches.size() - before) / 1024;
}

// A server with so small a cache that it is full, under the loads that take most.
absl::StatusOr<double> OwnMib(Bench& bench) {
  constexpr uint32_t kCacheMib = 32;
  constexpr uint64_t kEach = 4000;
  const auto server = bench.NewServer("memory", kCacheMib);
  if (!server.ok()) return server.status();
  Mailboxes mailboxes;
  for (int i = 0; i < 16; ++i) {
    const auto mailbox = (*server)->AddMailbox(bench.payload(), 10);
    if (!mailbox.ok()) return mailbox.status();
    mailboxes.push_back(*mailbox);
  }
  const Channels& channels = (*server)->channels();
  if (absl::Status status = (*server)->Fill(mailboxes, kEach, 100, 16); !status.ok()) return status;
  const std::chrono::duration<double> time(3 * bench.slice_seconds());
  const auto saves = ClosedLoop(SaveSlots(channels, mailboxes, 64, 1), time);
  if (!saves.ok()) return saves.status();
  const auto pages = ClosedLoop(PageSlots(channels, mailboxes, 64, PageOf::kAnywhereInThread, 50, kEach), time);
  if (!pages.ok()) return pages.status();
  return static_cast<double>((*server)->process().PeakResidentBytes()) / kMib - kCacheMib;
}

}  // namespace

absl::Status MeasureDisk(Bench& bench) {
  if (bench.Wants("disk_ratio")) {
    const auto ratio = DiskRatio(bench, "disk", 1, 64);
    if (!ratio.ok()) return ratio.status();
    AddOnce(bench, "disk_ratio",
            "bytes of all files of the store per byte of ciphertext, 1 KiB each, one a call, all indexes, after full "
            "compaction",
            "bytes", 1.15, *ratio);
  }
  if (bench.Wants("disk_ratio_batches")) {
    const auto ratio = DiskRatio(bench, "disk_batches", 100, 16);
    if (!ratio.ok()) return ratio.status();
    AddOnce(bench, "disk_ratio_batches", "the same, saved 100 a call", "bytes", 1.15, *ratio);
  }
  return absl::OkStatus();
}

absl::Status MeasureMemory(Bench& bench) {
  if (bench.Wants("rss_mib")) {
    const auto mib = OwnMib(bench);
    if (!mib.ok()) return mib.status();
    AddOnce(bench, "rss_mib",
            "the server's highest resident memory under 64 saves or pages in flight, less its block cache (32 MiB, "
            "full)",
            "MiB", 96, *mib);
  }
  if (bench.Wants("watch_kib")) {
    const auto kib = WatchKib(bench);
    if (!kib.ok()) return kib.status();
    AddOnce(bench, "watch_kib", "resident memory of an idle watch, its mailbox's share of everything included", "KiB",
            24, *kib);
  }
  return absl::OkStatus();
}

}  // namespace labyrinth::bench
