// Deleting, watching, copying and exporting on the command line, against a server in the test's process.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "client/testing/fake_server.h"
#include "client/transfer/export_fixture.h"
#include "common/errors.h"
#include "tests/cli/run_program.h"

namespace labyrinth::tests {
namespace {

using Catch::Contains;
using client::ReadTree;
using client::TempFolder;
using client::WriteFile;
using nlohmann::json;

constexpr char kProgram[] = "tools/labyrinth/labyrinth";

// A mailbox that the program made, with three messages in two threads.
struct Fixture {
  Fixture() {
    WriteFile(home / "token", "token");
    const ProgramResult made = Run({"init"});
    INFO(made.err);
    REQUIRE(made.exit_code == 0);
    for (const char* text : {"first", "second"}) Ok({"send", "Holiday", text});
    Ok({"send", "Work", "third", "--expire", "7d"});
  }

  ProgramResult Run(std::vector<std::string> arguments, const std::string& output = "json") {
    std::vector<std::string> all = {"--profile",    home / "p",     "--endpoint",    server.endpoint(),
                                    "--account",    "alice",        "--server-name", client::testing::kServerName,
                                    "--token-file", home / "token", "--output",      output};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return RunProgram(kProgram, all, home.path());
  }
  json Ok(std::vector<std::string> arguments) {
    const ProgramResult result = Run(std::move(arguments));
    INFO(result.err);
    REQUIRE(result.exit_code == 0);
    return json::parse(result.out);
  }
  std::string IdOf(const std::string& thread, std::size_t index) {
    return Ok({"read", thread, "--oldest-first"})["messages"][index]["message_id"];
  }

