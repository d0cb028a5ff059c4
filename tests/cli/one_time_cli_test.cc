// One-time codes on the command line: two programs side by side, and the real server.
#include <signal.h>

#include <catch2/catch.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/transfer/export_fixture.h"
#include "common/clock.h"
#include "tests/cli/run_program.h"
#include "tests/e2e/test_server.h"

namespace labyrinth::tests {
namespace {

using Catch::Contains;
using client::TempFolder;
using Json = nlohmann::json;

constexpr char kProgram[] = "tools/labyrinth/labyrinth";
constexpr char kCodeMark[] = "within five minutes: ";
constexpr char kKeyMark[] = "key is ";

// A laptop with a mailbox, and a phone that is none of its devices yet.
struct Machine {
  Machine() {
    server.clock.Set(SystemClock().NowMs());
    CHECK(Run("laptop", {"init"}).exit_code == 0);
  }
  std::vector<std::string> Arguments(const std::string& profile, std::vector<std::string> words) const {
    for (const std::string& word : {std::string("--dev"), std::string("--endpoint"), server.endpoint(),
                                    std::string("--profile"), home / profile}) {
      words.push_back(word);
    }
    return words;
  }
  ProgramResult Run(const std::string& profile, const std::vector<std::string>& words) const {
    return RunProgram(kProgram, Arguments(profile, words), home.path());
  }
  std::unique_ptr<RunningProgram> Start(const std::string& profile, const std::vector<std::string>& words) const {
    return std::make_unique<RunningProgram>(kProgram, Arguments(profile, words), home.path());
  }

  TempFolder home;
  e2e::TestServer server;
};

std::string OneOff(std::string code) {
  code.back() = code.back() == '9' ? '0' : static_cast<char>(code.back() + 1);
  return code;
}

TEST_CASE("A code that one program shows and the other is given makes a device") {
  Machine machine;
  CHECK(machine.Run("laptop", {"send", "t", "hello from the laptop"}).exit_code == 0);
  const auto approve = machine.Start("laptop", {"approve", "--yes", "--output", "json"});
  const auto join = machine.Start("phone", {"join", "--one-time"});
  const std::string code = approve->WaitForError(kCodeMark);
  CHECK(code.size() == 7);
  join->Type(OneOff(code) + "\n");
  CHECK(join->WaitForError("Wrong code. Guesses left: ") == "2");
  CHECK(approve->WaitForError("Guesses left: ") == "2");
  join->Type("12345\n");
  join->WaitForError("six digits.");
  join->Type(code + "\n");

  const ProgramResult joined = join->Wait(), approved = approve->Wait();
  INFO(joined.err << approved.err);
  CHECK(joined.exit_code == 0);
  CHECK(approved.exit_code == 0);
  CHECK_THAT(joined.out, Contains("joined the mailbox"));
  const std::string key = joined.err.substr(joined.err.find(kKeyMark), 26);
  CHECK_THAT(approved.err, Contains(key));
  const Json document = Json::parse(approved.out);
  CHECK_THAT(key, Contains(document["fingerprint"].get<std::string>()));
  CHECK_THAT(joined.out, Contains(document["handle"].get<std::string>()));
  // The code is for eyes alone.
  CHECK(approved.out.find(code) == std::string::npos);

  CHECK_THAT(machine.Run("phone", {"read", "t"}).out, Contains("hello from the laptop"));
  CHECK(machine.Run("phone", {"send", "t", "hello from the phone"}).exit_code == 0);
  CHECK_THAT(machine.Run("laptop", {"read", "t"}).out, Contains("hello from the phone"));
  CHECK(machine.Run("phone", {"verify"}).exit_code == 0);
  CHECK(machine.Run("phone", {"join", "--one-time"}).exit_code == 3);
}

TEST_CASE("Three wrong codes are exit code 3 on both sides, and a fourth has to wait") {
  Machine machine;
  const auto approve = machine.Start("laptop", {"approve", "--yes"});
  const auto join = machine.Start("phone", {"join", "--one-time", "--code-fd", "0"});
  const std::string wrong = OneOff(approve->WaitForError(kCodeMark)) + "\n";
  join->Type(wrong + wrong + wrong);
  const ProgramResult joined = join->Wait(), approved = approve->Wait();
  CHECK(joined.exit_code == 3);
  CHECK(approved.exit_code == 3);
  CHECK_THAT(joined.err, Contains("wrong three times"));
  CHECK_THAT(approved.err, Contains("three times") && Contains("Guesses left: 0"));
  const ProgramResult again = machine.Run("phone", {"join", "--one-time"});
  CHECK(again.exit_code == 3);
  CHECK_THAT(again.err, Contains("in 5 minutes (RATE_LIMITED)"));
}

TEST_CASE("A script whose input ends, and Ctrl-C, let the other side go") {
  Machine machine;
  const auto approve = machine.Start("laptop", {"approve", "--yes"});
  SECTION("the input ends") {
    const auto join = machine.Start("phone", {"join", "--one-time"});
    join->EndInput();
    const ProgramResult joined = join->Wait();
    CHECK(joined.exit_code == 3);
    CHECK_THAT(joined.err, Contains("no code was given"));
  }
  SECTION("Ctrl-C while a code is asked for") {
    const auto join = machine.Start("phone", {"join", "--one-time"});
    CHECK_FALSE(approve->WaitForError(kCodeMark).empty());
    join->Signal(SIGINT);
    CHECK(join->Wait().exit_code == 130);
  }
  const ProgramResult approved = approve->Wait();
  CHECK(approved.exit_code == 3);
  CHECK_THAT(approved.err, Contains("gave up") && Contains("ENROLLMENT_CLOSED"));
}

TEST_CASE("Ctrl-C ends a member's waiting, and nobody is told of a device where there is no mailbox") {
  Machine machine;
  const auto approve = machine.Start("laptop", {"approve", "--yes"});
  CHECK_FALSE(approve->WaitForError("Waiting for a device: ").empty());
  approve->Signal(SIGINT);
  CHECK(approve->Wait().exit_code == 130);
  const ProgramResult stranger = machine.Run("x", {"join", "--one-time", "--account", "nobody"});
  CHECK(stranger.exit_code == 4);
  CHECK_THAT(stranger.err, Contains("MAILBOX_NOT_FOUND"));
}

}  // namespace
}  // namespace labyrinth::tests
