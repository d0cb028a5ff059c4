// Promises 1, 3 and 5 under many threads, and the destructor's. Threads count what they see and the test judges at the
// end: bounded work, no sleeps.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "tests/conformance/engine/calls.h"
#include "tests/conformance/engine/under_test.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

template <typename Body>
void InThreads(int count, Body body) {
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) threads.emplace_back([&body, i] { body(i); });
  for (std::thread& thread : threads) thread.join();
}

TEST_CASE("many committers on one partition: every acknowledged increment counts, and no other") {
  const auto test = MakeEngineUnderTest();
  Engine& engine = test->engine();
  constexpr int kThreads = 8, kEach = 40;
  std::atomic<int> bad = 0;
  InThreads(kThreads, [&](int) {
    for (int done = 0; done < kEach;) {
      const auto read = ReadNow(engine, Gets("p", {"count"}));
      if (!read.ok()) return void(++bad);
      const int count = read->values[0].has_value() ? std::stoi(*read->values[0]) : 0;
      if (count != static_cast<int>(read->position.revision)) ++bad;
      const CommitResult result = CommitNow(engine, Puts("p", read->position, {{"count", std::to_string(count + 1)}}));
      if (result.outcome == Outcome::kCommitted) {
        ++done;
        if (result.position.revision != read->position.revision + 1) ++bad;
        const auto after = ReadNow(engine, Gets("p", {}));
        if (!after.ok() || after->position.revision < result.position.revision) ++bad;
      } else if (result.outcome != Outcome::kConflict || result.position == read->position) {
        ++bad;
      }
    }
  });
  CHECK(bad == 0);
  const ReadResult read = MustRead(engine, Gets("p", {"count"}));
  CHECK(read.position == Position{1, kThreads * kEach});
  CHECK(read.values[0] == std::to_string(kThreads * kEach));
}

TEST_CASE("many commits in flight on many partitions: each is whole, and each revision counts commits") {
  const auto test = MakeEngineUnderTest();
  Engine& engine = test->engine();
  constexpr int kThreads = 4, kPartitions = 25, kEach = 8;
  std::atomic<int> bad = 0;
  InThreads(kThreads, [&](int thread) {
    for (uint64_t revision = 0; revision < kEach; ++revision) {
      absl::BlockingCounter left(kPartitions);
      for (int p = 0; p < kPartitions; ++p) {
        const std::string name = std::to_string(thread) + "/" + std::to_string(p);
        const std::string key = std::to_string(revision);
        engine.Commit(Puts(name, {1, revision}, {{"a" + key, name}, {"b" + key, name}}), [&](CommitResult result) {
          if (result.outcome != Outcome::kCommitted) ++bad;
          left.DecrementCount();
        });
      }
      left.Wait();
    }
  });
  CHECK(bad == 0);
  for (int thread = 0; thread < kThreads; ++thread) {
    for (int p = 0; p < kPartitions; ++p) {
      const std::string name = std::to_string(thread) + "/" + std::to_string(p);
      const ReadResult read = MustRead(engine, Scans(name, {Range("a", "c")}));
      CHECK(read.position == Position{1, kEach});
      CHECK(read.pages[0].items.size() == 2 * kEach);
      for (const Row& item : read.pages[0].items) CHECK(item.value == name);
    }
  }
}

TEST_CASE("commits queued on one partition: exactly those that met their position happened") {
  const auto test = MakeEngineUnderTest();
  constexpr uint64_t kCommits = 200;
  std::atomic<uint64_t> committed = 0;
  absl::BlockingCounter left(kCommits);
  for (uint64_t i = 0; i < kCommits; ++i) {
    // Every fourth names a position that is already gone when it comes.
    const uint64_t expect = i % 4 == 3 ? i / 4 : i - i / 4;
    test->engine().Commit(Puts("p", {1, expect}, {{"by" + std::to_string(i), "v"}}), [&](CommitResult result) {
      if (result.outcome == Outcome::kCommitted) ++committed;
      left.DecrementCount();
    });
  }
  left.Wait();
  const ReadResult read = MustRead(test->engine(), Scans("p", {Range("by", "bz")}));
  CHECK(committed > 0);
  CHECK(read.position.revision == committed);
  CHECK(read.pages[0].items.size() == committed);
}

