// The client's command line where there is no server: every wrong use and every bad input ends in one line that names
// the thing, the right exit code, and nothing done.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "client/transfer/export_fixture.h"
#include "tests/cli/run_program.h"

namespace labyrinth::tests {
namespace {

using Catch::Contains;
using client::ReadTree;
using client::TempFolder;
using client::ThreadJson;
using client::WriteFile;
using client::WriteZip;

constexpr char kProgram[] = "tools/labyrinth/labyrinth";
constexpr char kGoodMessage[] = R"({"sender_name":"Ann","timestamp_ms":5,"content":"hello"})";

// A port of this machine that nothing listens on: reserved, and privileged besides.
constexpr char kNobody[] = "127.0.0.1:1";

ProgramResult Run(const TempFolder& home, const std::vector<std::string>& arguments, const std::string& input = "") {
  return RunProgram(kProgram, arguments, home.path(), input);
}

// Checks the form that all errors share, and gives the line.
std::string OneLine(const ProgramResult& result) {
  CHECK(result.out.empty());
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  CHECK_THAT(result.err, Catch::StartsWith("labyrinth: "));
  return result.err;
}

TEST_CASE("Wrong use is exit code 2, one line, and nothing done") {
  TempFolder home;
  const struct {
    std::vector<std::string> arguments;
    const char* names;
  } cases[] = {
      {{}, "subcommand"},
      {{"frobnicate"}, "frobnicate"},
      {{"--frobnicate"}, "--frobnicate"},
      {{"threads", "--frobnicate"}, "--frobnicate"},
      {{"threads", "--limit", "many"}, "--limit"},
      {{"threads", "--limit", "-1"}, "--limit"},
      {{"--output", "xml", "threads"}, "--output"},
      {{"import"}, "EXPORT"},
      {{"import", "a", "b"}, "b"},
      {{"import", "a", "--dry-run", "--resume"}, "--dry-run"},
      {{"read"}, "THREAD"},
      {{"read", "t", "--since", "yesterday"}, "--since: yesterday"},
      {{"read", "t", "--since", "2024-05-02", "--until", "2024-05-01"}, "--until"},
      {{"send", "t", "x", "--expire", "soon"}, "--expire: soon"},
      {{"send", "t", ""}, "TEXT"},
      {{"send", "t", "x", "--attach"}, "--attach"},
      {{"read", "t", "--save-attachments"}, "--save-attachments"},
      {{"delete", "t"}, "MESSAGE"},
      {{"delete", "t", "0011223344"}, "--yes"},
      {{"watch", "--since", "yesterday"}, "--since: yesterday"},
      {{"watch", "--since", "0:5"}, "--since: 0:5"},
      {{"sync", "--erase", "--rebuild"}, "--erase"},
      {{"sync", "--save-lacking", "--rebuild"}, "--rebuild"},
      {{"revoke"}, "DEVICE"},
      {{"revoke", "abcd"}, "--yes"},
      {{"revoke", "abcd", "--yes", "--no-rotate", "--keep-added"}, "--keep-added"},
      {{"rotate", "--after-days", "-1"}, "--after-days"},
      {{"rotate", "--away-days", "soon"}, "--away-days"},
      {{"recovery"}, "subcommand"},
      {{"recovery", "frobnicate"}, "frobnicate"},
      {{"join"}, "--code-file"},
      {{"join", "--one-time", "--code-file", "f"}, "--code-file"},
      {{"join", "--one-time", "--code-fd", "97"}, "--code-fd"},
      {{"join", "--one-time", "--code-fd", "-1"}, "--code-fd"},
      {{"join", "--code-fd", "0"}, "--one-time"},
      {{"approve"}, "--yes"},
      {{"export"}, "DIR"},
      {{"init"}, "--token-file"},
      {{"init", "--dev", "--token-file", "t"}, "--token-file"},
      {{"init", "--token-file", "t"}, "--account"},
      {{"init", "--token-file", "t", "--account", "a"}, "--server-name"},
      {{"init", "--dev", "--endpoint", "example.org:443"}, "loopback"},
      {{"init", "--dev", "--ca", "missing.pem"}, "ca_file"},
  };
  for (const auto& c : cases) {
    const ProgramResult result = Run(home, c.arguments);
    INFO(result.err);
    CHECK(result.exit_code == 2);
    CHECK_THAT(OneLine(result), Contains(c.names));
  }
  CHECK(ReadTree(home.path()).empty());
}

TEST_CASE("A code is never taken from the command line") {
  TempFolder home;
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"join", "ACDEF-HJKLM"},
                                                    {"join", "--code", "ACDEF-HJKLM"},
                                                    {"join", "--one-time", "123456"},
                                                    {"join", "--one-time=123456"},
                                                    {"approve", "--yes", "123456"},
                                                    {"recovery", "test", "ACDEF"}}) {
    CHECK(Run(home, arguments).exit_code == 2);
  }
}

