// The calls of HistoryService as loads: ours and the empty service get the very same.
#ifndef LABYRINTH_TOOLS_BENCH_CALLS_H_
#define LABYRINTH_TOOLS_BENCH_CALLS_H_

#include <grpcpp/channel.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "tools/bench/load.h"
#include "tools/bench/mailbox.h"

namespace labyrinth::bench {

using Channels = std::vector<std::shared_ptr<grpc::Channel>>;
using Mailboxes = std::vector<LoadMailbox*>;

// Each makes `in_flight` slots, spread over the channels and the mailboxes. All that they are given outlives them.

// Saves `batch` new messages a call, and wants as many created.
Slots SaveSlots(const Channels& channels, const Mailboxes& mailboxes, int in_flight, int batch);

// Which page a call asks for.
enum class PageOf {
  kNewestOfThread,    // of a thread at random
  kAnywhereInThread,  // of a thread at random, from a time at random back
  kNewestOfMailbox,
};

// Pages of `page_size` messages. Order and count are compared in every answer, and one message byte for byte.
// `saved`: how many messages each mailbox holds.
Slots PageSlots(const Channels& channels, const Mailboxes& mailboxes, int in_flight, PageOf page, int page_size,
                uint64_t saved);

// 100 messages by id, at random.
Slots GetSlots(const Channels& channels, const Mailboxes& mailboxes, int in_flight, uint64_t saved);

// 50 changes, messages included, from a place at random among the newest `commits` of the feed, each of which saved one
// message. `head` is where the mailbox stands.
Slots ChangesSlots(const Channels& channels, LoadMailbox& mailbox, int in_flight, const v1::Cursor& head,
                   uint64_t commits);

// Downloads the first `count` messages of a mailbox of `total`, one call; messages a second. Sums are compared, and one
// message of each part.
absl::StatusOr<double> Download(v1::HistoryService::Stub& stub, const LoadMailbox& mailbox, uint64_t count,
                                uint64_t total);

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_CALLS_H_
