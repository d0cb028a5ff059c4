// Exports that are damaged or made to harm: each is refused with the file and the place named, and nothing is visited
// after the fault.
#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "client/transfer/export_fixture.h"
#include "client/transfer/messenger_export.h"

namespace labyrinth::client {
namespace {

using Catch::Contains;

constexpr char kGood[] = R"({"sender_name":"A","timestamp_ms":1,"content":"x"})";

std::string ErrorOf(const std::string& path, const ExportLimits& limits = {}) {
  absl::StatusOr<MessengerExport> source = MessengerExport::Open(path, limits);
  absl::Status status = source.ok() ? source->Validate().status() : source.status();
  if (status.ok()) return "no error";
  CHECK(status.code() == absl::StatusCode::kInvalidArgument);
  return std::string(status.message());
}

std::string JsonError(const std::string& json, const ExportLimits& limits = {}) {
  TempFolder folder;
  WriteFile(folder / "inbox/t_1/message_1.json", json);
  return ErrorOf(folder.path(), limits);
}

std::string MessagesError(const std::string& messages, const ExportLimits& limits = {}) {
  return JsonError(ThreadJson("T", messages), limits);
}

TEST_CASE("Wrong types and missing fields name their place") {
  const std::string at = "inbox/t_1/message_1.json: ";
  CHECK(JsonError("") == at + "not valid JSON at byte 1");
  CHECK(JsonError("[]") == at + "expected an object at the top");
  CHECK(JsonError("3") == at + "expected an object at the top");
  CHECK(JsonError("null") == at + "expected an object at the top");
  CHECK(JsonError("{}") == at + "messages: missing");
  CHECK(JsonError(R"({"messages":{}})") == at + "messages: expected an array");
  CHECK(JsonError(R"({"messages":"x"})") == at + "messages: expected an array");
  CHECK(JsonError(R"({"messages":[],"title":7})") == at + "title: expected a string");
  CHECK(JsonError(R"({"messages":[],"participants":["x"]})") == at + "participants[0]: expected an object");
  CHECK(JsonError(R"({"messages":[],"participants":[{"name":[]}]})") == at + "participants[0].name: expected a string");
  CHECK(MessagesError(kGood + std::string(",null")) == at + "messages[1]: expected an object");
  CHECK(MessagesError(R"({"sender_name":"A"})") == at + "messages[0]: timestamp_ms is missing");
  CHECK(MessagesError(R"({"timestamp_ms":"5"})") == at + "messages[0].timestamp_ms: expected a whole number");
  CHECK(MessagesError(R"({"timestamp_ms":1.5})") == at + "messages[0].timestamp_ms: expected a whole number");
  CHECK(MessagesError(R"({"timestamp_ms":1,"content":5})") == at + "messages[0].content: expected a string");
  CHECK(MessagesError(R"({"timestamp_ms":1,"photos":{}})") == at + "messages[0].photos: expected an array");
  CHECK(MessagesError(R"({"timestamp_ms":1,"share":{"link":{}}})") == at + "messages[0].share.link: expected a string");
}

TEST_CASE("Times that no calendar has are refused") {
  const char* kWhy = "messages[0].timestamp_ms: not a time from 0 to 253402300799999 (year 9999)";
  for (const char* time : {"-1", "-9223372036854775808", "253402300800000", "18446744073709551615"}) {
    CHECK_THAT(MessagesError(fmt::format(R"({{"timestamp_ms":{}}})", time)), Contains(kWhy));
  }
  CHECK(MessagesError(R"({"timestamp_ms":0},{"timestamp_ms":253402300799999})") == "no error");
}

TEST_CASE("An error text never quotes the messages") {
  const std::string error = JsonError(R"({"messages":[{"content":"my secret" oops}]})");
  CHECK_THAT(error, Contains("not valid JSON at byte"));
  CHECK_THAT(error, !Contains("secret") && !Contains("oops"));
}

TEST_CASE("Cut-off, trailing and ill-encoded JSON is refused") {
  const std::string whole = ThreadJson("T", kGood);
  for (std::size_t size = 0; size < whole.size(); size += 7) CHECK(JsonError(whole.substr(0, size)) != "no error");
  CHECK_THAT(JsonError(whole + "x"), Contains("not valid JSON"));
  CHECK_THAT(JsonError("{\"messages\":[],\"title\":\"\xff\"}"), Contains("not valid JSON"));
  CHECK_THAT(JsonError(R"({"messages":[],"title":"\ud800"})"), Contains("not valid JSON"));
  CHECK_THAT(JsonError(R"({"messages":[],"x":1e999999})"), Contains("not valid JSON"));
}

TEST_CASE("Deep nesting is refused, in fields that we read and in others") {
  const std::string deep(1'000'000, '[');
  CHECK_THAT(JsonError("{\"unknown\":" + deep), Contains("unknown: nested too deeply"));
  CHECK_THAT(MessagesError("{\"timestamp_ms\":1,\"photos\":" + deep), Contains("nested too deeply"));
}

TEST_CASE("A message that couldn't be stored is refused") {
  ExportLimits limits;
  limits.content_bytes = 10;
  CHECK(MessagesError(R"({"timestamp_ms":1,"content":"0123456789"})", limits) == "no error");
  CHECK_THAT(MessagesError(R"({"timestamp_ms":1,"content":"0123456789a"})", limits),
             Contains("messages[0]: longer than 10 bytes"));
}

TEST_CASE("A title that every message would carry is bounded") {
  CHECK(JsonError(ThreadJson(std::string(4096, 't'), kGood)) == "no error");
  CHECK_THAT(JsonError(ThreadJson(std::string(4097, 't'), kGood)), Contains("title: longer than 4096 bytes"));
}

TEST_CASE("Entries that climb out of the archive are refused and written nowhere") {
  for (const std::string name :
       {"../evil/inbox/t_1/message_1.json", "/abs/inbox/t_1/message_1.json", "a/../../inbox/t_1/message_1.json",
        "root//t_1/message_1.json", "./t_1/message_1.json", "inbox/a\\b/message_1.json"}) {
    TempFolder folder;
    std::filesystem::create_directories(folder / "here");
    WriteZip(folder / "here/export.zip", {{name, ThreadJson("T", kGood)}});
    CHECK_THAT(ErrorOf(folder / "here/export.zip"), Contains("unsafe file name"));
    CHECK(ReadTree(folder.path()).size() == 1);
  }
  // A folder's name that would drive the terminal is shown without doing so.
  TempFolder escapes;
  WriteFile(escapes / "inbox/t\x1b[2J/message_1.json", ThreadJson("T", kGood));
  CHECK_THAT(ErrorOf(escapes.path()), Contains("t\\x1b[2J/message_1.json: unsafe file name"));
  // What isn't a message file is never looked at.
  TempFolder folder;
  WriteZip(folder / "export.zip", {{"../../evil.sh", "x"}, {"inbox/t_1/message_1.json", ThreadJson("T", kGood)}});
  CHECK(ErrorOf(folder / "export.zip") == "no error");
}

TEST_CASE("A zip bomb stops at the bound") {
  TempFolder folder;
  WriteZip(folder / "bomb.zip", {{"inbox/t_1/message_1.json", std::string(200u << 20, ' ')}});
  CHECK(std::filesystem::file_size(folder / "bomb.zip") < (1u << 20));
  CHECK_THAT(ErrorOf(folder / "bomb.zip"), Contains("inbox/t_1/message_1.json: longer than 67108864 bytes"));

  // The declared size lies: both places that hold it say 10 bytes.
  std::string zip = ReadFile(folder / "bomb.zip");
  const std::string real("\x00\x00\x80\x0c", 4), lie("\x0a\x00\x00\x00", 4);
  std::size_t patched = 0;
  for (std::size_t at = 0; (at = zip.find(real, at)) != std::string::npos; ++patched) zip.replace(at, 4, lie);
  REQUIRE(patched >= 1);
  WriteFile(folder / "lie.zip", zip);
  CHECK(ErrorOf(folder / "lie.zip") != "no error");

  ExportLimits limits;
  limits.total_bytes = 150;
  WriteZip(folder / "many.zip",
           {{"inbox/a_1/message_1.json", ThreadJson("T", "")}, {"inbox/b_1/message_1.json", ThreadJson("T", "")}});
  CHECK_THAT(ErrorOf(folder / "many.zip", limits), Contains("inbox/b_1/message_1.json: longer than"));
  limits = {};
  limits.files = 1;
  CHECK_THAT(ErrorOf(folder / "many.zip", limits), Contains("more than 1 message files"));
}

TEST_CASE("Damaged, encrypted-looking and empty archives are refused") {
  TempFolder folder;
  WriteZip(folder / "good.zip", {{"inbox/t_1/message_1.json", ThreadJson("T", kGood)}});
  const std::string zip = ReadFile(folder / "good.zip");
  WriteFile(folder / "cut.zip", zip.substr(0, zip.size() / 2));
  CHECK_THAT(ErrorOf(folder / "cut.zip"), Contains("not a readable zip archive"));
  std::string flipped = zip;
  flipped[60] = static_cast<char>(flipped[60] ^ 0x55);
  WriteFile(folder / "flipped.zip", flipped);
  CHECK_THAT(ErrorOf(folder / "flipped.zip"), Contains("inbox/t_1/message_1.json: "));

  WriteZip(folder / "none.zip", {{"readme.txt", "x"}});
  CHECK_THAT(ErrorOf(folder / "none.zip"), Contains("not a Messenger export in JSON"));
  std::filesystem::create_directories(folder / "empty");
  CHECK_THAT(ErrorOf(folder / "empty"), Contains("not a Messenger export in JSON"));
  CHECK(MessengerExport::Open(folder / "missing").status().code() == absl::StatusCode::kNotFound);
}

TEST_CASE("Links and pipes by a message's name are not followed") {
  TempFolder folder;
  WriteFile(folder / "outside.json", ThreadJson("T", kGood));
  std::filesystem::create_directories(folder / "export/inbox/t_1");
  std::filesystem::create_symlink(folder / "outside.json", folder / "export/inbox/t_1/message_1.json");
  CHECK_THAT(ErrorOf(folder / "export"), Contains("not a Messenger export in JSON"));
}

TEST_CASE("A fault in the last file shows in the first pass") {
  TempFolder folder;
  WriteFile(folder / "inbox/a_1/message_1.json", ThreadJson("T", kGood));
  WriteFile(folder / "inbox/z_1/message_1.json", ThreadJson("T", R"({"timestamp_ms":-5})"));
  CHECK_THAT(ErrorOf(folder.path()), Contains("inbox/z_1/message_1.json: messages[0].timestamp_ms"));
}

}  // namespace
}  // namespace labyrinth::client