TEST_CASE("Help goes to standard output, for the program and for each command") {
  TempFolder home;
  const ProgramResult all = Run(home, {"--help"});
  CHECK(all.exit_code == 0);
  CHECK(all.err.empty());
  for (const char* word :
       {"init", "join", "approve", "import", "threads", "read", "send", "delete", "watch", "sync", "devices",
        "fingerprint", "revoke", "rotate", "recovery", "export", "verify", "Exit codes", "--profile"}) {
    CHECK_THAT(all.out, Contains(word));
  }
  const ProgramResult one = Run(home, {"import", "--help"});
  CHECK(one.exit_code == 0);
  CHECK_THAT(one.out, Contains("--dry-run"));
  const ProgramResult deep = Run(home, {"recovery", "create", "--help"});
  CHECK(deep.exit_code == 0);
  CHECK_THAT(deep.out, Contains("--to"));
}

TEST_CASE("A missing profile or file is exit code 4") {
  TempFolder home;
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"threads"},
                                                    {"read", "t"},
                                                    {"send", "t", "x"},
                                                    {"devices"},
                                                    {"fingerprint"},
                                                    {"rotate"},
                                                    {"rotate", "--after-days", "7"},
                                                    {"verify"},
                                                    {"revoke", "abcd", "--yes"},
                                                    {"recovery", "list"},
                                                    {"delete", "t", "0011223344", "--yes"},
                                                    {"watch"},
                                                    {"sync"},
                                                    {"export", home / "out"}}) {
    const ProgramResult result = Run(home, arguments);
    CHECK(result.exit_code == 4);
    CHECK_THAT(OneLine(result), Contains(home / ".local/share/labyrinth") && Contains("labyrinth init"));
  }
  const ProgramResult import = Run(home, {"import", home / "missing.zip"});
  CHECK(import.exit_code == 4);
  CHECK_THAT(OneLine(import), Contains("missing.zip: no such file"));
  const ProgramResult join = Run(home, {"--dev", "join", "--code-file", home / "missing"});
  CHECK(join.exit_code == 4);
  CHECK_THAT(OneLine(join), Contains("missing"));
  CHECK(ReadTree(home.path()).empty());
}

TEST_CASE("A file to attach is looked at before anything is done") {
  TempFolder home;
  const ProgramResult missing = Run(home, {"send", "t", "x", "--attach", home / "missing.jpg"});
  CHECK(missing.exit_code == 4);
  CHECK_THAT(OneLine(missing), Contains("--attach: ") && Contains("missing.jpg: no such file"));
  const ProgramResult folder = Run(home, {"send", "t", "--attach", home.path()});
  CHECK(folder.exit_code == 3);
  CHECK_THAT(OneLine(folder), Contains("not a regular file"));
  WriteFile(home / "big", "");
  std::filesystem::resize_file(home / "big", 100 * 1024 * 1024 + 1);
  const ProgramResult big = Run(home, {"send", "t", "--attach", home / "big"});
  CHECK(big.exit_code == 3);
  CHECK_THAT(OneLine(big), Contains("big: larger than 104,857,600 bytes"));
}

TEST_CASE("A malformed export is refused before anything else, with file and place") {
  TempFolder home;
  WriteZip(home / "bad.zip",
           {{"r/inbox/a_1/message_1.json", ThreadJson("A", kGoodMessage)},
            {"r/inbox/b_1/message_1.json", ThreadJson("B", R"({"sender_name":"x","timestamp_ms":-5})")}});
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"import", home / "bad.zip"}, {"import", home / "bad.zip", "--dry-run"}}) {
    const ProgramResult result = Run(home, arguments);
    CHECK(result.exit_code == 3);
    CHECK_THAT(OneLine(result), Contains("inbox/b_1/message_1.json: messages[0].timestamp_ms: not a time"));
  }
  WriteFile(home / "text.txt", "hello");
  const ProgramResult text = Run(home, {"import", home / "text.txt"});
  CHECK(text.exit_code == 3);
  CHECK_THAT(OneLine(text), Contains("not valid JSON"));
  std::filesystem::create_directories(home / "empty");
  const ProgramResult empty = Run(home, {"import", home / "empty"});
  CHECK(empty.exit_code == 3);
  CHECK_THAT(OneLine(empty), Contains("empty: no message_1.json in it"));
}