TEST_CASE("a read sees one moment of keys and scans while commits go on") {
  const auto test = MakeEngineUnderTest();
  Engine& engine = test->engine();
  constexpr uint64_t kCommits = 300;
  const std::vector<std::string> keys = {"a", "b", "c", "d"};
  const auto rows = [&](uint64_t revision) {
    std::vector<KeyValue> out;
    for (const std::string& key : keys) out.push_back({key, std::to_string(revision)});
    return out;
  };
  MustCommit(engine, Puts("p", {1, 0}, rows(1)));
  std::atomic<bool> finished = false;
  std::atomic<int> bad = 0, moments = 0;
  absl::BlockingCounter reading(2);
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      uint64_t last = 0;
      while (!finished.load()) {
        ReadRequest request = Gets("p", keys);
        request.scans = {Range("a", "z"), Range("a", "z", Direction::kBackward)};
        const auto read = ReadNow(engine, request);
        if (last == 0) reading.DecrementCount();
        if (!read.ok()) return void(++bad);
        const std::string expected = std::to_string(read->position.revision);
        for (const auto& value : read->values) bad += value != expected;
        for (const Page& page : read->pages) {
          bad += page.items.size() != keys.size();
          for (const Row& item : page.items) bad += item.value != expected;
        }
        bad += read->position.revision < last;
        moments += read->position.revision != last;
        last = read->position.revision;
      }
    });
  }
  reading.Wait();
  for (uint64_t revision = 1; revision < kCommits; ++revision) {
    MustCommit(engine, Puts("p", {1, revision}, rows(revision + 1)));
  }
  finished = true;
  for (std::thread& reader : readers) reader.join();
  CHECK(bad == 0);
  CHECK(moments >= 2);
}

TEST_CASE("a read sees one incarnation while the partition is dropped and made again") {
  const auto test = MakeEngineUnderTest();
  Engine& engine = test->engine();
  std::atomic<bool> finished = false;
  std::atomic<int> bad = 0;
  absl::Notification reading;
  std::thread reader([&] {
    while (!finished.load()) {
      ReadRequest request = Gets("p", {"a"});
      request.scans = {Range("a", "z")};
      const auto read = ReadNow(engine, request);
      if (!reading.HasBeenNotified()) reading.Notify();
      if (!read.ok()) return void(++bad);
      const bool empty = read->position.revision == 0;
      bad += read->values[0].has_value() == empty;
      bad += read->pages[0].items.size() != (empty ? 0 : 3);
      for (const Row& item : read->pages[0].items) bad += item.value != std::to_string(read->position.incarnation);
    }
  });
  reading.WaitForNotification();
  Position position;
  for (int i = 0; i < 100; ++i) {
    const std::string value = std::to_string(position.incarnation);
    position = MustCommit(engine, Puts("p", position, {{"a", value}, {"b", value}, {"c", value}}));
    position = MustCommit(engine, Drop("p", position));
  }
  finished = true;
  reader.join();
  CHECK(bad == 0);
  CHECK(position == Position{101, 0});
}

TEST_CASE("callbacks may call the engine") {
  const auto test = MakeEngineUnderTest();
  Engine& engine = test->engine();
  absl::Notification done;
  std::atomic<int> bad = 0;
  std::function<void(CommitResult)> next = [&](CommitResult result) {
    if (result.outcome != Outcome::kCommitted) {
      ++bad;
      return done.Notify();
    }
    engine.Read(Gets("p", {"k"}), [&, result](absl::StatusOr<ReadResult> read) {
      bad += !read.ok() || read->position != result.position;
      if (result.position.revision == 50) return done.Notify();
      engine.Due(0, 1, [&](auto due) { bad += !due.ok(); });
      engine.Commit(Puts("p", result.position, {{"k", "v"}}), next);
    });
  };
  engine.Commit(Puts("p", {1, 0}, {{"k", "v"}}), next);
  done.WaitForNotification();
  CHECK(bad == 0);
  test->Close();  // waits for the last callback to return before what it uses is gone
}

TEST_CASE("destruction answers every commit exactly once, truthfully") {
  const auto test = MakeEngineUnderTest();
  constexpr int kCommits = 400;
  std::vector<std::atomic<int>> answers(kCommits);
  std::atomic<uint64_t> committed = 0, unknown = 0, wrong = 0;
  for (int i = 0; i < kCommits; ++i) {
    test->engine().Commit(Puts("p" + std::to_string(i), {1, 0}, {{"k", std::string(10'000, 'v')}}),
                          [&, i](CommitResult result) {
                            ++answers[i];
                            committed += result.outcome == Outcome::kCommitted;
                            unknown += result.outcome == Outcome::kUnknown;
                            wrong += result.outcome == Outcome::kConflict;
                            wrong += result.outcome == Outcome::kFailed && result.error.ok();
                          });
  }
  test->Close();
  for (const auto& count : answers) CHECK(count == 1);
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace labyrinth::storage
