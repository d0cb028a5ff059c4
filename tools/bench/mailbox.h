// A mailbox as the load sees it: whose it is, and which messages it holds.
#ifndef LABYRINTH_TOOLS_BENCH_MAILBOX_H_
#define LABYRINTH_TOOLS_BENCH_MAILBOX_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "tools/bench/payload.h"

namespace labyrinth::bench {

// Messages 0 to saved() - 1 of a payload, in `threads` threads. Thread-safe.
struct LoadMailbox {
  LoadMailbox(const Payload& payload, uint64_t threads) : payload(payload), threads(threads) {}

  // The next `count` numbers, for whoever saves them.
  uint64_t Take(uint64_t count) { return next.fetch_add(count); }

  const Payload& payload;
  const uint64_t threads;
  std::string session;  // a floor doesn't look at it
  uint64_t epoch_id = 1;
  std::atomic<uint64_t> next = 0;
};

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_MAILBOX_H_
