#include "client/transfer/messenger_export.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "client/transfer/export_fixture.h"

namespace labyrinth::client {
namespace {

std::string Message(const std::string& sender, int64_t timestamp_ms, const std::string& content) {
  return fmt::format(R"({{"sender_name":"{}","timestamp_ms":{},"content":"{}","is_geoblocked_for_viewer":false}})",
                     sender, timestamp_ms, content);
}

std::vector<ExportPart> ReadAll(const std::string& path) {
  absl::StatusOr<MessengerExport> source = MessengerExport::Open(path);
  INFO(std::string(source.status().message()));
  REQUIRE(source.ok());
  std::vector<ExportPart> parts;
  absl::Status status = source->ForEachPart([&](ExportPart part) {
    parts.push_back(std::move(part));
    return absl::OkStatus();
  });
  INFO(std::string(status.message()));
  REQUIRE(status.ok());
  return parts;
}

// The only message of the only part.
ExportPart ReadOne(const std::string& message_json) {
  TempFolder folder;
  WriteFile(folder / "inbox/t_1/message_1.json", ThreadJson("T", message_json));
  std::vector<ExportPart> parts = ReadAll(folder.path());
  REQUIRE(parts.size() == 1);
  REQUIRE(parts[0].messages.size() == 1);
  return parts[0];
}

const NamedFiles& TwoThreads() {
  static const NamedFiles files = {
      {"any_root/inbox/bob_2/message_1.json",
       ThreadJson("Bob", Message("Bob", 300, "hi") + "," + Message("Ann", 200, "yo"))},
      {"any_root/inbox/ann_1/message_2.json", ThreadJson("Ann", Message("Ann", 100, "oldest"))},
      {"any_root/inbox/ann_1/message_10.json", ThreadJson("Ann", Message("Ann", 50, "older still"))},
      {"any_root/inbox/ann_1/message_1.json", ThreadJson("Ann", Message("Ann", 900, "newest"))},
      {"any_root/inbox/ann_1/photos/1.jpg", "not json"},
      {"any_root/inbox/ann_1/message_1.json.bak", "not json"},
      {"any_root/archived_threads/cy_3/message_1.json", ThreadJson("Cy", Message("Cy", 1, "x"))},
      {"any_root/autofill.json", "not json"},
  };
  return files;
}

void CheckTwoThreads(const std::vector<ExportPart>& parts) {
  REQUIRE(parts.size() == 5);
  CHECK(parts[0].thread.path == "archived_threads/cy_3");
  CHECK(parts[1].thread.path == "inbox/ann_1");
  CHECK(parts[1].messages.at(0).content == "older still");
  CHECK(parts[1].first_of_thread);
  CHECK_FALSE(parts[1].last_of_thread);
  CHECK(parts[2].messages.at(0).content == "oldest");
  CHECK_FALSE(parts[2].first_of_thread);
  CHECK(parts[3].messages.at(0).content == "newest");
  CHECK(parts[3].last_of_thread);
  CHECK(parts[4].thread.path == "inbox/bob_2");
  CHECK(parts[4].thread.title == "Bob");
  CHECK(parts[4].thread.participants == std::vector<std::string>{"Ann", "Bob"});
  REQUIRE(parts[4].messages.size() == 2);
  CHECK(parts[4].messages[0].content == "yo");
  CHECK(parts[4].messages[0].sender == "Ann");
  CHECK(parts[4].messages[0].timestamp_ms == 200);
  CHECK(parts[4].messages[1].content == "hi");
}

TEST_CASE("A folder and a zip of the same export read alike") {
  TempFolder folder;
  for (const auto& [name, bytes] : TwoThreads()) WriteFile(folder / name, bytes);
  CheckTwoThreads(ReadAll(folder.path()));
  CheckTwoThreads(ReadAll(folder / "any_root"));

  WriteZip(folder / "export.zip", TwoThreads());
  CheckTwoThreads(ReadAll(folder / "export.zip"));
}

TEST_CASE("The first pass counts without keeping") {
  TempFolder folder;
  WriteZip(folder / "export.zip", TwoThreads());
  absl::StatusOr<MessengerExport> source = MessengerExport::Open(folder / "export.zip");
  REQUIRE(source.ok());
  CHECK(source->file_count() == 5);
  std::vector<uint64_t> seen;
  absl::StatusOr<ExportSummary> summary = source->Validate([&](uint64_t done, uint64_t total) {
    CHECK(total == 5);
    seen.push_back(done);
    return true;
  });
  REQUIRE(summary.ok());
  CHECK(seen == std::vector<uint64_t>{1, 2, 3, 4, 5});
  CHECK(summary->threads == 3);
  CHECK(summary->messages == 6);
  CHECK(summary->content_bytes == 6 + 3 + 11 + 3 + 6 + 3 + 1 + 2 + 2 + 3 + 2 + 3);

  absl::StatusOr<ExportSummary> stopped = source->Validate([](uint64_t, uint64_t) { return false; });
  CHECK(stopped.status().code() == absl::StatusCode::kCancelled);
}

TEST_CASE("A thread keeps its name when its file is imported by itself") {
  TempFolder folder;
  const std::string json = ThreadJson("Ann", Message("Ann", 1, "x"), "inbox/ann_1");
  WriteFile(folder / "root/inbox/ann_1/message_1.json", json);
  WriteFile(folder / "elsewhere/chat.json", json);
  WriteFile(folder / "plain/message_1.json", ThreadJson("Ann", Message("Ann", 1, "x"), "../../etc/passwd"));
  CHECK(ReadAll(folder / "root/inbox/ann_1/message_1.json").at(0).thread.path == "inbox/ann_1");
  CHECK(ReadAll(folder / "root/inbox/ann_1").at(0).thread.path == "inbox/ann_1");
  CHECK(ReadAll(folder / "root/inbox").at(0).thread.path == "inbox/ann_1");
  CHECK(ReadAll(folder / "elsewhere/chat.json").at(0).thread.path == "inbox/ann_1");
  // A claim that isn't a thread's path is not believed.
  CHECK(ReadAll(folder / "plain").at(0).thread.path == "plain");
}

TEST_CASE("Every string is repaired; what can't be is counted") {
  TempFolder folder;
  WriteFile(
      folder / "inbox/t_1/message_1.json",
      R"({"title":"Caf\u00c3\u00a9","participants":[{"name":"J\u00c3\u00b6rg"}],"messages":[)"
      R"({"sender_name":"J\u00c3\u00b6rg","timestamp_ms":2,"content":"\u00f0\u009f\u0098\u0080 1\u00e2\u0082\u00ac"},)"
      R"({"sender_name":"J\u00c3\u00b6rg","timestamp_ms":1,"content":"caf\u00e9 \u20ac"}]})");
  const ExportPart part = ReadAll(folder.path()).at(0);
  CHECK(part.thread.title == "Café");
  CHECK(part.thread.participants == std::vector<std::string>{"Jörg"});
  CHECK(part.messages.at(1).sender == "Jörg");
  CHECK(part.messages.at(1).content == "\U0001f600 1€");
  CHECK(part.messages.at(0).content == "café €");
  CHECK(part.omissions.unrepaired_strings == 1);
}

TEST_CASE("Messages of one millisecond keep the order that they were sent in") {
  TempFolder folder;
  const auto file = [&](const std::string& messages) {
    WriteFile(folder / "inbox/t_1/message_1.json", ThreadJson("T", messages));
    std::string order;
    const auto threads = ReadAll(folder.path());
    for (const ExportMessage& m : threads.at(0).messages) order += m.content;
    return order;
  };
  // Newest first, as Messenger writes; oldest first; and one out of place.
  CHECK(file(Message("A", 9, "d") + "," + Message("A", 5, "c") + "," + Message("A", 5, "b") + "," +
             Message("A", 1, "a")) == "abcd");
  CHECK(file(Message("A", 1, "a") + "," + Message("A", 5, "b") + "," + Message("A", 5, "c") + "," +
             Message("A", 9, "d")) == "abcd");
  CHECK(file(Message("A", 9, "d") + "," + Message("A", 1, "a") + "," + Message("A", 7, "c") + "," +
             Message("A", 5, "b")) == "abcd");
  CHECK(file(Message("A", 5, "b") + "," + Message("A", 5, "a")) == "ab");
}

TEST_CASE("A repeated message is dropped and counted") {
  TempFolder folder;
  const std::string twice = Message("A", 5, "same");
  WriteFile(folder / "inbox/t_1/message_1.json",
            ThreadJson("T", twice + "," + Message("B", 5, "same") + "," + twice + "," + Message("A", 4, "same")));
  const ExportPart part = ReadAll(folder.path()).at(0);
  CHECK(part.messages.size() == 3);
  CHECK(part.omissions.repeated_messages == 1);
}

TEST_CASE("What isn't imported is named in the message and counted") {
  const ExportPart photos = ReadOne(
      R"({"sender_name":"A","timestamp_ms":1,"content":"look","photos":[{"uri":"a"},{"uri":"b"}],"videos":[{"uri":"c"}]})");
  CHECK(photos.messages[0].content == "look\n[not imported: 2 photos, 1 video]");
  CHECK(photos.omissions.photos == 2);
  CHECK(photos.omissions.videos == 1);

  const ExportPart sticker = ReadOne(R"({"sender_name":"A","timestamp_ms":1,"sticker":{"uri":"s"}})");
  CHECK(sticker.messages[0].content == "[not imported: 1 sticker]");
  CHECK(sticker.omissions.stickers == 1);

  const ExportPart call = ReadOne(R"({"sender_name":"A","timestamp_ms":1,"call_duration":61})");
  CHECK(call.messages[0].content == "[not imported: 1 call]");
  const ExportPart told =
      ReadOne(R"({"sender_name":"A","timestamp_ms":1,"call_duration":61,"content":"A called you."})");
  CHECK(told.messages[0].content == "A called you.");
  CHECK(told.omissions.calls == 1);

  const ExportPart media =
      ReadOne(R"({"sender_name":"A","timestamp_ms":1,"audio_files":[{}],"gifs":[{}],"files":[{},{}]})");
  CHECK(media.messages[0].content == "[not imported: 1 audio file, 1 GIF, 2 files]");
}

TEST_CASE("Reactions leave the content alone, so that a later export makes the same import ids") {
  const ExportPart with =
      ReadOne(R"({"sender_name":"A","timestamp_ms":1,"content":"x","reactions":[{"reaction":"y","actor":"B"}]})");
  CHECK(with.messages[0].content == "x");
  CHECK(with.omissions.reactions == 1);
  const ExportPart only = ReadOne(R"({"sender_name":"A","timestamp_ms":1,"reactions":[{"reaction":"y","actor":"B"}]})");
  CHECK(only.messages[0].content.empty());
  CHECK(only.omissions.messages_without_content == 1);
}

TEST_CASE("A shared link stands once") {
  CHECK(ReadOne(R"({"sender_name":"A","timestamp_ms":1,"content":"see","share":{"link":"https://x.example/"}})")
            .messages[0]
            .content == "see\nhttps://x.example/");
  CHECK(
      ReadOne(
          R"({"sender_name":"A","timestamp_ms":1,"content":"https://x.example/","share":{"link":"https://x.example/"}})")
          .messages[0]
          .content == "https://x.example/");
}

TEST_CASE("Missing title, sender and nulls are no error") {
  TempFolder folder;
  WriteFile(folder / "e2ee_cutover/t_1/message_1.json",
            R"({"messages":[{"timestamp_ms":1,"content":null,"photos":null}]})");
  const ExportPart part = ReadAll(folder.path()).at(0);
  CHECK(part.thread.title == "e2ee_cutover/t_1");
  CHECK(part.messages.at(0).sender.empty());
  CHECK(part.omissions.messages_without_sender == 1);
}

}  // namespace
}  // namespace labyrinth::client
