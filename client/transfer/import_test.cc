#include "client/transfer/import.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "client/transfer/chat_content.h"
#include "client/transfer/export_fixture.h"
#include "crypto/labyrinth/epoch_open.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::client {
namespace {

// A mailbox as the import sees it, in memory.
class FakeMailbox {
 public:
  absl::StatusOr<SaveReport> Save(std::span<const NewMessage> batch) {
    if (fail_after_ == 0) return absl::UnavailableError("gone");
    --fail_after_;
    CHECK(!batch.empty());
    CHECK(batch.size() <= kImportBatchMessages);
    std::size_t bytes = 0;
    std::map<std::string, int> ids;
    SaveReport report;
    for (const NewMessage& m : batch) {
      bytes += m.content.size();
      CHECK(++ids[m.message_id] == 1);
      const bool fresh = messages_.emplace(m.message_id, m).second;
      report.outcomes.push_back(fresh ? SaveOutcome::kCreated : SaveOutcome::kKeptExisting);
    }
    CHECK(bytes <= kImportBatchBytes);
    ++batches_;
    return report;
  }

  SaveBatch saver() {
    return [this](std::span<const NewMessage> batch) { return Save(batch); };
  }

  std::map<std::string, NewMessage> messages_;
  int batches_ = 0;
  int fail_after_ = -1;  // negative: never
};

crypto::ImportIds Ids() {
  crypto::SeededRandom random(7);
  return *crypto::ImportIds::Create(crypto::CreateFirstEpoch(random));
}

// Threads of these sizes, in a folder.
void WriteThreads(const TempFolder& folder, const std::vector<int>& sizes, std::size_t content_bytes = 1) {
  for (std::size_t t = 0; t < sizes.size(); ++t) {
    std::string messages;
    for (int i = 0; i < sizes[t]; ++i) {
      messages += fmt::format(R"({}{{"sender_name":"Ann","timestamp_ms":{},"content":"{}{}"}})", i == 0 ? "" : ",",
                              1000 - i, i, std::string(content_bytes, 'x'));
    }
    WriteFile(folder / fmt::format("inbox/t_{:03}/message_1.json", t),
              ThreadJson(fmt::format("Thread {}", t), messages));
  }
}

MessengerExport Open(const TempFolder& folder) {
  absl::StatusOr<MessengerExport> source = MessengerExport::Open(folder / "inbox");
  REQUIRE(source.ok());
  return *std::move(source);
}

TEST_CASE("An import saves everything once, in batches across threads") {
  TempFolder folder;
  WriteThreads(folder, {3, 250, 1, 1, 96});
  const MessengerExport source = Open(folder);
  FakeMailbox mailbox;
  ImportJournal journal;
  std::vector<uint64_t> progress;
  absl::StatusOr<ImportReport> report = ImportExport(source, Ids(), mailbox.saver(), journal, [&](uint64_t done) {
    progress.push_back(done);
    return true;
  });
  REQUIRE(report.ok());
  CHECK(report->threads == 5);
  CHECK(report->created == 351);
  CHECK(report->messages() == 351);
  CHECK(report->batches == 4);
  CHECK(std::is_sorted(progress.begin(), progress.end()));
  CHECK(progress.back() == 351);
  REQUIRE(mailbox.messages_.size() == 351);
  const NewMessage& any = mailbox.messages_.begin()->second;
  CHECK(any.thread_id.size() == 16);
  const std::optional<ChatContent> content = DecodeChatContent(any.content);
  REQUIRE(content.has_value());
  CHECK(content->sender == "Ann");
  CHECK(content->thread_title.starts_with("Thread "));

  SECTION("and again changes nothing") {
    const auto before = mailbox.messages_.size();
    report = ImportExport(source, Ids(), mailbox.saver(), journal);
    REQUIRE(report.ok());
    CHECK(report->created == 0);
    CHECK(report->existing == 351);
    CHECK(mailbox.messages_.size() == before);
  }
}

TEST_CASE("Large messages close a batch early") {
  TempFolder folder;
  WriteThreads(folder, {40}, 150'000);
  FakeMailbox mailbox;
  ImportJournal journal;
  absl::StatusOr<ImportReport> report = ImportExport(Open(folder), Ids(), mailbox.saver(), journal);
  REQUIRE(report.ok());
  CHECK(report->created == 40);
  CHECK(report->batches == 4);  // 10 of 150 kB in 1.5 MiB
}

TEST_CASE("The same message in two files of a thread is saved once") {
  TempFolder folder;
  const std::string json = ThreadJson("T", R"({"sender_name":"A","timestamp_ms":1,"content":"x"})");
  WriteFile(folder / "inbox/t_1/message_1.json", json);
  WriteFile(folder / "inbox/t_1/message_2.json", json);
  FakeMailbox mailbox;
  ImportJournal journal;
  absl::StatusOr<ImportReport> report = ImportExport(Open(folder), Ids(), mailbox.saver(), journal);
  REQUIRE(report.ok());
  CHECK(report->created == 1);
  CHECK(report->existing == 1);
}

TEST_CASE("An interrupted import resumes after its last whole file") {
  TempFolder folder;
  WriteThreads(folder, {60, 60, 60, 60});
  const std::string path = folder / "import.journal";
  const MessengerExport source = Open(folder);
  FakeMailbox mailbox;
  mailbox.fail_after_ = 2;
  {
    absl::StatusOr<ImportJournal> journal = ImportJournal::Open(path, /*resume=*/false);
    REQUIRE(journal.ok());
    CHECK(ImportExport(source, Ids(), mailbox.saver(), *journal).status().code() == absl::StatusCode::kUnavailable);
  }
  CHECK(mailbox.messages_.size() == 200);  // three files and 20 of the fourth
  struct stat info;
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);

  mailbox.fail_after_ = -1;
  mailbox.batches_ = 0;
  // A torn line, as a crash leaves it, and a foreign one.
  WriteFile(path, ReadFile(path) + "garbage\nabcd");
  absl::StatusOr<ImportJournal> journal = ImportJournal::Open(path, /*resume=*/true);
  REQUIRE(journal.ok());
  absl::StatusOr<ImportReport> report = ImportExport(source, Ids(), mailbox.saver(), *journal);
  REQUIRE(report.ok());
  CHECK(report->skipped == 180);
  CHECK(report->existing == 20);
  CHECK(report->created == 40);
  CHECK(mailbox.batches_ == 1);
  CHECK(mailbox.messages_.size() == 240);
  CHECK(stat(path.c_str(), &info) != 0);  // complete: removed
}

TEST_CASE("A journal that isn't resumed is started anew") {
  TempFolder folder;
  const std::string digest = ImportJournal::DigestOf("ids");
  {
    absl::StatusOr<ImportJournal> journal = ImportJournal::Open(folder / "j", false);
    REQUIRE(journal.ok());
    REQUIRE(journal->Add(digest).ok());
  }
  CHECK(ImportJournal::Open(folder / "j", true)->Contains(digest));
  CHECK_FALSE(ImportJournal::Open(folder / "j", false)->Contains(digest));
  CHECK_FALSE(ImportJournal::Open(folder / "j", true)->Contains(digest));
  CHECK(ImportJournal::Open(folder / "missing/j", true).status().code() == absl::StatusCode::kFailedPrecondition);
}

TEST_CASE("An import stops when it is told to") {
  TempFolder folder;
  WriteThreads(folder, {150, 150});
  FakeMailbox mailbox;
  ImportJournal journal;
  absl::StatusOr<ImportReport> report =
      ImportExport(Open(folder), Ids(), mailbox.saver(), journal, [](uint64_t) { return false; });
  CHECK(report.status().code() == absl::StatusCode::kCancelled);
  CHECK(mailbox.messages_.size() == 100);
}

}  // namespace
}  // namespace labyrinth::client
