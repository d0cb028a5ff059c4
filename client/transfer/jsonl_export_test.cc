#include "client/transfer/jsonl_export.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "client/transfer/chat_content.h"
#include "client/transfer/digest.h"
#include "client/transfer/export_fixture.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

RowClaims Row(const std::string& thread, const std::string& id, int64_t time_ms) {
  RowClaims row;
  row.thread_id = thread;
  row.message_id = id;
  row.timestamp_ms = time_ms;
  row.revision = 1;
  return row;
}

HistoryMessage Verified(const std::string& thread, const std::string& id, int64_t time_ms, const std::string& text,
                        const std::string& title = "") {
  return HistoryMessage(Row(thread, id, time_ms),
                        VerifiedBody{.content = EncodeChatContent({"Ann", text, title}), .writer = {}});
}

// Threads by id, each oldest first.
class FakeHistory final : public HistorySource {
 public:
  absl::StatusOr<Totals> GetTotals() override {
    uint64_t count = 0;
    for (const auto& [id, messages] : threads_) count += messages.size();
    return Totals{count, fmt::format("{}", count)};
  }
  absl::Status ForEachThread(Visit visit) override {
    for (const auto& [id, messages] : threads_) {
      if (absl::Status s = visit(messages.back()); !s.ok()) return s;
    }
    return absl::OkStatus();
  }
  absl::Status ForEachMessage(const std::string& thread_id, Visit visit) override {
    if (fail_after_threads_ == 0) return absl::UnavailableError("gone");
    --fail_after_threads_;
    ++walks_;
    for (const HistoryMessage& message : threads_[thread_id]) {
      if (absl::Status s = visit(message); !s.ok()) return s;
    }
    return absl::OkStatus();
  }

  absl::Status SaveAttachment(const Attachment& attachment, const RowClaims&, const std::string& path,
                              absl::FunctionRef<bool()> go_on) override {
    if (!go_on()) return absl::CancelledError("interrupted");
    ++downloads_;
    if (attachment.size_bytes == kMissing) return errors::AttachmentNotFound();
    if (attachment.size_bytes == kFalse) return absl::DataLossError("a part of it doesn't authenticate");
    WriteFile(path, std::string(attachment.size_bytes, 'f'));
    return absl::OkStatus();
  }

  static constexpr uint64_t kMissing = 404, kFalse = 666;  // by their sizes
  int downloads_ = 0;
  std::map<std::string, std::vector<HistoryMessage>> threads_;
  int fail_after_threads_ = -1;
  int walks_ = 0;
};

FakeHistory SomeHistory() {
  FakeHistory history;
  history.threads_["b"] = {Verified("b", "1", 10, "first", "Old title"),
                           Verified("b", "2", 20, "tab\tand \x7f \u009b", "Café"), Verified("b", "3", 20, "third")};
  history.threads_["a"] = {Verified("a", "4", 5, "hello", "A")};
  history.threads_[std::string(128, 'z')] = {Verified(std::string(128, 'z'), "5", 7, "long id", "Z")};
  return history;
}

std::string Sha256Hex(const std::string& bytes) {
  StreamDigest digest;
  digest.Add(bytes);
  return digest.FinishHex();
}

TEST_CASE("An export has one line a message, an index and a manifest") {
  TempFolder folder;
  FakeHistory history = SomeHistory();
  std::vector<uint64_t> progress;
  absl::StatusOr<JsonlExportReport> report =
      ExportJsonl(history, folder / "out", {}, [&](uint64_t done, uint64_t total) {
        CHECK(total == 5);
        progress.push_back(done);
        return true;
      });
  REQUIRE(report.ok());
  CHECK(report->threads == 3);
  CHECK(report->messages == 5);
  CHECK(progress.back() == 5);

  const std::map<std::string, std::string> tree = ReadTree(folder / "out");
  REQUIRE(tree.size() == 5);
  CHECK(tree.at("threads/62.jsonl") ==
        "{\"message_id\":\"31\",\"timestamp_ms\":10,\"sender\":\"Ann\",\"text\":\"first\"}\n"
        "{\"message_id\":\"32\",\"timestamp_ms\":20,\"sender\":\"Ann\",\"text\":\"tab\\tand \\u007f \\u009b\"}\n"
        "{\"message_id\":\"33\",\"timestamp_ms\":20,\"sender\":\"Ann\",\"text\":\"third\"}\n");
  std::string lines;
  for (const auto& [name, bytes] : tree) {
    if (name.starts_with("threads/")) lines += bytes;
  }
  CHECK(report->sha256 == Sha256Hex(lines));
  const auto manifest = nlohmann::json::parse(tree.at("manifest.json"));
  CHECK(manifest["format"] == "labyrinth-export/1");
  CHECK(manifest["sha256"] == report->sha256);
  CHECK(manifest["messages"] == 5);
  const std::string& index = tree.at("index.jsonl");
  const auto second = nlohmann::json::parse(
      index.substr(index.find('\n') + 1, index.find('\n', index.find('\n') + 1) - index.find('\n') - 1));
  CHECK(second["thread_id"] == "62");
  CHECK(second["title"] == "Café");  // the newest that has one
  CHECK(second["first_ms"] == 10);
  CHECK(second["last_ms"] == 20);
  CHECK(second["sha256"] == Sha256Hex(tree.at("threads/62.jsonl")));
}

