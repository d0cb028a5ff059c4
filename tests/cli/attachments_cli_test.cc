// Files on the client's command line, against a server of attachments in the test's process.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "client/attachments/testing/fake_attachments.h"
#include "client/testing/fake_server.h"
#include "client/transfer/export_fixture.h"
#include "common/errors.h"
#include "crypto/primitives/seeded_random.h"
#include "tests/cli/run_program.h"

namespace labyrinth::tests {
namespace {

using Catch::Contains;
using client::ReadFile;
using client::TempFolder;
using client::WriteFile;
using nlohmann::json;

constexpr char kProgram[] = "tools/labyrinth/labyrinth";
constexpr std::size_t kMiB = 1024 * 1024;

std::string Content(std::size_t size) {
  crypto::SeededRandom random(11);
  return random.Bytes(size);
}

// A mailbox that the program made.
struct Fixture {
  Fixture() {
    WriteFile(home / "token", "token");
    const ProgramResult made = Run({"init"});
    INFO(made.err);
    REQUIRE(made.exit_code == 0);
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

  TempFolder home;
  client::testing::FakeAttachments attachments{[this](const std::string& thread, const std::string& message) {
    const auto& messages = server.store.messages;
    return std::any_of(messages.begin(), messages.end(),
                       [&](const auto& m) { return m.thread_id() == thread && m.message_id() == message; });
  }};
  client::testing::FakeServer server{"alice", &attachments, /*listen=*/true};
};

TEST_CASE("Files go out with a message, and come back under safe names") {
  Fixture f;
  const std::string small = "hello", large = Content(5 * kMiB + 123);
  WriteFile(f.home / "note.txt", small);
  WriteFile(f.home / "photo.jpg", large);
  const json sent =
      f.Ok({"send", "Holiday", "look", "--attach", f.home / "note.txt", "--attach", f.home / "photo.jpg"});
  CHECK(sent["attachments"].size() == 2);
  CHECK(sent["attachments"][1]["name"] == "photo.jpg");
  // Without a text.
  f.Ok({"send", "Holiday", "--attach", f.home / "note.txt"});

  const json read = f.Ok({"read", "Holiday", "--oldest-first", "--save-attachments", f.home / "saved"});
  CHECK(read["saved_attachments"] == 3);
  CHECK(read["messages"][0]["text"] == "look");
  CHECK(read["messages"][0]["attachments"][1]["media_type"] == "image/jpeg");
  CHECK(read["messages"][0]["attachments"][1]["file"] == f.home / "saved/photo.jpg");
  CHECK(ReadFile(f.home / "saved/photo.jpg") == large);
  CHECK(ReadFile(f.home / "saved/note.txt") == small);
  CHECK(ReadFile(f.home / "saved/note-2.txt") == small);
  const auto modes = std::filesystem::status(f.home / "saved/photo.jpg").permissions();
  CHECK(modes == (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));

  const ProgramResult text = f.Run({"read", "Holiday"}, "text");
  CHECK(text.exit_code == 0);
  CHECK_THAT(text.out, Contains("[photo.jpg, 5,243,003 bytes]"));
  // Nothing of the files is left in the profile, or with the server in the clear.
  CHECK(std::filesystem::file_size(f.home / "p/attachments/journal") < 200);
  for (const auto& [ticket, upload] : f.attachments.uploads) {
    CHECK(upload.data.find(large.substr(0, 64)) == std::string::npos);
  }
}

TEST_CASE("An export has the files beside its lines") {
  Fixture f;
  WriteFile(f.home / "note.txt", "hello");
  f.Ok({"send", "Holiday", "look", "--attach", f.home / "note.txt"});
  const json report = f.Ok({"export", f.home / "out"});
  CHECK(report["attachments"] == 1);
  const auto threads = std::filesystem::directory_iterator(f.home / "out/threads");
  const json line = json::parse(ReadFile(begin(threads)->path()));
  const std::string file = line["attachments"][0]["file"];
  CHECK(ReadFile(f.home / ("out/" + file)) == "hello");
}

TEST_CASE("An interrupted send goes on where it stopped, and says what happened") {
  Fixture f;
  WriteFile(f.home / "photo.jpg", Content(3 * kMiB));
  f.attachments.break_upload_after = 4;
  f.attachments.before = [&](const std::string& method) {
    return method == "Upload" && f.attachments.chunks_received > 0 ? errors::DeviceRevoked() : absl::OkStatus();
  };
  const ProgramResult broken = f.Run({"send", "Holiday", "look", "--attach", f.home / "photo.jpg"});
  INFO(broken.err);
  CHECK(broken.exit_code == 6);
  CHECK_THAT(broken.err, Contains("photo.jpg"));
  CHECK(f.server.store.messages.empty());
  f.attachments.before = nullptr;
  f.Ok({"send", "Holiday", "look", "--attach", f.home / "photo.jpg"});
  CHECK(f.attachments.uploads.size() == 1);
  CHECK(f.attachments.chunks_received == 13);
}

TEST_CASE("A message whose file could not be attached is repaired by the next command") {
  Fixture f;
  WriteFile(f.home / "note.txt", "hello");
  f.attachments.before = [](const std::string& method) {
    return method == "CreateReference" ? errors::QuotaExceeded("bytes", 1) : absl::OkStatus();
  };
  const ProgramResult sent = f.Run({"send", "Holiday", "look", "--attach", f.home / "note.txt"});
  CHECK(sent.exit_code == 3);
  CHECK_THAT(sent.err, Contains("the message is saved"));
  f.attachments.before = nullptr;
  CHECK(f.Ok({"read", "Holiday", "--save-attachments", f.home / "saved"})["saved_attachments"] == 1);
}

TEST_CASE("What is missing or false is a finding, and the rest is read") {
  Fixture f;
  WriteFile(f.home / "a.txt", "hello");
  WriteFile(f.home / "b.txt", "world");
  f.Ok({"send", "Holiday", "look", "--attach", f.home / "a.txt", "--attach", f.home / "b.txt"});
  auto& uploads = f.attachments.uploads;
  uploads.begin()->second.data[10] = static_cast<char>(uploads.begin()->second.data[10] ^ 1);
  f.attachments.references.erase(
      std::find_if(f.attachments.references.begin(), f.attachments.references.end(),
                   [&](const auto& reference) { return reference.second.upload_ticket == uploads.rbegin()->first; }));
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"read", "Holiday", "--save-attachments", f.home / "saved"},
        {"export", f.home / "out"}}) {
    const ProgramResult result = f.Run(arguments);
    CHECK(result.exit_code == 1);
    CHECK_THAT(result.err, Contains("2 attachments are missing or were refused"));
  }
  CHECK(std::filesystem::is_empty(f.home / "saved"));
  CHECK(std::filesystem::is_empty(f.home / "out/attachments"));
}

TEST_CASE("A folder to save into that is none is refused by name") {
  Fixture f;
  WriteFile(f.home / "note.txt", "hello");
  f.Ok({"send", "Holiday", "look"});
  const ProgramResult result = f.Run({"read", "Holiday", "--save-attachments", f.home / "note.txt"});
  CHECK(result.exit_code == 3);
  CHECK_THAT(result.err, Contains("note.txt") && Contains("no folder"));
}

// On demand: 100 MiB through the program, whose memory must not follow.
TEST_CASE("The largest file comes back", "[.][large]") {
  Fixture f;
  const std::string content = Content(100 * kMiB);
  WriteFile(f.home / "film.mp4", content);
  f.Ok({"send", "Holiday", "look", "--attach", f.home / "film.mp4"});
  f.Ok({"read", "Holiday", "--save-attachments", f.home / "saved"});
  CHECK(ReadFile(f.home / "saved/film.mp4") == content);
}

}  // namespace
}  // namespace labyrinth::tests
