// The check of whole stores: beside a server that goes on working, and over attachments.
#include "service/check/store_check.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <random>

#include "common/limits.h"
#include "service/attachments/testing/attachment_fixture.h"
#include "service/check/testing/row_store.h"
#include "service/mailbox/caretaker.h"
#include "service/mailbox/testing/test_mailbox.h"
#include "storage/attachment_schema.h"
#include "storage/blocking.h"

namespace labyrinth::check {
namespace {

using mailbox::OnConflict;
using mailbox::SaveMessage;
using mailbox::testing::kTestNowMs;
using mailbox::testing::MakeMessage;
using mailbox::testing::TestDevice;
using mailbox::testing::TestMailbox;
using mailbox::testing::TestServer;
using testing::Findings;
using Names = std::vector<std::string>;

constexpr int64_t kHourMs = 3600 * 1000;

// Something happens before whatever the check does: between any two of its reads the mailbox is another.
class LivelyEngine final : public storage::Engine {
 public:
  // `torn`: things happen within a read as well, between its scans and its keys, which breaks the contract.
  LivelyEngine(storage::Engine& inner, std::function<void()> happen, bool torn = false)
      : inner_(inner), happen_(std::move(happen)), torn_(torn) {}
  void Read(storage::ReadRequest request, storage::ReadCallback done) override {
    happen_();
    if (!torn_ || request.keys.empty() || request.scans.empty()) {
      return inner_.Read(std::move(request), std::move(done));
    }
    absl::StatusOr<storage::ReadResult> scans =
        storage::ReadAndWait(inner_, {request.partition, {}, request.scans, request.deadline});
    happen_();
    absl::StatusOr<storage::ReadResult> keys =
        storage::ReadAndWait(inner_, {request.partition, request.keys, {}, request.deadline});
    REQUIRE((scans.ok() && keys.ok()));
    scans->values = std::move(keys->values);
    std::move(done)(std::move(scans));
  }
  void Commit(storage::CommitRequest request, storage::CommitCallback done) override {
    happen_();
    inner_.Commit(std::move(request), std::move(done));
  }
  void Due(int64_t now_ms, std::size_t limit, storage::DueCallback done) override {
    inner_.Due(now_ms, limit, std::move(done));
  }
  void ListPartitions(std::string after, std::size_t limit, storage::PartitionsCallback done) override {
    happen_();
    inner_.ListPartitions(std::move(after), limit, std::move(done));
  }

 private:
  storage::Engine& inner_;
  const std::function<void()> happen_;
  const bool torn_;
};

// A mailbox that is never left alone: saves, replacements, deletions, disappearing messages, devices, rotations, time.
class Life {
 public:
  explicit Life(uint64_t seed) : random_(seed), server_(seed), mailbox_(server_), caretaker_(server_.sequencer()) {
    mailbox_.Create();
    code_ = mailbox_.AddVirtualDevice(mailbox_.first());
    for (int i = 0; i < 60; ++i) Step();
  }

  void Step() {
    switch (random_() % 16) {
      case 0:
      case 1:
        Delete();
        break;
      case 2:
        server_.clock().Advance(static_cast<int64_t>(random_() % (2 * kHourMs)));
        break;
      case 3:
        caretaker_.Wake(mailbox_.partition(), absl::InfiniteFuture(), [](const absl::Status&) {});
        server_.Settle();
        break;
      case 4:
        if (random_() % 8 == 0 && devices_ < 12) {
          ++devices_;
          const TestDevice added = mailbox_.AddDevice(*code_);
          if (random_() % 2 == 0) mailbox_.Rotate(mailbox_.first(), {added.id});
        }
        break;
      default:
        Save();
    }
  }
  void MaybeStep() {
    if (!quiet && random_() % 2 == 0) Step();
  }

  TestServer& server() { return server_; }
  TestMailbox& mailbox() { return mailbox_; }
  bool quiet = false;

 private:
  std::string AnyId() { return fmt::format("m{}", random_() % 80); }
  void Save() {
    std::vector<SaveMessage> messages;
    const std::string id = AnyId();
    // An id's thread and time are always the same, or a replacement would be refused.
    const uint64_t number = std::stoul(id.substr(1));
    messages.push_back(MakeMessage(id, fmt::format("t{}", number % 5), static_cast<int64_t>(number * 7 % 50),
                                   std::string(1 + random_() % 40, 'x'),
                                   number % 3 == 0 ? server_.now_ms() + kHourMs : 0));
    // WAS_DELETED and the like are outcomes; a refusal leaves things as they were.
    (void)server_.Do(mailbox_.Save(mailbox_.first(), std::move(messages), OnConflict::kReplace));
  }
  void Delete() { (void)server_.Do(mailbox::DeleteRequest{mailbox_.CallerOf(mailbox_.first()), {AnyId(), AnyId()}}); }