TEST_CASE("Two exports of one history are the same bytes") {
  TempFolder folder;
  FakeHistory one = SomeHistory(), two = SomeHistory();
  REQUIRE(ExportJsonl(one, folder / "one").ok());
  REQUIRE(ExportJsonl(two, folder / "two").ok());
  CHECK(ReadTree(folder / "one") == ReadTree(folder / "two"));
}

TEST_CASE("What is refused or foreign is never shown as a message") {
  TempFolder folder;
  FakeHistory history;
  history.threads_["a"] = {HistoryMessage(Row("a", "1", 1), TamperedBody{Tampering::kUndecryptable}),
                           HistoryMessage(Row("a", "2", 2), ForeignBody{"\xff\x01"}),
                           HistoryMessage(Row("a", "3", 3), VerifiedBody{.content = "\xfe", .writer = {}})};
  history.threads_["b"] = {HistoryMessage(Row("b", "4", 0), TamperedBody{Tampering::kDuplicate})};
  absl::StatusOr<JsonlExportReport> report = ExportJsonl(history, folder / "out");
  REQUIRE(report.ok());
  CHECK(report->threads == 1);
  CHECK(report->messages == 2);
  CHECK(report->refused_messages == 2);
  CHECK(report->unverified_messages == 1);
  const std::map<std::string, std::string> tree = ReadTree(folder / "out");
  CHECK_FALSE(tree.contains("threads/62.jsonl"));
  CHECK(tree.at("threads/61.jsonl") ==
        "{\"message_id\":\"32\",\"timestamp_ms\":2,\"verified\":false,\"content_base64\":\"/wE=\"}\n"
        "{\"message_id\":\"33\",\"timestamp_ms\":3,\"content_base64\":\"/g==\"}\n");
}

