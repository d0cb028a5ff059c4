// Histories of concurrent clients are judged by the rules; and histories with each rule broken by hand are refused by
// its name.
#include "tests/fault/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>

#include "tests/fault/history_run.h"

namespace labyrinth::fault {
namespace {

using Answer = CallRecord::Answer;

constexpr uint64_t kA = 1, kB = 2, kEpoch0 = 100, kEpoch1 = 101;

std::string Text(const std::vector<Broken>& broken) {
  std::string text;
  for (const Broken& one : broken) text += fmt::format("{}: {}\n", one.rule, one.what);
  return text;
}

CallRecord Call(CallKind kind, uint64_t device, uint64_t begin, uint64_t revision) {
  CallRecord call;
  call.kind = kind;
  call.device_id = device;
  call.begin = begin;
  call.end = begin + 1;
  call.answer = Answer::kOk;
  call.revision = revision;
  return call;
}
CallRecord Save(uint64_t device, uint64_t begin, int number, uint64_t epoch_id, uint64_t revision) {
  CallRecord call = Call(CallKind::kSave, device, begin, revision);
  call.message_id = fmt::format("m{}", number);
  call.ciphertext = fmt::format("c{}", number);
  call.thread_id = "t";
  call.timestamp_ms = number;
  call.epoch_id = epoch_id;
  call.wrote = true;
  return call;
}
Seen SeenOf(const CallRecord& save) { return {save.message_id, save.ciphertext, save.epoch_id, save.revision}; }

// Two devices, one of which is removed by a rotation.
History Good() {
  History history;
  std::vector<CallRecord>& calls = history.calls;
  const CallRecord m1 = Save(kA, 1, 1, kEpoch0, 10), m2 = Save(kB, 3, 2, kEpoch0, 11);
  CallRecord get = Call(CallKind::kGet, kB, 5, 0);
  get.message_id = "m1";
  get.seen = {SeenOf(m1)};
  CallRecord list = Call(CallKind::kList, kA, 7, 11);
  list.end_ms = 100;
  list.seen = {SeenOf(m2), SeenOf(m1)};
  CallRecord gone = Call(CallKind::kDelete, kA, 9, 12);
  gone.message_id = "m2";
  CallRecord open = Call(CallKind::kOpenEpoch, kA, 11, 13);
  open.epoch_id = kEpoch0;
  open.new_epoch_id = kEpoch1;
  open.sequence_id = 1;
  open.device_ids = {kB};
  CallRecord m3 = Save(kB, 13, 3, kEpoch0, 0);
  m3.answer = Answer::kRefused;
  m3.wrote = false;
  const CallRecord m4 = Save(kA, 15, 4, kEpoch1, 14);
  CallRecord last = Call(CallKind::kList, kA, 17, 14);
  last.end_ms = 100;
  last.seen = {SeenOf(m4), SeenOf(m1)};
  calls = {m1, m2, get, list, gone, open, m3, m4, last};
  history.messages = {SeenOf(m4), SeenOf(m1)};
  history.epochs = {{0, kEpoch0}, {1, kEpoch1}};
  return history;
}

TEST_CASE("a history that keeps the rules is accepted, and one that breaks a rule refused by its name") {
  const std::vector<Broken> none = JudgeHistory(Good());
  INFO(Text(none));
  REQUIRE(none.empty());

  const struct {
    std::string_view rule;
    std::function<void(History&)> spoil;
  } cases[] = {
      {rule::kRevoked,
       [](History& h) {
         h.calls[2].begin = 13;
         h.calls[2].end = 14;
       }},
      {rule::kOldEpoch, [](History& h) { h.calls[7].epoch_id = kEpoch0; }},
      {rule::kOldEpoch, [](History& h) { h.messages[0].epoch_id = kEpoch0; }},
      {rule::kChain, [](History& h) { h.epochs[1] = 102; }},
      {rule::kChain, [](History& h) { h.epochs[3] = 103; }},
      {rule::kChain, [](History& h) { h.calls[5].epoch_id = 99; }},
      {rule::kChain,
       [](History& h) {
         h.calls.push_back(h.calls[5]);
         h.calls.back().new_epoch_id = 102;
       }},
      {rule::kMonotonic, [](History& h) { h.calls[8].revision = 13; }},
      {rule::kMonotonic, [](History& h) { h.calls[7].revision = 13; }},
      {rule::kMissing, [](History& h) { h.calls[8].seen.pop_back(); }},
      {rule::kMissing, [](History& h) { h.calls[2].seen.clear(); }},
      {rule::kMissing, [](History& h) { h.messages.pop_back(); }},
      {rule::kInvented, [](History& h) { h.calls[8].seen[0].ciphertext = "c5"; }},
      {rule::kInvented, [](History& h) { h.messages.push_back(SeenOf(h.calls[6])); }},
      {rule::kInvented, [](History& h) { h.calls[2].seen[0].revision = 9; }},
      {rule::kDoubled, [](History& h) { h.messages.push_back(h.messages[0]); }},
      {rule::kDoubled, [](History& h) { h.calls[8].seen.push_back(h.calls[8].seen[0]); }},
      {rule::kDoubled,
       [](History& h) {
         h.calls.push_back(h.calls[7]);
         h.calls.back().revision = 15;
       }},
      {rule::kUndeleted, [](History& h) { h.calls[8].seen.push_back(SeenOf(h.calls[1])); }},
  };
  for (const auto& one : cases) {
    History history = Good();
    one.spoil(history);
    const std::vector<Broken> broken = JudgeHistory(history);
    INFO(one.rule << "\nfound:\n" << Text(broken));
    CHECK(std::any_of(broken.begin(), broken.end(), [&](const Broken& found) { return found.rule == one.rule; }));
  }
}

void MustKeepTheRules(uint64_t seed, uint64_t calls, int restarts) {
  const History history = RunHistory(seed, calls, restarts);
  const std::vector<Broken> broken = JudgeHistory(history);
  const HistoryCounts counts = CountHistory(history);
  fmt::print(
      "fault: histories: {} calls, seed {}: {} saves, {} reads, {} deletions, {} epochs, {} removals, {} refused, "
      "{} without an answer, {} restarts: {} breaches\n",
      history.calls.size(), seed, counts.saves, counts.reads, counts.deletes, counts.epochs, counts.revocations,
      counts.refused, counts.unknown, restarts, broken.size());
  INFO("seed " << seed << "\n" << Text(broken));
  CHECK(broken.empty());
  CHECK(counts.saves > 0);
  CHECK(counts.reads > 0);
  CHECK(counts.deletes > 0);
  CHECK(counts.epochs > 0);
  CHECK(counts.revocations > 0);
  CHECK(counts.refused > 0);
}

TEST_CASE("what concurrent clients see of a live server keeps the rules") { MustKeepTheRules(1, 4000, 1); }

// ./dev fault histories CALLS SEED
TEST_CASE("what concurrent clients see keeps the rules for as long as it is asked to", "[.histories]") {
  const auto number = [](const char* variable) {
    const char* text = std::getenv(variable);
    REQUIRE(text != nullptr);
    return std::strtoull(text, nullptr, 10);
  };
  MustKeepTheRules(number("LABYRINTH_SEED"), number("LABYRINTH_CALLS"), 8);
}

}  // namespace
}  // namespace labyrinth::fault
