// The contract between the mailbox rules and whatever keeps the bytes.
//
// A store is a set of partitions, each an ordered map from keys to values. One partition is one mailbox (the server's
// own keys have another), and nothing is atomic across two. An engine sees bytes only. What every engine promises, in
// the order in which readers ask:
//
//   1. Thread safety. Every method may be called from any thread. Callbacks run exactly once, on any thread, possibly
//      before the call returns, and never under a lock of the engine.
//   2. Order. Keys compare bytewise; ranges are half-open [begin, end). Keys are 1 to kMaxKeyBytes, values 1 to
//      kMaxValueBytes: an empty value is refused (some engines can't tell it from an absent one).
//   3. Consistency. A Read sees one moment of its partition, over all of its keys and scans, and returns that moment's
//      position. A Read that begins after a Commit was reported sees it.
//   4. Atomicity. A Commit names the position that it expects. It applies whole and raises the revision by one, or it
//      doesn't apply at all.
//   5. Durability. kCommitted means that the commit survives the loss of power (and, for a distributed engine, of a
//      machine).
//   6. Uncertainty. kUnknown is a result of its own: the commit may have happened, or may yet. The only cure is to
//      issue the same Commit again; its kConflict then says that something at that revision exists, and the content
//      that the caller wrote there (a tag of its own) says whose it was. Never conclude from a Read that an unknown
//      commit failed.
//   7. Wake-ups. A partition has at most one wake time. Due() returns every partition whose time has come: perhaps one
//      too many, never one too few.
//   8. Enumeration. ListPartitions() in pages meets every partition that had rows throughout the walk.
//   9. Deadlines. What can wait takes a deadline and answers by then, give or take a scheduling delay.
#ifndef LABYRINTH_STORAGE_ENGINE_H_
#define LABYRINTH_STORAGE_ENGINE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace labyrinth::storage {

inline constexpr std::size_t kMaxPartitionNameBytes = 64;
inline constexpr std::size_t kMaxKeyBytes = 512;
inline constexpr std::size_t kMaxValueBytes = 1 << 20;
inline constexpr std::size_t kMaxCommitBytes = 16 << 20;  // keys and values together

// Where a partition stands. The incarnation tells a dropped and re-created partition from the old one. A partition that
// never existed is at {1, 0}; one that was dropped in incarnation n is at {n + 1, 0}, for ever remembered.
struct Position {
  uint64_t incarnation = 1;
  uint64_t revision = 0;  // 0: empty. Raised by one with each commit.
  friend bool operator==(const Position&, const Position&) = default;
};

enum class Direction { kForward, kBackward };

// One bounded page of a range. Stops before the item that would pass max_bytes (keys and values together), but always
// returns at least one item if there is one.
struct Scan {
  std::string begin;  // inclusive
  std::string end;    // exclusive; begin < end
  Direction direction = Direction::kForward;
  std::size_t max_items = 0;  // at least 1
  std::size_t max_bytes = 1 << 20;
  // Part of a walk over much that is read once: not to be kept in caches, where it would take the place of what is read
  // often. Changes no answer.
  bool bulk = false;
};

// Of a page, which holds what both point into.
struct Row {
  std::string_view key;
  std::string_view value;
};

struct Page {
  std::vector<Row> items;             // in the scan's direction
  bool more = false;                  // the range holds items beyond these
  std::shared_ptr<const void> bytes;  // of the items; whoever keeps a part of one keeps this
};

struct ReadRequest {
  std::string partition;
  std::vector<std::string> keys;
  std::vector<Scan> scans;
  absl::Time deadline = absl::InfiniteFuture();
};

struct ReadResult {
  Position position;
  std::vector<std::optional<std::string>> values;  // one per key, in the request's order
  std::vector<Page> pages;                         // one per scan, in the request's order
};

struct Write {
  std::string key;
  std::optional<std::string> value;  // nullopt deletes the key; deleting an absent key is fine
};

struct CommitRequest {
  std::string partition;
  Position expect;
  std::vector<Write> writes;  // a key at most once; at least one write unless `drop`
  // Sets the wake time (Unix milliseconds); 0 clears it; nullopt leaves it.
  std::optional<int64_t> wake_at_ms;
  // Deletes the whole partition instead: writes and wake_at_ms are empty. The partition is at {incarnation + 1, 0}
  // then.
  bool drop = false;
  // May use part of the room that an engine keeps free when its disk fills up: for what can't wait until there is room
  // again, as removing a device, or gives room back. Drops may anyway.
  bool urgent = false;
  absl::Time deadline = absl::InfiniteFuture();
};

struct CommitResult {
  enum class Outcome {
    kCommitted,  // `position` is the partition's new one
    kConflict,   // not applied: the partition stands at `position`, which isn't the expected one
    kUnknown,    // see promise 6
    kFailed,     // certainly not applied; `error` says why
  };
  Outcome outcome = Outcome::kFailed;
  Position position;
  absl::Status error;
};

struct DuePartition {
  std::string partition;
  int64_t wake_at_ms = 0;
};

struct PartitionEntry {
  std::string partition;
  Position position;       // revision at least 1
  int64_t wake_at_ms = 0;  // 0: none
  friend bool operator==(const PartitionEntry&, const PartitionEntry&) = default;
};

using ReadCallback = absl::AnyInvocable<void(absl::StatusOr<ReadResult>) &&>;
using CommitCallback = absl::AnyInvocable<void(CommitResult) &&>;
using DueCallback = absl::AnyInvocable<void(absl::StatusOr<std::vector<DuePartition>>) &&>;
using PartitionsCallback = absl::AnyInvocable<void(absl::StatusOr<std::vector<PartitionEntry>>) &&>;

// Thread-safe. Destruction waits for every callback, answering what is still queued with kFailed (never started) or
// kUnknown.
class Engine {
 public:
  virtual ~Engine() = default;

  // INVALID_ARGUMENT for a request outside the bounds above; ENGINE_UNAVAILABLE (see common/errors.h) when the engine
  // can't answer by the deadline; DATA_DAMAGED when stored bytes fail their checksums. Never partial results.
  virtual void Read(ReadRequest request, ReadCallback done) = 0;

  // kFailed carries INVALID_ARGUMENT, ENGINE_UNAVAILABLE or DATA_DAMAGED (what is stored of the partition itself). A
  // request whose deadline has passed before it started fails.
  virtual void Commit(CommitRequest request, CommitCallback done) = 0;

  // At most `limit` partitions with wake time <= now_ms, earliest first.
  virtual void Due(int64_t now_ms, std::size_t limit, DueCallback done) = 0;

  // At most `limit` partitions that have rows, by name, bytewise, from the first name greater than `after` on; fewer
  // only at the end. For what goes through a whole store (checks, restores): nothing that a client waits for.
  virtual void ListPartitions(std::string after, std::size_t limit, PartitionsCallback done) = 0;
};

// What is wrong with a request, or OK: the bounds that every engine enforces the same way.
absl::Status ValidateRead(const ReadRequest& request);
absl::Status ValidateCommit(const CommitRequest& request);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ENGINE_H_
