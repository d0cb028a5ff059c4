#include "service/attachments/references.h"

#include <catch2/catch.hpp>

#include "service/attachments/testing/attachment_fixture.h"

namespace labyrinth::attachments {
namespace {

using mailbox::testing::ReasonIn;
using storage::CommitFault;
using testing::kChunk;
using testing::kHourMs;
using testing::kTestNowMs;
using testing::TestDevice;
using Fixture = testing::AttachmentFixture;

constexpr int64_t kLeaseMs = int64_t{limits::kAttachmentLeaseDays} * kDayMs;

void FailCommit(Fixture& f, int index) {
  if (index == 0) f.server.faults().ScriptCommits({CommitFault::kFail});
  if (index == 1) f.server.faults().ScriptCommits({CommitFault::kNone, CommitFault::kFail});
}

TEST_CASE("what was attached is had by every device of the mailbox, and by no other") {
  Fixture f;
  const std::string content = f.server.random().Bytes(2 * kChunk + 1);
  REQUIRE(f.Attach(f.ClaimOf("a"), f.Upload(content)).ok());
  CHECK(*f.Download(f.ClaimOf("a")) == content);
  const auto prepared = f.Locate(f.Me(), f.ClaimOf("a"));
  REQUIRE(prepared.ok());
  CHECK(prepared->size_bytes == content.size());
  CHECK(prepared->sealed_name == "name");
  CHECK(prepared->expire_ms == kTestNowMs + limits::kDownloadTicketTtlMs);

  const TestDevice second = f.mailbox.AddDevice(f.mailbox.AddVirtualDevice(f.mailbox.first()));
  CHECK(*f.Download(f.mailbox.CallerOf(second), Fixture::ClaimOf(second, "a")) == content);
  // Another mailbox with the same thread, message and name.
  mailbox::testing::TestMailbox other(f.server, "account-2");
  other.Create();
  other.MustSave(other.first(), {mailbox::testing::MakeMessage("m", "t", 1)});
  CHECK(ReasonIn(f.Download(other.CallerOf(other.first()), Fixture::ClaimOf(other.first(), "a"))) ==
        Reason::kAttachmentNotFound);
  // The first mailbox's points, from the other's device.
  CHECK(ReasonIn(f.Download(other.CallerOf(other.first()), f.ClaimOf("a"))) == Reason::kAttachmentNotFound);
}

TEST_CASE("every wrong claim has the one answer") {
  Fixture f;
  f.Save("m2", "t");
  f.Save("m3", "t2");
  REQUIRE(f.Attach(f.ClaimOf("a"), f.Upload("content")).ok());
  const auto reason = [&](Claim claim) { return ReasonIn(f.Download(std::move(claim))); };
  CHECK(reason(f.ClaimOf("b")) == Reason::kAttachmentNotFound);             // another name
  CHECK(reason(f.ClaimOf("a", "t", "m2")) == Reason::kAttachmentNotFound);  // another live message
  CHECK(reason(f.ClaimOf("a", "t2", "m3")) == Reason::kAttachmentNotFound);
  CHECK(reason(f.ClaimOf("a", "t2", "m")) == Reason::kAttachmentNotFound);  // the message in another thread
  CHECK(reason(f.ClaimOf("a", "none", "m")) == Reason::kAttachmentNotFound);
  CHECK(reason(f.ClaimOf("a", "t", "none")) == Reason::kAttachmentNotFound);
  Claim mixed = f.ClaimOf("a");
  mixed.mac_point = f.ClaimOf("b").mac_point;
  CHECK(reason(mixed) == Reason::kAttachmentNotFound);
  Claim swapped = f.ClaimOf("a");
  std::swap(swapped.point, swapped.mac_point);
  CHECK(reason(swapped) == Reason::kAttachmentNotFound);
  CHECK(reason(f.ClaimOf("a")) == std::nullopt);
}

TEST_CASE("only a complete upload is attached, and only to a message that is there") {
  Fixture f;
  const std::string content(2 * kChunk, 'x');
  const std::string ticket = f.Prepare(content.size())->ticket;
  CHECK(ReasonOf(f.Attach(f.ClaimOf("a"), ticket)) == Reason::kAttachmentNotFound);
  {
    const auto hold = f.uploads.Open(ticket);
    REQUIRE(f.Add(*hold, 0, 0, content.substr(0, kChunk)).ok());
  }
  CHECK(ReasonOf(f.Attach(f.ClaimOf("a"), ticket)) == Reason::kAttachmentNotFound);
  REQUIRE(f.Send(ticket, content).ok());
  const std::size_t rows = f.Rows();
  CHECK(ReasonOf(f.Attach(f.ClaimOf("a", "t", "none"), ticket)) == Reason::kAttachmentNotFound);
  CHECK(ReasonOf(f.Attach(f.ClaimOf("a", "none", "m"), ticket)) == Reason::kAttachmentNotFound);
  CHECK(f.Rows() == rows);  // nothing was written for any of them
  CHECK(f.Attach(f.ClaimOf("a"), ticket).ok());
}

TEST_CASE("attaching again is fine, and the name stays the first one's") {
  Fixture f;
  const std::string ticket = f.Upload("content");
  REQUIRE(f.Attach(f.Me(), f.ClaimOf("a"), ticket, "first").ok());
  const std::size_t rows = f.Rows();
  REQUIRE(f.Attach(f.Me(), f.ClaimOf("a"), ticket, "second").ok());
  CHECK(f.Rows() == rows);
  CHECK(f.Locate(f.Me(), f.ClaimOf("a"))->sealed_name == "first");
}

TEST_CASE("a point that names one upload takes no other, nor another message") {
  Fixture f;
  f.Save("m2", "t");
  REQUIRE(f.Attach(f.ClaimOf("a"), f.Upload("content")).ok());
  const std::size_t rows = f.Rows();
  CHECK(ReasonOf(f.Attach(f.ClaimOf("a"), f.Upload("other"))) == Reason::kAttachmentNotFound);
  CHECK(f.Rows() == rows + 2);  // the other upload's own
  CHECK(ReasonOf(f.Attach(f.ClaimOf("a", "t", "m2"), f.Upload("other"))) == Reason::kAttachmentNotFound);
  CHECK(*f.Download(f.ClaimOf("a")) == "content");
}

TEST_CASE("one upload serves several mailboxes; deleting one reference keeps the others, the last frees the bytes") {
  Fixture f;
  mailbox::testing::TestMailbox other(f.server, "account-2");
  other.Create();
  other.MustSave(other.first(), {mailbox::testing::MakeMessage("m", "t", 1)});
  const auto theirs = other.CallerOf(other.first());
  const std::string ticket = f.Upload("content");
  REQUIRE(f.Attach(f.ClaimOf("a"), ticket).ok());
  REQUIRE(f.Attach(theirs, Fixture::ClaimOf(other.first(), "b"), ticket).ok());
  f.DeleteMessage("m");
  REQUIRE(f.Delete({f.ClaimOf("a")}).ok());
  CHECK(f.blobs.size() == 1);
  CHECK(*f.Download(theirs, Fixture::ClaimOf(other.first(), "b")) == "content");
  f.Pass(limits::kUploadTicketTtlMs + kHourMs);  // its upload's deadline is nothing to it any more
  f.Sweep();
  CHECK(*f.Download(theirs, Fixture::ClaimOf(other.first(), "b")) == "content");

  const std::string key = storage::keys::MessageLocation("m");
  auto location = f.server.Find<storage_v1::MessageLocation>(other.partition(), key);
  location->set_deleted_ms(1);
  f.server.Overwrite(other.partition(), {{key, location->SerializeAsString()}});
  const absl::Status deleted = f.Do([&](auto done) {
    f.references.Delete(theirs, {Fixture::ClaimOf(other.first(), "b")}, f.Deadline(), std::move(done));
  });
  REQUIRE(deleted.ok());
  CHECK(f.blobs.size() == 0);
  f.Pass(kHourMs);
  f.Sweep();
  CHECK(f.Rows() == 0);
  CHECK(f.Due().empty());
}

TEST_CASE("a reference is deleted only once its message is gone") {
  Fixture f;
  REQUIRE(f.Attach(f.ClaimOf("a"), f.Upload("content")).ok());
  CHECK(f.Delete({f.ClaimOf("a")}).ok());
  CHECK(*f.Download(f.ClaimOf("a")) == "content");
  // Neither by a claim on a message that never was, for it isn't the one of its tag.
  CHECK(f.Delete({f.ClaimOf("a", "t", "none"), f.ClaimOf("none", "t", "none")}).ok());
  CHECK(*f.Download(f.ClaimOf("a")) == "content");

  f.DeleteMessage("m");
  CHECK(ReasonIn(f.Download(f.ClaimOf("a"))) == Reason::kAttachmentNotFound);  // at once
  CHECK(f.blobs.size() == 1);
  CHECK(f.Delete({f.ClaimOf("b"), f.ClaimOf("a")}).ok());
  CHECK(f.blobs.size() == 0);
  CHECK(f.Delete({f.ClaimOf("a")}).ok());  // again
}

TEST_CASE("what is being deleted takes no new reference") {
  Fixture f;
  const std::string ticket = f.Upload("content");
  REQUIRE(f.Attach(f.ClaimOf("a"), ticket).ok());
  f.DeleteMessage("m");
  REQUIRE(f.Delete({f.ClaimOf("a")}).ok());
  f.Save("m9", "t");
  CHECK(ReasonOf(f.Attach(f.ClaimOf("b", "t", "m9"), ticket)) == Reason::kAttachmentNotFound);  // the bytes are gone
  CHECK(ReasonIn(f.Resume(ticket)) == Reason::kAttachmentNotFound);
  CHECK(ReasonOf(f.Attach(f.ClaimOf("a", "t", "m9"), f.Upload("content"))) == Reason::kAttachmentNotFound);
  f.Pass(kHourMs);
  f.Sweep();
  CHECK(f.Attach(f.ClaimOf("a", "t", "m9"), f.Upload("content")).ok());
}

TEST_CASE("an expired message's attachment is unreachable at once, and its bytes go within a day") {
  Fixture f;
  const int64_t expire_ms = kTestNowMs + 5 * kHourMs;
  f.Save("brief", "t", expire_ms);
  REQUIRE(f.Attach(f.ClaimOf("a", "t", "brief"), f.Upload("content")).ok());
  f.server.clock().Set(expire_ms - 1);
  CHECK(f.Download(f.ClaimOf("a", "t", "brief")).ok());
  f.server.clock().Set(expire_ms);
  CHECK(ReasonIn(f.Download(f.ClaimOf("a", "t", "brief"))) == Reason::kAttachmentNotFound);
  CHECK(ReasonOf(f.Attach(f.ClaimOf("b", "t", "brief"), f.Upload("x"))) == Reason::kAttachmentNotFound);
  f.Pass(kDayMs);
  f.Sweep();
  CHECK(f.blobs.size() == 1);  // the other upload, which waits for its deadline
}

TEST_CASE("a lease ends after two years without a download, and then everything goes") {
  Fixture f;
  REQUIRE(f.Attach(f.ClaimOf("a"), f.Upload("content")).ok());
  f.Pass(kLeaseMs - kDayMs);
  f.Sweep();
  CHECK(f.blobs.size() == 1);
  f.Pass(kDayMs);
  CHECK(ReasonIn(f.Download(f.ClaimOf("a"))) == Reason::kAttachmentNotFound);  // swept or not
  f.Sweep();
  CHECK(f.blobs.size() == 0);
  f.Pass(kHourMs);
  f.Sweep();
  CHECK(f.Rows() == 0);
  CHECK(f.Due().empty());
}

TEST_CASE("a download renews the lease, but doesn't tell of itself more often than once a month") {
  Fixture f;
  REQUIRE(f.Attach(f.ClaimOf("a"), f.Upload("content")).ok());
  f.Pass(kDayMs);
  f.Sweep();  // what was announced is confirmed
  const std::size_t commits = f.server.faults().commits_seen();
  f.Pass(28 * kDayMs);
  REQUIRE(f.Download(f.ClaimOf("a")).ok());
  CHECK(f.server.faults().commits_seen() == commits);
  f.Pass(kDayMs);
  REQUIRE(f.Download(f.ClaimOf("a")).ok());
  CHECK(f.server.faults().commits_seen() == commits + 1);
  f.Pass(kLeaseMs - kDayMs);
  f.Sweep();
  CHECK(f.Download(f.ClaimOf("a")).ok());
}

TEST_CASE("a download goes on although its lease can't be renewed today") {
  Fixture f;
  REQUIRE(f.Attach(f.ClaimOf("a"), f.Upload("content")).ok());
  f.Pass(40 * kDayMs);
  f.server.faults().ScriptCommits({CommitFault::kFail});
  CHECK(f.Download(f.ClaimOf("a")).ok());
}

TEST_CASE("wherever attaching dies, the same again is fine, and what was announced in vain is dropped after a day") {
  const int dies_at = GENERATE(0, 1);
  const bool again = GENERATE(true, false);
  Fixture f;
  const std::string ticket = f.Upload("content");
  const std::size_t rows = f.Rows();
  FailCommit(f, dies_at);
  CHECK(ReasonOf(f.Attach(f.ClaimOf("a"), ticket)) == Reason::kEngineUnavailable);
  CHECK(ReasonIn(f.Download(f.ClaimOf("a"))) == Reason::kAttachmentNotFound);
  if (again) {
    REQUIRE(f.Attach(f.ClaimOf("a"), ticket).ok());
    f.Pass(kDayMs);
    f.Sweep();
    CHECK(*f.Download(f.ClaimOf("a")) == "content");
  } else {
    f.Pass(kDayMs);
    f.Sweep();
    CHECK(f.Rows() == rows);
    CHECK(f.Attach(f.ClaimOf("a"), ticket).ok());  // its ticket is good for a month
  }
}

TEST_CASE("a crash between a commit and its answer is told as that, and the same again is fine") {
  Fixture f;
  const std::string ticket = f.Upload("content");
  f.server.faults().ScriptCommits({CommitFault::kUnknownApplied, CommitFault::kNone, CommitFault::kUnknownApplied});
  CHECK(f.Attach(f.ClaimOf("a"), ticket).ok());
  CHECK(*f.Download(f.ClaimOf("a")) == "content");
}

TEST_CASE("wherever deleting dies, the sweep finishes it") {
  const int dies_at = GENERATE(0, 1, 2);
  Fixture f;
  REQUIRE(f.Attach(f.ClaimOf("a"), f.Upload("content")).ok());
  f.DeleteMessage("m");
  if (dies_at < 2) {
    FailCommit(f, dies_at);
  } else {
    f.blob_faults.ScriptDeletes({storage::BlobFault::kFail});
  }
  CHECK(ReasonOf(f.Delete({f.ClaimOf("a")})) == Reason::kEngineUnavailable);
  if (dies_at == 0) {
    CHECK(f.Delete({f.ClaimOf("a")}).ok());
  } else {
    f.Pass(kHourMs);
    f.Sweep();
  }
  CHECK(f.blobs.size() == 0);
  f.Pass(kHourMs);
  f.Sweep();
  f.Pass(kHourMs);
  f.Sweep();
  CHECK(f.Rows() == 0);
}

TEST_CASE("rows of references and blobs say nothing of mailboxes, devices and messages") {
  Fixture f;
  f.Save("message-id", "thread-id");
  REQUIRE(f.Attach(f.ClaimOf("a", "thread-id", "message-id"), f.Upload("content")).ok());
  const Claim claim = f.ClaimOf("a", "thread-id", "message-id");
  for (int byte = 0; byte < 256; ++byte) {
    const std::string first(1, static_cast<char>(byte));
    for (const char* prefix : {"attref-", "attblob-"}) {
      for (const auto& [key, value] : f.server.Rows(prefix + ToHex(first))) {
        const std::string row = key + value;
        for (const std::string& secret : {std::string("message-id"), std::string("thread-id"), f.mailbox.partition(),
                                          claim.point.str(), claim.mac_point.str()}) {
          CHECK(row.find(secret) == std::string::npos);
        }
      }
    }
  }
}

}  // namespace
}  // namespace labyrinth::attachments
