#include "service/attachments/uploads.h"

#include <catch2/catch.hpp>

#include "service/attachments/testing/attachment_fixture.h"

namespace labyrinth::attachments {
namespace {

using mailbox::testing::ReasonIn;
using testing::kChunk;
using testing::kHourMs;
using testing::TestDevice;
using Fixture = testing::AttachmentFixture;

TEST_CASE("an upload is prepared, sent in chunks, and complete") {
  Fixture f;
  const std::string content = f.server.random().Bytes(2 * kChunk + 5);
  const auto prepared = f.Prepare(content.size());
  REQUIRE(prepared.ok());
  CHECK(prepared->committed_bytes == 0);
  CHECK(prepared->expire_ms == testing::kTestNowMs + limits::kUploadTicketTtlMs);
  CHECK(f.Rows() == 2);  // its row, and its deadline's
  CHECK(*f.Send(prepared->ticket, content) == content.size());
  CHECK(f.blobs.size() == 1);
  CHECK(f.BytesOf(prepared->ticket) == content);
  CHECK(f.Resume(prepared->ticket)->committed_bytes == content.size());
}

TEST_CASE("a broken upload goes on from what is committed, with the same ticket") {
  Fixture f;
  const std::string content = f.server.random().Bytes(3 * kChunk);
  const std::string ticket = f.Prepare(content.size())->ticket;
  {
    const auto hold = f.uploads.Open(ticket);
    REQUIRE(hold.ok());
    REQUIRE(*f.Add(*hold, 0, 0, content.substr(0, kChunk)) == kChunk);
  }
  const auto resumed = f.Resume(ticket, content.size());
  REQUIRE(resumed.ok());
  CHECK(resumed->committed_bytes == kChunk);
  CHECK(resumed->ticket == ticket);
  CHECK(ReasonIn(f.Resume(ticket, content.size() + 1)) == Reason::kInvalidField);
  CHECK(*f.Send(ticket, content) == content.size());
  CHECK(f.BytesOf(ticket) == content);
}

TEST_CASE("chunks that aren't the next one are refused, and nothing of them is stored") {
  Fixture f;
  const uint64_t size = kChunk + 10;
  const std::string ticket = f.Prepare(size)->ticket;
  const auto hold = f.uploads.Open(ticket);
  REQUIRE(hold.ok());
  const std::string chunk(kChunk, 'x');
  CHECK(ReasonIn(f.Add(*hold, 0, kChunk, chunk)) == Reason::kInvalidField);       // a gap
  CHECK(ReasonIn(f.Add(*hold, 0, 0, chunk.substr(1))) == Reason::kInvalidField);  // short of a chunk
  CHECK(ReasonIn(f.Add(*hold, 0, 0, chunk + "x")) == Reason::kInvalidField);      // more than a chunk
  CHECK(f.blobs.size() == 0);
  REQUIRE(f.Add(*hold, 0, 0, chunk).ok());
  CHECK(ReasonIn(f.Add(*hold, kChunk, 0, chunk)) == Reason::kInvalidField);                      // again
  CHECK(ReasonIn(f.Add(*hold, kChunk, kChunk, std::string(11, 'x'))) == Reason::kInvalidField);  // beyond the size
  CHECK(ReasonIn(f.Add(*hold, kChunk, kChunk, std::string(9, 'x'))) == Reason::kInvalidField);   // short of it
  REQUIRE(f.Add(*hold, kChunk, kChunk, std::string(10, 'x')).ok());
  CHECK(ReasonIn(f.Add(*hold, size, size, "x")) == Reason::kInvalidField);  // it is complete
  CHECK(f.BytesOf(ticket).size() == size);
}

TEST_CASE("another node's different chunk at the same place is told as a wrong offset") {
  Fixture f;
  const std::string ticket = f.Prepare(kChunk)->ticket;
  const auto hold = f.uploads.Open(ticket);
  REQUIRE(hold.ok());
  f.blobs.PutChunk(hold->ticket().blob, 0, std::string(kChunk, 'y'), f.Deadline(), [](auto) {});
  CHECK(ReasonIn(f.Add(*hold, 0, 0, std::string(kChunk, 'x'))) == Reason::kInvalidField);
}

TEST_CASE("one stream at a time has an upload, and a node so many streams") {
  Fixture f;
  const std::string ticket = f.Prepare(10)->ticket;
  {
    auto first = f.uploads.Open(ticket);
    REQUIRE(first.ok());
    CHECK(ReasonIn(f.uploads.Open(ticket)) == Reason::kRateLimited);
    const Uploads::Hold moved = *std::move(first);
    CHECK(ReasonIn(f.uploads.Open(ticket)) == Reason::kRateLimited);
  }
  std::vector<Uploads::Hold> holds;
  for (uint32_t i = 0; i < limits::kUploadStreams; ++i) {
    auto hold = f.uploads.Open(f.Prepare(10)->ticket);
    REQUIRE(hold.ok());
    holds.push_back(*std::move(hold));
  }
  CHECK(ReasonIn(f.uploads.Open(ticket)) == Reason::kRateLimited);
  holds.clear();
  CHECK(f.uploads.Open(ticket).ok());
}

TEST_CASE("only members prepare uploads") {
  Fixture f;
  const auto device = f.mailbox.AddDevice(f.mailbox.AddVirtualDevice(f.mailbox.first()));
  f.mailbox.Revoke(f.mailbox.first(), device.id);
  const auto refused = f.server.Ask<PreparedUpload>(
      [&](auto done) { f.uploads.Prepare(f.mailbox.CallerOf(device), 10, f.Deadline(), std::move(done)); });
  CHECK(ReasonIn(refused) == Reason::kDeviceRevoked);
  const std::string ticket = f.Prepare(10)->ticket;
  const auto resumed = f.server.Ask<PreparedUpload>(
      [&](auto done) { f.uploads.Resume(f.mailbox.CallerOf(device), ticket, 0, f.Deadline(), std::move(done)); });
  CHECK(ReasonIn(resumed) == Reason::kDeviceRevoked);
}

TEST_CASE("an upload ends with its ticket") {
  Fixture f;
  const std::string ticket = f.Prepare(2 * kChunk)->ticket;
  const auto hold = f.uploads.Open(ticket);
  REQUIRE(hold.ok());
  REQUIRE(f.Add(*hold, 0, 0, std::string(kChunk, 'x')).ok());
  f.Pass(limits::kUploadTicketTtlMs);
  CHECK(ReasonIn(f.Add(*hold, kChunk, kChunk, std::string(kChunk, 'x'))) == Reason::kTicketExpired);
  CHECK(ReasonIn(f.uploads.Open(ticket)) == Reason::kTicketExpired);
  CHECK(ReasonIn(f.Resume(ticket)) == Reason::kTicketExpired);
  CHECK(ReasonOf(f.Attach(f.ClaimOf("a"), ticket)) == Reason::kTicketExpired);
}

TEST_CASE("what nobody attached by its deadline is swept, rows and bytes") {
  Fixture f;
  f.Upload(std::string(10, 'x'));
  const std::string begun = f.Prepare(2 * kChunk)->ticket;
  REQUIRE(f.Prepare(1).ok());  // never sent
  f.Pass(limits::kUploadTicketTtlMs - 1);
  f.Sweep();
  CHECK(f.blobs.size() == 1);
  CHECK(f.Resume(begun).ok());
  f.Pass(kDayMs + kHourMs + 1);
  f.Sweep();
  CHECK(f.blobs.size() == 0);
  f.Pass(kHourMs);
  f.Sweep();
  CHECK(f.Rows() == 0);
  CHECK(f.Due().empty());
}

TEST_CASE("a blob's row says on which day it was made, no more") {
  Fixture f;
  const std::string ticket = f.Prepare(10)->ticket;
  const storage::AttachmentBlob name = f.tickets.OpenUpload(ticket)->blob;
  const auto row = f.server.Find<storage_v1::BlobRecord>(storage::attachment_keys::BlobPartition(name),
                                                         storage::attachment_keys::Blob(name));
  REQUIRE(row.has_value());
  CHECK(row->deadline_ms() % kDayMs == 0);
  CHECK(row->deadline_ms() >= f.tickets.OpenUpload(ticket)->deadline_ms);
}

TEST_CASE("who isn't a member uses up nothing of the mailbox's allowance, and members no more than it") {
  Fixture f;
  const TestDevice second = f.mailbox.AddDevice(f.mailbox.AddVirtualDevice(f.mailbox.first()));
  const auto removed = f.mailbox.CallerOf(second);
  f.mailbox.Revoke(f.mailbox.first(), second.id);
  for (uint32_t i = 0; i < limits::kUploadsPerHour; ++i) {
    const auto refused =
        f.server.Ask<PreparedUpload>([&](auto done) { f.uploads.Prepare(removed, 1, f.Deadline(), std::move(done)); });
    REQUIRE(ReasonIn(refused) == Reason::kDeviceRevoked);
  }
  for (uint32_t i = 0; i < limits::kUploadsPerHour; ++i) REQUIRE(f.Prepare(1).ok());
  CHECK(ReasonIn(f.Prepare(1)) == Reason::kRateLimited);
  f.Pass(limits::kUploadWindowMs);
  CHECK(f.Prepare(1).ok());
}

TEST_CASE("bytes that arrived after the deletion are deleted with the row") {
  Fixture f;
  const std::string ticket = f.Prepare(10)->ticket;
  const storage::BlobName name = f.uploads.Open(ticket)->ticket().blob;
  f.Pass(limits::kUploadTicketTtlMs + kDayMs + kHourMs);
  f.Sweep();
  f.blobs.PutChunk(name, 0, "late", f.Deadline(), [](auto) {});  // one of unknown outcome
  f.Pass(kHourMs);
  f.Sweep();
  CHECK(f.blobs.size() == 0);
  CHECK(f.Rows() == 0);
}

TEST_CASE("a sweep that failed leaves its partition due, and the bytes go with the row at the latest") {
  Fixture f;
  f.Upload("content");
  f.Pass(limits::kUploadTicketTtlMs + kDayMs + kHourMs);
  f.blob_faults.ScriptDeletes({storage::BlobFault::kFail});
  REQUIRE(f.Due().size() == 1);
  const auto sweep = [&] {
    return f.Do([&](auto done) { f.sweeper.Wake(f.Due().front(), f.Deadline(), std::move(done)); });
  };
  CHECK(ReasonOf(sweep()) == Reason::kEngineUnavailable);
  CHECK(f.Due().size() == 1);
  CHECK(sweep().ok());
  CHECK(f.Due().empty());
  f.Pass(kHourMs);
  f.Sweep();
  CHECK(f.blobs.size() == 0);
  CHECK(f.Rows() == 0);
}

TEST_CASE("the sweeper owns partitions of attachments alone") {
  Fixture f;
  CHECK(f.sweeper.Owns("attref-00"));
  CHECK(f.sweeper.Owns("attblob-ff"));
  CHECK_FALSE(f.sweeper.Owns("server"));
  CHECK_FALSE(f.sweeper.Owns(f.mailbox.partition()));
  const absl::Status refused = f.Do([&](auto done) { f.sweeper.Wake("server", f.Deadline(), std::move(done)); });
  CHECK(absl::IsInvalidArgument(refused));
}

}  // namespace
}  // namespace labyrinth::attachments