  TempFolder home;
  client::testing::FakeServer server{"alice", nullptr, /*listen=*/true};
};

TEST_CASE("Messages are deleted by id, or by its first digits, and nothing else is") {
  Fixture f;
  const std::string id = f.IdOf("Holiday", 0);
  CHECK_THAT(f.Run({"read", "Holiday", "--ids"}, "text").out, Contains("id " + id));
  CHECK(f.Run({"delete", "Holiday", "00000000", "--yes"}).exit_code == 4);
  CHECK(f.Run({"delete", "Work", id, "--yes"}).exit_code == 4);
  CHECK(f.Run({"delete", "Holiday", id.substr(0, 6), "--yes"}).exit_code == 2);
  CHECK(f.server.store.messages.size() == 3);
  CHECK(f.Ok({"delete", "Holiday", id.substr(0, 10), "--yes"})["deleted"] == 1);
  CHECK(f.Ok({"read", "Holiday"})["count"] == 1);
  CHECK(f.server.store.messages.size() == 2);
}

TEST_CASE("A watch tells what happened and where to go on") {
  Fixture f;
  f.Ok({"delete", "Holiday", f.IdOf("Holiday", 1), "--yes"});
  f.server.page_size = 1;
  int writes = 0;
  f.server.before = [&](const std::string& method) {
    // The first response of each watch comes; then the device is removed, which ends it.
    if (method == "Watch") writes = 0;
    return method == "Watch:write" && ++writes == 2 ? errors::DeviceRevoked() : absl::OkStatus();
  };
  const auto watch = [&](const std::string& since) {
    const ProgramResult result = f.Run({"watch", "--since", since});
    CHECK(result.exit_code == 6);
    std::vector<json> documents;
    std::istringstream in(result.out);
    for (std::string line; std::getline(in, line);) documents.push_back(json::parse(line));
    return documents;
  };
  const auto first = watch("0");
  REQUIRE(first.size() == 1);
  CHECK(first[0]["kind"] == "saved");
  CHECK(first[0]["message"]["text"] == "first");
  const auto second = watch(first[0]["cursor"]);
  REQUIRE(second.size() == 1);
  CHECK(second[0]["message"]["text"] == "third");
  CHECK(second[0]["message"].contains("expire_ms"));
  CHECK(f.Run({"watch", "--since", "9:1"}).exit_code == 3);
}

TEST_CASE("The profile's copy is kept up, rebuilt, and removed") {
  Fixture f;
  const json report = f.Ok({"sync"});
  CHECK(report["first_copied"] == 3);
  CHECK(report["messages"] == 3);
  CHECK(ReadTree(f.home / "p").contains("history.db"));
  const client::testing::FakeStore backup = f.server.store;
  f.Ok({"send", "Holiday", "fourth"});
  CHECK(f.Ok({"sync"})["changes"] == 1);

  f.server.Locked([&](client::testing::FakeStore& store) { store.Restore(backup); });
  ProgramResult result = f.Run({"sync"});
  CHECK(result.exit_code == 1);
  CHECK(json::parse(result.out)["lacking"] == 1);
  CHECK_THAT(result.err, Contains("--save-lacking"));
  CHECK(f.Ok({"sync", "--save-lacking"})["saved_again"] == 1);
  CHECK(f.Ok({"read", "Holiday"})["count"] == 3);

  WriteFile(f.home / "p/history.db", std::string(9000, 'x'));
  result = f.Run({"sync"});
  CHECK(result.exit_code == 3);
  CHECK_THAT(result.err, Contains("rebuild"));
  CHECK(f.Ok({"sync", "--rebuild"})["messages"] == 4);
  f.Ok({"sync", "--erase"});
  for (const auto& [name, content] : ReadTree(f.home / "p")) CHECK_FALSE(name.starts_with("history.db"));
}

TEST_CASE("An export is one moment of the history, with pages to read") {
  Fixture f;
  f.Ok({"send", "<script>alert(1)</script>", "<b>bold</b>"});
  const json report = f.Ok({"export", f.home / "out"});
  CHECK(report["messages"] == 4);
  CHECK(f.server.calls["DownloadHistory"] == 1);
  const auto tree = ReadTree(f.home / "out");
  CHECK(tree.contains("manifest.json"));
  for (const auto& [name, content] : tree) {
    CHECK_FALSE((name.starts_with("history.") || name.starts_with("progress.")));
  }
  const std::string& index = tree.at("index.html");
  CHECK_THAT(index, Contains("Holiday") && Contains("Work") && Contains("&lt;script&gt;alert(1)"));
  CHECK_THAT(index, !Contains("<script"));
  int pages = 0, disappearing = 0;
  for (const auto& [name, content] : tree) {
    if (!name.starts_with("pages/")) continue;
    ++pages;
    disappearing += content.find("disappearing message: until") != std::string::npos ? 1 : 0;
  }
  CHECK(pages == 3);
  CHECK(disappearing == 1);
}

TEST_CASE("An export that broke off goes on, and has what the mailbox has at its end") {
  Fixture f;
  for (int i = 0; i < 8; ++i) f.Ok({"send", "Holiday", "more " + std::to_string(i)});
  int writes = 0;
  f.server.before = [&](const std::string& method) {
    return method == "DownloadHistory:write" && ++writes > 2 ? absl::UnavailableError("away") : absl::OkStatus();
  };
  CHECK(f.Run({"export", f.home / "out"}).exit_code == 5);
  CHECK(f.Run({"export", f.home / "out"}).exit_code == 3);  // not without --resume
  f.server.before = nullptr;
  f.server.calls.clear();
  f.Ok({"delete", "Holiday", f.IdOf("Holiday", 9), "--yes"});
  CHECK(f.Ok({"export", f.home / "out", "--resume"})["messages"] == 10);
  CHECK(f.server.calls["DownloadHistory:more"] < 3);

  f.Ok({"export", f.home / "fresh"});
  const auto resumed = ReadTree(f.home / "out"), fresh = ReadTree(f.home / "fresh");
  CHECK(resumed == fresh);
}

}  // namespace
}  // namespace labyrinth::tests
