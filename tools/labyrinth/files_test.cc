// The profile's settings and the files that recovery codes lie in.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "client/transfer/export_fixture.h"
#include "tools/labyrinth/code_file.h"
#include "tools/labyrinth/settings.h"

namespace labyrinth::cli {
namespace {

using client::ReadFile;
using client::TempFolder;
using client::WriteFile;

mode_t ModeOf(const std::string& path) {
  struct stat info;
  REQUIRE(stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

TEST_CASE("Settings come back as they were saved") {
  TempFolder folder;
  const Settings saved{.endpoint = "[::1]:7",
                       .ca_file = "/a b/\"quoted\".pem",
                       .server_name = "chat.test",
                       .account = "ann@example.org",
                       .token_file = "/t",
                       .dev = true,
                       .rotate_after_days = 7,
                       .rotate_away_days = 0};
  REQUIRE(SaveSettings(folder.path(), saved).ok());
  CHECK(ModeOf(folder / "client.json") == 0600);
  absl::StatusOr<std::optional<Settings>> loaded = LoadSettings(folder.path());
  REQUIRE(loaded.ok());
  REQUIRE(loaded->has_value());
  CHECK((*loaded)->endpoint == saved.endpoint);
  CHECK((*loaded)->ca_file == saved.ca_file);
  CHECK((*loaded)->server_name == saved.server_name);
  CHECK((*loaded)->account == saved.account);
  CHECK((*loaded)->token_file == saved.token_file);
  CHECK((*loaded)->dev);
  CHECK((*loaded)->rotate_after_days == 7);
  CHECK((*loaded)->rotate_away_days == 0);
}

TEST_CASE("Settings of before rotation was one of them have its defaults; impossible days are refused") {
  TempFolder folder;
  const auto write = [&](const std::string& more) {
    WriteFile(folder / "client.json", R"({"format":"labyrinth-client/1","endpoint":"","ca_file":"","server_name":"",)"
                                      R"("account":"","token_file":"")" +
                                          more + "}");
    return LoadSettings(folder.path());
  };
  const auto old = write("");
  REQUIRE(old.ok());
  CHECK((*old)->rotate_after_days == 30);
  CHECK((*old)->rotate_away_days == 30);
  CHECK((*write(R"(,"rotate_away_days":36500)"))->rotate_away_days == 36500);
  for (const char* days : {"-1", "36501", "\"7\"", "1.5"}) {
    CHECK_FALSE(write(R"(,"rotate_after_days":)" + std::string(days)).ok());
  }
}

TEST_CASE("A profile without settings is none; damaged settings are refused") {
  TempFolder folder;
  CHECK_FALSE(LoadSettings(folder / "missing")->has_value());
  CHECK_FALSE(LoadSettings(folder.path())->has_value());
  for (const char* text : {"", "{", "[]", "{}", R"({"format":"labyrinth-client/2"})", R"({"format":7})",
                           R"({"format":"labyrinth-client/1","endpoint":7})"}) {
    WriteFile(folder / "client.json", text);
    CHECK(LoadSettings(folder.path()).status().code() == absl::StatusCode::kFailedPrecondition);
  }
}

TEST_CASE("A code's file is private, new, and gone if no code came") {
  TempFolder folder;
  {
    absl::StatusOr<NewCodeFile> file = NewCodeFile::Create(folder / "code");
    REQUIRE(file.ok());
    CHECK(ModeOf(folder / "code") == 0600);
  }
  CHECK(client::ReadTree(folder.path()).empty());
  {
    absl::StatusOr<NewCodeFile> file = NewCodeFile::Create(folder / "code");
    REQUIRE(file.ok());
    REQUIRE(file->Write(crypto::Secret::CopyOf("ABC-DEF")).ok());
  }
  CHECK(ReadFile(folder / "code") == "ABC-DEF\n");
  CHECK(NewCodeFile::Create(folder / "code").status().code() == absl::StatusCode::kAlreadyExists);
  CHECK(ReadFile(folder / "code") == "ABC-DEF\n");
  CHECK(NewCodeFile::Create(folder / "no/such").status().code() == absl::StatusCode::kFailedPrecondition);

  absl::StatusOr<crypto::Secret> read = ReadCode(folder / "code");
  REQUIRE(read.ok());
  CHECK(read->RevealSecret() == "ABC-DEF\n");
  CHECK(ReadCode(folder / "missing").status().code() == absl::StatusCode::kNotFound);
  WriteFile(folder / "large", std::string(257, 'A'));
  CHECK(ReadCode(folder / "large").status().code() == absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace labyrinth::cli