  std::mt19937_64 random_;
  TestServer server_;
  TestMailbox mailbox_;
  mailbox::Caretaker caretaker_;
  std::optional<TestDevice> code_;
  int devices_ = 0;
};

TEST_CASE("a mailbox that changes between any two reads of a check has no finding, whatever the pages' size") {
  for (const uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    for (const std::size_t rows : {std::size_t{1}, std::size_t{3}, std::size_t{256}}) {
      INFO("seed " << seed << ", pages of " << rows);
      Life life(seed);
      LivelyEngine engine(life.server().store(), [&] { life.MaybeStep(); });
      storage::MemoryBlobStore blobs;
      Options options;
      options.page_rows = rows;
      options.sum_rows = rows == 256 ? options.sum_rows : rows;
      Findings findings;
      const auto summary = CheckStore(engine, blobs, options, findings, life.server().now_ms());
      REQUIRE(summary.ok());
      CHECK(findings.Names() == Names{});
      CHECK(summary->mailboxes == 1);
      CHECK(summary->rows > 100);
      // What fits into one moment is always judged.
      if (rows == 256) CHECK(summary->unjudged == 0);
    }
  }
}

TEST_CASE("control: over an engine whose reads see two moments the same check has findings") {
  std::size_t findings_count = 0;
  for (const uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    Life life(seed);
    LivelyEngine engine(
        life.server().store(), [&] { life.MaybeStep(); }, /*torn=*/true);
    storage::MemoryBlobStore blobs;
    Options options;
    options.page_rows = 3;
    Findings findings;
    REQUIRE(CheckStore(engine, blobs, options, findings, life.server().now_ms()).ok());
    findings_count += findings.all.size();
  }
  CHECK(findings_count > 3);
}

TEST_CASE("what is damaged is repaired while the mailbox changes, and nothing else is touched") {
  for (const uint64_t seed : {11, 12, 13, 14}) {
    INFO("seed " << seed);
    Life life(seed);
    const std::string& partition = life.mailbox().partition();
    // Some rows of each index are lost.
    std::vector<storage::Write> losses;
    int n = 0;
    for (const auto& [key, value] : life.server().Rows(partition)) {
      const bool index = key[0] == 0x12 || key[0] == 0x21 || key[0] == 0x23 || key[0] == 0x32 || key[0] == 0x34;
      if (index && ++n % 4 == 0) losses.push_back({key, std::nullopt});
    }
    REQUIRE(losses.size() > 5);
    life.server().Overwrite(partition, losses);
    LivelyEngine engine(life.server().store(), [&] { life.MaybeStep(); });
    storage::MemoryBlobStore blobs;
    Findings findings;
    Options options;
    options.repair = true;
    const auto summary = CheckStore(engine, blobs, options, findings, life.server().now_ms());
    REQUIRE(summary.ok());
    CHECK(summary->repaired > 0);
    CHECK(summary->repaired == summary->findings);
    CHECK(summary->repaired <= losses.size() + 2);  // and the wake time, perhaps
    life.quiet = true;
    Findings left;
    REQUIRE(CheckStore(engine, blobs, {}, left, life.server().now_ms()).ok());
    CHECK(left.Names() == Names{});
  }
}

TEST_CASE("a mailbox that the engine wakes at another time than it says is found and put right") {
  Life life(21);
  const std::string& partition = life.mailbox().partition();
  storage::CommitRequest commit;
  commit.partition = partition;
  commit.expect = life.server().PositionOf(partition);
  commit.writes = {{storage::keys::Head(), life.server().RowAt(partition, storage::keys::Head())}};
  commit.wake_at_ms = 0;
  life.server().store().Commit(commit, [](storage::CommitResult result) {
    REQUIRE(result.outcome == storage::CommitResult::Outcome::kCommitted);
  });
  storage::MemoryBlobStore blobs;
  for (const bool repair : {false, true}) {
    Findings findings;
    Options options;
    options.repair = repair;
    REQUIRE(CheckStore(life.server().store(), blobs, options, findings, kTestNowMs).ok());
    CHECK(findings.Names() == Names{"wake_time_differs"});
  }
  Findings left;
  REQUIRE(CheckStore(life.server().store(), blobs, {}, left, kTestNowMs).ok());
  CHECK(left.Names() == Names{});
}

// --- Attachments -----------------------------------------------------------------------------------------------------

namespace keys = storage::attachment_keys;
using attachments::testing::AttachmentFixture;

struct Attached : AttachmentFixture {
  Attached() {
    const std::string ticket = Upload(std::string(1000, 'x'));
    blob = tickets.OpenUpload(ticket)->blob;
    REQUIRE(Attach(ClaimOf("A"), ticket).ok());
    for (int byte = 0; byte < 256; ++byte) {
      const std::string partition = "attref-" + ToHex(std::string(1, static_cast<char>(byte)));
      for (const auto& [key, value] : server.Rows(partition)) {
        if (key[0] == 0x02) index = *storage::AttachmentIndex::From(key.substr(1));
      }
    }
    references_part = keys::ReferencePartition(index);
    blobs_part = keys::BlobPartition(blob);
  }
  std::vector<Finding> Check(bool repair = false) {
    Findings findings;
    Options options;
    options.repair = repair;
    REQUIRE(CheckStore(server.store(), blobs, options, findings, server.now_ms()).ok());
    return findings.all;
  }
  std::string Row(const std::string& partition, const std::string& key) { return *server.RowAt(partition, key); }
  template <typename Record>
  void Change(const std::string& partition, const std::string& key, const std::function<void(Record&)>& change) {
    auto record = server.Find<Record>(partition, key);
    REQUIRE(record.has_value());
    change(*record);
    server.Overwrite(partition, {{key, record->SerializeAsString()}});
  }

