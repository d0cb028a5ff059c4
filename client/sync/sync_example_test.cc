// The worked example of docs/CLIENT.md, and that the page shows this very code.
#include <catch2/catch.hpp>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "client/sync/sync_fixture.h"

// [example
#include "client/client.h"
#include "client/sync/local_history.h"

namespace example {

using labyrinth::client::HistoryMessage;
using labyrinth::client::LabyrinthClient;
using labyrinth::client::LocalHistory;
using labyrinth::client::SyncReport;

// What the product shows: its own code.
struct Screen {
  void Redraw(const std::string& thread_id, const HistoryMessage& newest) {
    shown.insert(thread_id + newest.row().message_id);
  }
  void Warn(const std::string& text) { warnings.insert(text); }
  std::set<std::string> shown, warnings;
};

// After a start, and whenever the network is there: everything, the first time; what happened, later.
absl::Status BringUpToDate(LabyrinthClient& client, Screen& screen) {
  auto local = LocalHistory::Open(client);
  // Damaged, or of another version: all of it is on the server.
  if (!local.ok()) local = LocalHistory::Rebuild(client);
  if (!local.ok()) return local.status();

  absl::StatusOr<SyncReport> report = (*local)->Sync();
  if (!report.ok()) return report.status();  // what was applied stays; the next call goes on

  if (!report->tampering.empty()) screen.Warn("The server showed changed messages; they were left out.");
  if (!report->lacking.empty()) {
    // The server came back from a backup; a product may want to ask first.
    auto saved = (*local)->SaveLacking();
    if (!saved.ok()) return saved.status();
  }

  // No network from here on.
  auto threads = (*local)->ListThreads();
  if (!threads.ok()) return threads.status();
  for (const HistoryMessage& newest : *threads) screen.Redraw(newest.row().thread_id, newest);
  return absl::OkStatus();
}

}  // namespace example
// example]

namespace labyrinth::client {
namespace {

std::string ReadAll(const std::string& path) {
  std::ostringstream out;
  out << std::ifstream(path).rdbuf();
  return out.str();
}

TEST_CASE("The example of the page works") {
  testing::SyncFixture f;
  f.local.reset();
  f.SaveSome(6);
  example::Screen screen;
  REQUIRE(example::BringUpToDate(*f.laptop, screen).ok());
  CHECK(screen.shown.size() == 2);
  CHECK(screen.warnings.empty());
  testing::FakeStore backup = f.server.store;
  f.Save("t3", "lost", 1, "lost");
  REQUIRE(example::BringUpToDate(*f.laptop, screen).ok());
  f.server.Locked([&](testing::FakeStore& store) { store.Restore(backup); });
  REQUIRE(example::BringUpToDate(*f.laptop, screen).ok());
  CHECK(f.server.store.messages.size() == 7);
}

TEST_CASE("The page shows the code that was compiled") {
  const std::string source = ReadAll("client/sync/sync_example_test.cc");
  const std::size_t begin = source.find("// [example\n") + 12;
  const std::string code = source.substr(begin, source.find("// example]\n") - begin);
  REQUIRE(code.size() > 500);
  CHECK(ReadAll("docs/CLIENT.md").find("```cpp\n" + code + "```\n") != std::string::npos);
}

}  // namespace
}  // namespace labyrinth::client
