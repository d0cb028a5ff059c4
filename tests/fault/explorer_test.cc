// Every way in which a few calls can meet, on the real code.
#include "tests/fault/explorer.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>

namespace labyrinth::fault {
namespace {

std::string Text(const SearchResult& result) {
  std::string text = fmt::format("{} states, {} ends\n", result.states, result.ends);
  for (const std::string& finding : result.findings) text += finding + "\n";
  return text;
}

void MustHold(const std::string& name, const SearchOptions& options) {
  const SearchResult result = Search(options);
  fmt::print("fault: states: {}, {} calls, {} lost answers at most: {} states, {} ends: {} findings\n", name,
             options.moves.size(), options.faults, result.states, result.ends, result.findings.size());
  INFO(name << ": " << Text(result));
  CHECK(result.complete);
  CHECK(result.findings.empty());
  CHECK(result.ends > 0);
}

TEST_CASE("however two or three calls meet, the rules hold") {
  MustHold("save and rotation", {.moves = {Move::kSaveByB, Move::kOpenRemovingB}, .faults = 1});
  MustHold("save and revocation", {.moves = {Move::kSaveByB, Move::kCutOffB}, .faults = 1});
  MustHold("two rotations", {.moves = {Move::kOpenByB, Move::kOpenRemovingB}, .faults = 1});
  MustHold("a device on a removed one's word", {.moves = {Move::kRegisterByB, Move::kRevokeB}, .faults = 1});
  MustHold("saves and rotation", {.moves = {Move::kSaveByB, Move::kOpenRemovingB, Move::kSaveByA}, .faults = 0});
}

TEST_CASE("a missing check is found by the search") {
  SECTION("a save that doesn't look at the epoch") {
    const SearchResult result =
        Search({.moves = {Move::kSaveByA, Move::kOpenRemovingB}, .faults = 0, .save_skips_epoch_check = true});
    INFO(Text(result));
    CHECK_FALSE(result.findings.empty());
  }
  SECTION("commits without their condition") {
    const SearchResult result =
        Search({.moves = {Move::kSaveByB, Move::kOpenRemovingB}, .faults = 0, .breach = Breach::kNoCondition});
    INFO(Text(result));
    CHECK_FALSE(result.findings.empty());
  }
  SECTION("a device's standing that is remembered instead of read") {
    const SearchResult result =
        Search({.moves = {Move::kCutOffB, Move::kSaveByB}, .faults = 0, .breach = Breach::kStaleReads});
    INFO(Text(result));
    CHECK_FALSE(result.findings.empty());
  }
}

// ./dev fault states
TEST_CASE("however more calls meet, with more answers lost, the rules hold", "[.states]") {
  MustHold("save and rotation", {.moves = {Move::kSaveByB, Move::kOpenRemovingB}, .faults = 3});
  MustHold("save and revocation", {.moves = {Move::kSaveByB, Move::kCutOffB}, .faults = 3});
  MustHold("two rotations", {.moves = {Move::kOpenByB, Move::kOpenRemovingB}, .faults = 3});
  MustHold("saves and rotation", {.moves = {Move::kSaveByB, Move::kOpenRemovingB, Move::kSaveByA}, .faults = 1});
  MustHold("save, rotation and revocation", {.moves = {Move::kSaveByB, Move::kOpenByB, Move::kCutOffB}, .faults = 1});
  MustHold("two rotations and a revocation",
           {.moves = {Move::kOpenByB, Move::kOpenRemovingB, Move::kRevokeB}, .faults = 1});
  MustHold("a device on a removed one's word, and its save",
           {.moves = {Move::kRegisterByB, Move::kOpenRemovingB, Move::kSaveByB}, .faults = 1});
}

}  // namespace
}  // namespace labyrinth::fault
