#include "service/attachments/downloads.h"

#include <catch2/catch.hpp>

#include "service/attachments/testing/attachment_fixture.h"

namespace labyrinth::attachments {
namespace {

using mailbox::testing::ReasonIn;
using testing::kChunk;
using testing::TestDevice;
using Fixture = testing::AttachmentFixture;

struct Attached : Fixture {
  Attached() {
    content = server.random().Bytes(2 * kChunk + 5);
    REQUIRE(Attach(ClaimOf("a"), Upload(content)).ok());
    ticket = Locate(Me(), ClaimOf("a"))->ticket;
  }
  std::string content, ticket;
};

TEST_CASE("chunks come from any offset on") {
  Attached f;
  const auto hold = f.downloads.Open(f.Me(), f.ticket, kChunk);
  REQUIRE(hold.ok());
  CHECK(*f.ReadChunk(*hold, kChunk) == f.content.substr(kChunk, kChunk));
  CHECK(*f.ReadChunk(*hold, 2 * kChunk) == f.content.substr(2 * kChunk));
  for (const uint64_t offset : {uint64_t{1}, kChunk - 1, 3 * kChunk, 1000 * kChunk, UINT64_MAX}) {
    CHECK(ReasonIn(f.downloads.Open(f.Me(), f.ticket, offset)) == Reason::kInvalidField);
  }
}

TEST_CASE("a ticket is its device's alone, and good for a minute's beginnings") {
  Attached f;
  const TestDevice second = f.mailbox.AddDevice(f.mailbox.AddVirtualDevice(f.mailbox.first()));
  CHECK(ReasonIn(f.downloads.Open(f.mailbox.CallerOf(second), f.ticket, 0)) == Reason::kTicketExpired);
  mailbox::Caller elsewhere = f.Me();
  ++elsewhere.incarnation;
  CHECK(ReasonIn(f.downloads.Open(elsewhere, f.ticket, 0)) == Reason::kTicketExpired);
  const auto hold = f.downloads.Open(f.Me(), f.ticket, 0);
  REQUIRE(hold.ok());
  f.Pass(limits::kDownloadTicketTtlMs);
  CHECK(ReasonIn(f.downloads.Open(f.Me(), f.ticket, 0)) == Reason::kTicketExpired);
  CHECK(f.ReadChunk(*hold, 0).ok());  // what has begun goes on
}

TEST_CASE("a device that is revoked in the middle gets no further chunk") {
  Attached f;
  const TestDevice second = f.mailbox.AddDevice(f.mailbox.AddVirtualDevice(f.mailbox.first()));
  const auto caller = f.mailbox.CallerOf(second);
  const auto prepared = f.Locate(caller, Fixture::ClaimOf(second, "a"));
  REQUIRE(prepared.ok());
  const auto hold = f.downloads.Open(caller, prepared->ticket, 0);
  REQUIRE(hold.ok());
  CHECK(f.ReadChunk(*hold, 0).ok());
  f.mailbox.Revoke(f.mailbox.first(), second.id);
  CHECK(ReasonIn(f.ReadChunk(*hold, kChunk)) == Reason::kDeviceRevoked);
  CHECK(ReasonIn(f.Locate(caller, Fixture::ClaimOf(second, "a"))) == Reason::kDeviceRevoked);
  CHECK(ReasonOf(f.Attach(caller, Fixture::ClaimOf(second, "b"), f.Upload("x"))) == Reason::kDeviceRevoked);
}

TEST_CASE("a recovery code's device has no attachments") {
  Attached f;
  const TestDevice code = f.mailbox.AddVirtualDevice(f.mailbox.first());
  CHECK(ReasonIn(f.Locate(f.mailbox.CallerOf(code), Fixture::ClaimOf(code, "a"))) == Reason::kTokenInvalid);
}

TEST_CASE("what is deleted meanwhile ends as missing") {
  Attached f;
  const auto hold = f.downloads.Open(f.Me(), f.ticket, 0);
  REQUIRE(hold.ok());
  f.DeleteMessage("m");
  REQUIRE(f.Delete({f.ClaimOf("a")}).ok());
  CHECK(ReasonIn(f.ReadChunk(*hold, 0)) == Reason::kAttachmentNotFound);
}

TEST_CASE("a mailbox has so many downloads at once, whatever others have") {
  Attached f;
  std::vector<Downloads::Hold> holds;
  for (uint32_t i = 0; i < limits::kDownloadStreamsPerMailbox; ++i) {
    auto hold = f.downloads.Open(f.Me(), f.ticket, 0);
    REQUIRE(hold.ok());
    holds.push_back(*std::move(hold));
  }
  CHECK(ReasonIn(f.downloads.Open(f.Me(), f.ticket, 0)) == Reason::kRateLimited);
  holds.pop_back();
  CHECK(f.downloads.Open(f.Me(), f.ticket, 0).ok());
}

}  // namespace
}  // namespace labyrinth::attachments
