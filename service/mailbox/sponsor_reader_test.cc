// A member's standing and its evolved scalar, as one-time codes need them.
#include "service/mailbox/sponsor_reader.h"

#include <catch2/catch.hpp>
#include <optional>

#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;

struct Fixture {
  Fixture() : mailbox(server), reader(server.faults()) { mailbox.Create(); }
  absl::Status Check(const Caller& member) {
    std::optional<absl::Status> answer;
    reader.CheckMember(member, absl::InfiniteFuture(), [&](absl::Status status) { answer = status; });
    server.Settle();
    return *answer;
  }
  absl::StatusOr<crypto::OrfServerState> Derive(const Caller& member, const crypto::Secret& token) {
    return server.Ask<crypto::OrfServerState>(
        [&](auto done) { reader.DeriveTemporary(member, token.Clone(), absl::InfiniteFuture(), std::move(done)); });
  }

  TestServer server;
  TestMailbox mailbox;
  SponsorReader reader;
};

TEST_CASE("the temporary scalar is the member's by the token, and nothing is written") {
  Fixture f;
  const Caller me = f.mailbox.CallerOf(f.mailbox.first());
  const auto before = f.server.Rows(f.mailbox.partition());
  const crypto::Scalar token = crypto::Scalar::Random(f.server.random());
  const auto temporary = f.Derive(me, token.bytes());
  REQUIRE(temporary.ok());
  const auto record =
      f.server.Find<storage_v1::OrfServerRecord>(f.mailbox.partition(), keys::OrfServer(me.device_id)).value();
  const auto own = *crypto::Scalar::Parse(record.scalar());
  const auto product = crypto::Scalar::Parse(temporary->bytes().RevealSecret())->Times(token);
  CHECK(product.bytes().RevealSecret() == own.bytes().RevealSecret());
  CHECK(f.server.Rows(f.mailbox.partition()) == before);
  const auto refused = f.Derive(me, crypto::Secret::CopyOf(std::string(32, '\0')));
  CHECK(DetailIn(refused, "field") == "evolve_token");
}

TEST_CASE("a removed member has no say from that moment on") {
  Fixture f;
  TestDevice code = f.mailbox.AddVirtualDevice(f.mailbox.first());
  const Caller other = f.mailbox.CallerOf(f.mailbox.AddDevice(code));
  const crypto::Scalar token = crypto::Scalar::Random(f.server.random());
  CHECK(f.Check(other).ok());
  CHECK(f.Derive(other, token.bytes()).ok());
  f.mailbox.CutOff(other.device_id);
  CHECK(ReasonOf(f.Check(other)) == Reason::kDeviceRevoked);
  CHECK(ReasonIn(f.Derive(other, token.bytes())) == Reason::kDeviceRevoked);
  CHECK(ReasonOf(f.Check(f.mailbox.CallerOf(code))) == Reason::kTokenInvalid);
  Caller before = f.mailbox.CallerOf(f.mailbox.first());
  before.incarnation -= 1;
  CHECK(ReasonOf(f.Check(before)) == Reason::kMailboxNotFound);
}

TEST_CASE("there is a mailbox, or there is none") {
  Fixture f;
  const auto check = [&](const std::string& partition) {
    std::optional<absl::Status> answer;
    f.reader.CheckMailbox(partition, absl::InfiniteFuture(), [&](absl::Status status) { answer = status; });
    f.server.Settle();
    return *answer;
  };
  CHECK(check(f.mailbox.partition()).ok());
  CHECK(ReasonOf(check(f.server.policy().partition_of("nobody"))) == Reason::kMailboxNotFound);
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
