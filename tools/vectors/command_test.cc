#include "tools/vectors/command.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace labyrinth::vectors {
namespace {

constexpr const char kPath[] = "tests/vectors/labyrinth-v1.json";

// RFC 4231 test case 2, and the same with its last byte off by one.
constexpr const char kGoodMac[] = R"({"mac": {"vectors": [{"name": "good", "key": "4a656665",
  "data": "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
  "mac": "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"}]}})";
constexpr const char kBadMac[] = R"({"mac": {"vectors": [{"name": "bad\nname", "key": "4a656665",
  "data": "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
  "mac": "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3842"}]}})";

struct Run {
  int status;
  std::string out, err;
};

Run RunWith(std::vector<std::string> arguments) {
  std::vector<const char*> argv = {"labyrinth-vectors"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream out, err;
  const int status = RunCommand(static_cast<int>(argv.size()), argv.data(), out, err);
  return {status, out.str(), err.str()};
}

std::string Scratch(const std::string& name) {
  const char* folder = std::getenv("TEST_TMPDIR");
  return std::string(folder == nullptr ? "." : folder) + "/" + name;
}

std::string FileOf(const std::string& name, const std::string& text) {
  std::ofstream(Scratch(name), std::ios::binary) << text;
  return Scratch(name);
}

bool IsOneLine(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n') == 1 && text.back() == '\n';
}

TEST_CASE("the known answers pass whole, with nothing skipped") {
  const Run run = RunWith({kPath});
  CHECK(run.status == 0);
  CHECK(run.err.empty());
  // Nothing but the count: no case failed, no section was skipped.
  CHECK(IsOneLine(run.out));
  CHECK(run.out.find(" passed, 0 failed\n") != std::string::npos);
}

TEST_CASE("a failed case is one line that says what differs, then the count") {
  const Run run = RunWith({FileOf("bad.json", kBadMac)});
  CHECK(run.status == 1);
  CHECK(run.out ==
        "FAILED mac vectors[0] bad?name: mac: differs at byte 31 of 32: expected 42, got 43\n"
        "0 passed, 1 failed\n");
}

TEST_CASE("several files count together and are told apart") {
  const std::string good = FileOf("good.json", kGoodMac), bad = FileOf("bad.json", kBadMac);
  const Run run = RunWith({good, bad});
  CHECK(run.status == 1);
  CHECK(run.out.find("FAILED " + bad + ":mac vectors[0]") == 0);
  CHECK(run.out.find("1 passed, 1 failed\n") != std::string::npos);
}

TEST_CASE("an unknown section fails, unless it is skipped, and that is said") {
  const std::string unknown =
      FileOf("unknown.json", R"({"meta": {}, "ambiguities": [], "horoscope": {"vectors": []}})");
  Run run = RunWith({unknown});
  CHECK(run.status == 1);
  CHECK(run.out == "FAILED horoscope -: not a section that this runner knows\n0 passed, 1 failed\n");
  run = RunWith({unknown, "--skip", "horoscope"});
  CHECK(run.status == 0);
  CHECK(run.out == "SKIPPED horoscope\n0 passed, 0 failed\n");
  run = RunWith({"--skip", "mac", unknown, "--skip", "horoscope"});
  CHECK(run.status == 0);
}

TEST_CASE("a file without sections or cases fails") {
  CHECK(RunWith({FileOf("none.json", "{}")}).status == 1);
  CHECK(RunWith({FileOf("meta.json", R"({"meta": {}})")}).status == 1);
  CHECK(RunWith({FileOf("empty.json", R"({"mac": {}})")}).status == 1);
  CHECK(RunWith({FileOf("text.json", R"({"mac": "text"})")}).status == 1);
}

TEST_CASE("a file that can't be read is one line and no count") {
  for (const std::string& path :
       {Scratch("missing.json"), Scratch(""), FileOf("broken.json", "{\"mac\": "), FileOf("list.json", "[]"),
        FileOf("void.json", ""), FileOf("deep.json", std::string(100000, '['))}) {
    const Run run = RunWith({path});
    INFO(path);
    CHECK(run.status == 1);
    CHECK(run.out.empty());
    CHECK(IsOneLine(run.err));
    CHECK(run.err.find(path) != std::string::npos);
  }
}

TEST_CASE("wrong use is one line and status 2") {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"--skip", "mac"}, {kPath, "--skip"}, {kPath, "--frobnicate"}}) {
    const Run run = RunWith(arguments);
    CHECK(run.status == 2);
    CHECK(run.out.empty());
    CHECK(IsOneLine(run.err));
  }
}

TEST_CASE("help is asked for, not wrong use") {
  const Run run = RunWith({"--help"});
  CHECK(run.status == 0);
  CHECK(run.out.find("--skip") != std::string::npos);
}

}  // namespace
}  // namespace labyrinth::vectors