TEST_CASE("A folder with something in it is left alone") {
  TempFolder folder;
  FakeHistory history = SomeHistory();
  WriteFile(folder / "out/mine.txt", "precious");
  for (bool resume : {false, true}) {
    CHECK(ExportJsonl(history, folder / "out", {.resume = resume}).status().code() ==
          absl::StatusCode::kFailedPrecondition);
  }
  CHECK(ReadTree(folder / "out") == std::map<std::string, std::string>{{"mine.txt", "precious"}});
  REQUIRE(ExportJsonl(history, folder / "done").ok());
  CHECK(ExportJsonl(history, folder / "done", {.resume = true}).status().code() ==
        absl::StatusCode::kFailedPrecondition);
  CHECK(ExportJsonl(history, folder / "no/such/parent").status().code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("An interrupted export resumes to the bytes of an uninterrupted one") {
  TempFolder folder;
  FakeHistory whole = SomeHistory();
  REQUIRE(ExportJsonl(whole, folder / "whole").ok());

  FakeHistory history = SomeHistory();
  history.fail_after_threads_ = 2;
  CHECK(ExportJsonl(history, folder / "out").status().code() == absl::StatusCode::kUnavailable);
  CHECK_FALSE(ReadTree(folder / "out").contains("manifest.json"));
  for (const auto& [name, bytes] : ReadTree(folder / "out")) CHECK(name.find(".partial") == std::string::npos);
  history.fail_after_threads_ = -1;
  history.walks_ = 0;

  SECTION("reading only what is missing") {
    absl::StatusOr<JsonlExportReport> report = ExportJsonl(history, folder / "out", {.resume = true});
    REQUIRE(report.ok());
    CHECK(report->reused_threads == 2);
    CHECK(history.walks_ == 1);
    CHECK(ReadTree(folder / "out") == ReadTree(folder / "whole"));
  }
  SECTION("reading a file that was damaged meanwhile again") {
    WriteFile(folder / "out/threads/61.jsonl", "{}\n");
    absl::StatusOr<JsonlExportReport> report = ExportJsonl(history, folder / "out", {.resume = true});
    REQUIRE(report.ok());
    CHECK(report->reused_threads == 1);
    CHECK(ReadTree(folder / "out") == ReadTree(folder / "whole"));
  }
  SECTION("after a second interruption") {
    history.fail_after_threads_ = 0;
    CHECK_FALSE(ExportJsonl(history, folder / "out", {.resume = true}).ok());
    history.fail_after_threads_ = -1;
    absl::StatusOr<JsonlExportReport> report = ExportJsonl(history, folder / "out", {.resume = true});
    REQUIRE(report.ok());
    CHECK(report->reused_threads == 2);
    CHECK(ReadTree(folder / "out") == ReadTree(folder / "whole"));
  }
  SECTION("reading everything again if the mailbox has changed") {
    history.threads_["b"].insert(history.threads_["b"].begin(), Verified("b", "0", 1, "imported since"));
    history.threads_.erase("a");
    history.threads_["c"] = {Verified("c", "9", 1, "new")};
    history.threads_["d"] = {Verified("d", "8", 1, "new")};
    absl::StatusOr<JsonlExportReport> report = ExportJsonl(history, folder / "out", {.resume = true});
    REQUIRE(report.ok());
    CHECK(report->reused_threads == 0);
    FakeHistory fresh = history;
    REQUIRE(ExportJsonl(fresh, folder / "fresh").ok());
    CHECK(ReadTree(folder / "out") == ReadTree(folder / "fresh"));
  }
}

TEST_CASE("An export stops when it is told to") {
  TempFolder folder;
  FakeHistory history = SomeHistory();
  CHECK(ExportJsonl(history, folder / "out", {}, [](uint64_t, uint64_t) { return false; }).status().code() ==
        absl::StatusCode::kCancelled);
}

HistoryMessage WithFiles(const std::string& id, const std::vector<std::pair<std::string, uint64_t>>& files) {
  ChatContent content{"Ann", "look", "T"};
  for (const auto& [name, size] : files) {
    content.attachments.push_back({.name = *crypto::AttachmentName::From(std::string(16, 'A')),
                                   .content_key = crypto::Secret(32),
                                   .digest = crypto::Sha256(name + id),
                                   .size_bytes = size,
                                   .file_name = name});
  }
  return HistoryMessage(Row("t", id, 1), VerifiedBody{.content = EncodeChatContent(content), .writer = {}});
}

TEST_CASE("Attachments lie beside the lines, under names that can't lead elsewhere") {
  TempFolder home;
  FakeHistory history;
  history.threads_["t"] = {WithFiles("1", {{"../../etc/a.txt", 3}, {"a.txt", FakeHistory::kMissing}}),
                           WithFiles("2", {{"b.txt", FakeHistory::kFalse}})};
  const auto report = ExportJsonl(history, home / "out");
  REQUIRE(report.ok());
  CHECK(report->attachments == 1);
  CHECK(report->missing_attachments == 1);
  CHECK(report->refused_attachments == 1);
  const std::string lines = ReadFile(home / ("out/threads/" + ToHex("t") + ".jsonl"));
  const auto line = nlohmann::json::parse(lines.substr(0, lines.find('\n')));
  const std::string file = line["attachments"][0]["file"];
  CHECK(file == "attachments/" + ToHex(crypto::Sha256("../../etc/a.txt1").view()).substr(0, 32) + "-a.txt");
  CHECK(ReadFile(home / ("out/" + file)) == "fff");
  CHECK(line["attachments"][0]["name"] == "../../etc/a.txt");
  CHECK(line["attachments"][1]["missing"] == true);
  CHECK(lines.find("doesn't authenticate") != std::string::npos);
  CHECK(lines.find("content_key") == std::string::npos);
}

TEST_CASE("A resumed export fetches no attachment twice, and removes what was left half-written") {
  TempFolder home;
  FakeHistory history = SomeHistory();
  history.threads_["t"] = {WithFiles("1", {{"a.txt", 3}}), WithFiles("2", {{"b.txt", 4}})};
  int asked = 0;
  const auto cancelled =
      ExportJsonl(history, home / "out", {}, [&](uint64_t, uint64_t) { return history.downloads_ < 1 || ++asked < 1; });
  REQUIRE(absl::IsCancelled(cancelled.status()));
  CHECK(history.downloads_ == 1);
  WriteFile(home / "out/attachments/.labyrinth-abcdef.partial", "half");
  const auto report = ExportJsonl(history, home / "out", {.resume = true});
  REQUIRE(report.ok());
  CHECK(history.downloads_ == 2);
  CHECK(report->attachments == 2);
  CHECK_FALSE(std::filesystem::exists(home / "out/attachments/.labyrinth-abcdef.partial"));
}

}  // namespace
}  // namespace labyrinth::client