TEST_CASE("A dry run counts without profile or server") {
  TempFolder home;
  WriteFile(home / "e/inbox/a_1/message_1.json",
            ThreadJson("A", std::string(kGoodMessage) + R"(,{"sender_name":"B","timestamp_ms":6,"photos":[{},{}]})"));
  const ProgramResult text = Run(home, {"import", home / "e", "--dry-run"});
  CHECK(text.exit_code == 0);
  CHECK(text.err.empty());
  CHECK_THAT(text.out, Contains("would import 2 messages of 1 threads") && Contains("2 photos"));

  const ProgramResult json = Run(home, {"--output", "json", "import", home / "e", "--dry-run"});
  CHECK(json.exit_code == 0);
  const nlohmann::json document = nlohmann::json::parse(json.out);
  CHECK(document["messages"] == 2);
  CHECK(document["threads"] == 1);
  CHECK(document["omissions"]["photos"] == 2);
  CHECK(document["dry_run"] == true);
}

TEST_CASE("Flags may follow the command") {
  TempFolder home;
  WriteFile(home / "e/inbox/a_1/message_1.json", ThreadJson("A", kGoodMessage));
  const ProgramResult json = Run(home, {"import", home / "e", "--dry-run", "--output", "json"});
  CHECK(json.exit_code == 0);
  CHECK(nlohmann::json::parse(json.out)["messages"] == 1);
}

TEST_CASE("Errors are JSON where JSON was asked for") {
  TempFolder home;
  const ProgramResult result = Run(home, {"--output", "json", "threads"});
  CHECK(result.exit_code == 4);
  CHECK(result.out.empty());
  CHECK(nlohmann::json::parse(result.err)["error"]["code"] == "NOT_FOUND");
}

TEST_CASE("No server is exit code 5, and an existing code file stays untouched") {
  TempFolder home;
  const ProgramResult result =
      Run(home, {"--profile", home / "p", "--dev", "--endpoint", kNobody, "init", "--recovery-code-to", home / "code"});
  INFO(result.err);
  CHECK(result.exit_code == 5);
  OneLine(result);
  CHECK_FALSE(std::filesystem::exists(home / "code"));
  CHECK(std::filesystem::exists(home / "p/client.json"));

  // The profile remembers, and isn't a device yet.
  const ProgramResult threads = Run(home, {"--profile", home / "p", "threads"});
  INFO(threads.err);
  CHECK(threads.exit_code == 5);

  WriteFile(home / "mine", "precious");
  const ProgramResult taken = Run(home, {"--profile", home / "p", "init", "--recovery-code-to", home / "mine"});
  CHECK(taken.exit_code == 3);
  CHECK_THAT(OneLine(taken), Contains("mine: File exists"));
  CHECK(client::ReadFile(home / "mine") == "precious");
}

TEST_CASE("A profile that others can enter is refused") {
  TempFolder home;
  std::filesystem::create_directories(home / "p");
  std::filesystem::permissions(home / "p", std::filesystem::perms::all);
  const ProgramResult result = Run(home, {"--profile", home / "p", "--dev", "--endpoint", kNobody, "init"});
  CHECK(result.exit_code == 3);
  OneLine(result);
}

TEST_CASE("A token file that is missing is named as such") {
  TempFolder home;
  const ProgramResult result = Run(home, {"--profile", home / "p", "--endpoint", kNobody, "--account", "a",
                                          "--server-name", "s", "--token-file", home / "missing.jwt", "init"});
  CHECK(result.exit_code == 3);
  CHECK_THAT(OneLine(result), Contains("account token"));
}

TEST_CASE("What the user typed can't drive the terminal through an error") {
  TempFolder home;
  const ProgramResult result = Run(home, {"import", home / "a\x1b[2Jb"});
  CHECK(result.exit_code == 4);
  CHECK(result.err.find('\x1b') == std::string::npos);
  const ProgramResult flag = Run(home, {"--a\x1b[2Jb"});
  CHECK(flag.exit_code == 2);
  CHECK(flag.err.find('\x1b') == std::string::npos);
}

}  // namespace
}  // namespace labyrinth::tests
