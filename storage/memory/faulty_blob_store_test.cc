#include "storage/memory/faulty_blob_store.h"

#include <catch2/catch.hpp>
#include <optional>

#include "common/errors.h"
#include "storage/memory/memory_blob_store.h"

namespace labyrinth::storage {
namespace {

const BlobName kName = *BlobName::From(std::string(32, '\1'));

// nullopt while the call isn't answered.
using Answer = std::optional<absl::Status>;

void Put(BlobStore& blobs, Answer& answer) {
  blobs.PutChunk(kName, 0, "chunk", absl::InfiniteFuture(), [&](absl::Status status) { answer = std::move(status); });
}

void Delete(BlobStore& blobs, Answer& answer) {
  blobs.Delete(kName, absl::InfiniteFuture(), [&](absl::Status status) { answer = std::move(status); });
}

void Stat(BlobStore& blobs, Answer& answer) {
  blobs.Stat(kName, absl::InfiniteFuture(), [&](absl::StatusOr<uint64_t> size) { answer = size.status(); });
}

TEST_CASE("each fault of a put does to the base what it says") {
  MemoryBlobStore base;
  FaultyBlobStore faulty(base);
  struct Case {
    BlobFault fault;
    std::optional<Reason> reason;
    std::size_t stored;
  };
  for (const Case& c :
       {Case{BlobFault::kNone, std::nullopt, 1}, Case{BlobFault::kFail, Reason::kEngineUnavailable, 0},
        Case{BlobFault::kDamaged, Reason::kDataDamaged, 0}, Case{BlobFault::kUnknownLost, Reason::kOutcomeUnknown, 0},
        Case{BlobFault::kUnknownApplied, Reason::kOutcomeUnknown, 1}}) {
    faulty.ScriptPuts({c.fault});
    Answer answer;
    Put(faulty, answer);
    REQUIRE(answer.has_value());
    CHECK(answer->ok() == !c.reason.has_value());
    CHECK(ReasonOf(*answer) == c.reason);
    CHECK(base.size() == c.stored);
    Answer cleaned;
    Delete(faulty, cleaned);
    CHECK(cleaned->ok());
  }
  CHECK(faulty.puts_seen() == 5);
  CHECK(faulty.deletes_seen() == 5);
}

TEST_CASE("a late put may come after the deletion that was to end it") {
  MemoryBlobStore base;
  FaultyBlobStore faulty(base);
  faulty.ScriptPuts({BlobFault::kUnknownLate});
  Answer put, deleted;
  Put(faulty, put);
  CHECK(ReasonOf(*put) == Reason::kOutcomeUnknown);
  Delete(faulty, deleted);
  CHECK(deleted->ok());
  CHECK(base.size() == 0);
  CHECK(faulty.ApplyLate());
  CHECK(base.size() == 1);
  CHECK_FALSE(faulty.ApplyLate());
}

TEST_CASE("held calls wait for the test") {
  MemoryBlobStore base;
  FaultyBlobStore faulty(base);
  faulty.ScriptPuts({BlobFault::kHoldRequest});
  faulty.ScriptDeletes({BlobFault::kHoldReply});
  faulty.ScriptReads({BlobFault::kHoldReply, BlobFault::kFail, BlobFault::kDamaged});
  Answer put, deleted, stat, failed, damaged;
  Put(faulty, put);
  CHECK_FALSE(put.has_value());
  CHECK(base.size() == 0);
  CHECK(faulty.Release() == 1);
  CHECK(put->ok());
  CHECK(base.size() == 1);

  Delete(faulty, deleted);
  Stat(faulty, stat);
  CHECK(base.size() == 0);  // it happened; nobody knows yet
  CHECK_FALSE(deleted.has_value());
  CHECK(faulty.held() == 2);
  CHECK(faulty.Release(1) == 1);
  CHECK(deleted->ok());
  CHECK_FALSE(stat.has_value());
  CHECK(faulty.Release() == 1);
  CHECK(stat->ok());

  Stat(faulty, failed);
  CHECK(ReasonOf(*failed) == Reason::kEngineUnavailable);
  Stat(faulty, damaged);
  CHECK(ReasonOf(*damaged) == Reason::kDataDamaged);
}

TEST_CASE("destruction answers what is held") {
  MemoryBlobStore base;
  Answer put, stat;
  {
    FaultyBlobStore faulty(base);
    faulty.ScriptPuts({BlobFault::kHoldRequest});
    faulty.ScriptReads({BlobFault::kHoldRequest});
    Put(faulty, put);
    Stat(faulty, stat);
  }
  CHECK(ReasonOf(*put) == Reason::kOutcomeUnknown);
  CHECK(ReasonOf(*stat) == Reason::kEngineUnavailable);
  CHECK(base.size() == 0);
}

TEST_CASE("whoever repeats the same put until it is OK uploads every byte once") {
  constexpr uint64_t kSeed = 6;
  INFO("seed " << kSeed);
  MemoryBlobStore base;
  FaultyBlobStore faulty(base);
  faulty.Randomize(kSeed, {.fail = 300, .unknown_lost = 150, .unknown_applied = 150});
  std::string data, stored;
  for (int chunk = 0; chunk < 4; ++chunk) {
    const std::string bytes(limits::kAttachmentChunkBytes, static_cast<char>('a' + chunk));
    for (bool stored_now = false; !stored_now;) {
      faulty.PutChunk(kName, data.size(), bytes, absl::InfiniteFuture(),
                      [&](absl::Status status) { stored_now = status.ok(); });
    }
    data += bytes;
  }
  CHECK(faulty.puts_seen() > 4);
  base.ReadRange(kName, 0, kMaxBlobReadBytes, absl::InfiniteFuture(),
                 [&](absl::StatusOr<std::string> read) { stored = *std::move(read); });
  CHECK((stored == data));
}

TEST_CASE("the same seed gives the same faults") {
  const auto run = [] {
    MemoryBlobStore base;
    FaultyBlobStore faulty(base);
    faulty.Randomize(5, {.fail = 300, .unknown_lost = 200, .unknown_applied = 200});
    std::string outcomes;
    for (int i = 0; i < 100; ++i) {
      Answer answer;
      i % 2 == 0 ? Put(faulty, answer) : Delete(faulty, answer);
      outcomes += answer->ok() ? 'o' : ReasonOf(*answer) == Reason::kOutcomeUnknown ? 'u' : 'f';
    }
    return outcomes;
  };
  const std::string first = run();
  CHECK(run() == first);
  for (const char kind : {'o', 'u', 'f'}) CHECK(first.find(kind) != std::string::npos);
}

}  // namespace
}  // namespace labyrinth::storage