  storage::AttachmentBlob blob;
  storage::AttachmentIndex index;
  std::string references_part, blobs_part;
};

Names NamesOf(const std::vector<Finding>& findings) {
  Names names;
  for (const Finding& finding : findings) names.emplace_back(finding.name);
  return names;
}

TEST_CASE("each rule of attachments, broken by hand, is exactly what is found") {
  struct Case {
    std::string name;
    std::function<void(Attached&)> damage;
    bool repairable;
  };
  const Case cases[] = {
      {"reference_without_blob",
       [](Attached& f) {
         f.server.Overwrite(f.blobs_part, {{keys::BackReference(f.blob, f.index), std::nullopt}});
         f.Change<storage_v1::BlobRecord>(f.blobs_part, keys::Blob(f.blob),
                                          [](auto& blob) { blob.set_reference_count(0); });
         for (const auto& [key, value] : f.server.Rows(f.blobs_part)) {
           if (key[0] == 0x03) f.server.Overwrite(f.blobs_part, {{key, std::nullopt}});
         }
       },
       false},
      {"reference_unreadable",
       [](Attached& f) {
         f.server.Overwrite(f.references_part, {{keys::Reference(f.index), "\xff"}});
       },
       false},
      {"due_mark_missing",
       [](Attached& f) {
         for (const auto& [key, value] : f.server.Rows(f.references_part)) {
           if (key[0] == 0x03) f.server.Overwrite(f.references_part, {{key, std::nullopt}});
         }
       },
       true},
      {"due_mark_stray",
       [](Attached& f) {
         storage_v1::Mark mark;
         mark.set_version(1);
         f.server.Overwrite(f.references_part,
                            {{keys::ReferenceDue(INT64_C(1) << 46, f.index), mark.SerializeAsString()}});
       },
       true},
      {"reference_count_wrong",
       [](Attached& f) {
         f.Change<storage_v1::BlobRecord>(f.blobs_part, keys::Blob(f.blob),
                                          [](auto& blob) { blob.set_reference_count(7); });
       },
       true},
      {"blob_unreadable",
       [](Attached& f) {
         f.server.Overwrite(f.blobs_part, {{keys::Blob(f.blob), "\xff"}});
       },
       false},
      {"blob_bytes_missing",
       [](Attached& f) { f.blobs.Delete(f.blob, absl::InfiniteFuture(), [](const absl::Status&) {}); }, false},
      {"wake_time_late",
       [](Attached& f) {
         f.Change<storage_v1::AttachmentHead>(f.references_part, keys::Head(),
                                              [](auto& head) { head.set_wake_at_ms(0); });
       },
       true},
  };
  CHECK(NamesOf(Attached().Check()) == Names{});
  for (const Case& one : cases) {
    INFO(one.name);
    Attached f;
    one.damage(f);
    Names found = NamesOf(f.Check());
    // A blob that can't be read has lost its reference too.
    std::erase_if(found,
                  [&](const auto& name) { return one.name == "blob_unreadable" && name == "reference_without_blob"; });
    CHECK(found == Names{one.name});
    CHECK_FALSE(Explain(one.name).empty());
    f.Check(/*repair=*/true);
    CHECK(NamesOf(f.Check()).empty() == one.repairable);
  }
}

}  // namespace
}  // namespace labyrinth::check
