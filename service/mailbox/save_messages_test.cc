// What becomes of each message: outcomes, refusals and their order.
#include "service/mailbox/save_messages.h"

#include <catch2/catch.hpp>

#include "service/mailbox/testing/store_check.h"
#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;
using Outcomes = std::vector<SaveOutcome>;

constexpr OnConflict kModes[] = {OnConflict::kReject, OnConflict::kKeepExisting, OnConflict::kReplace};
const std::vector<std::string> kSound;

// A mailbox with one message: "m" in thread "t" at 100.
struct Fixture {
  Fixture() : mailbox(server) {
    mailbox.Create();
    mailbox.MustSave(me(), {MakeMessage("m", "t", 100)});
  }
  TestDevice& me() { return mailbox.first(); }
  std::map<std::string, std::string> Rows() { return server.Rows(mailbox.partition()); }
  storage::Position Position() { return server.PositionOf(mailbox.partition()); }
  absl::StatusOr<SaveResponse> Save(std::vector<SaveMessage> messages, OnConflict mode = OnConflict::kReject) {
    return server.Do(mailbox.Save(me(), std::move(messages), mode));
  }
  // Refused with `reason`, and nothing was stored.
  void CheckRefused(SaveRequest request, Reason reason) {
    const auto before = Rows();
    const auto saved = server.Do(std::move(request));
    INFO(saved.status().ToString());
    CHECK(ReasonIn(saved) == reason);
    CHECK(Rows() == before);
  }
  SaveRequest Request(std::vector<SaveMessage> messages, OnConflict mode = OnConflict::kReject) {
    return mailbox.Save(me(), std::move(messages), mode);
  }
  // Puts a tombstone in the place of message "m", as a deletion will.
  void Bury(const std::string& id) {
    storage_v1::MessageLocation tombstone;
    tombstone.set_deleted_ms(kTestNowMs);
    server.Overwrite(mailbox.partition(), {{keys::MessageLocation(id), tombstone.SerializeAsString()}});
  }

  TestServer server;
  TestMailbox mailbox;
};

TEST_CASE("new messages are created, and every index leads to them") {
  Fixture f;
  const uint64_t before = f.Position().revision;
  const auto saved = f.Save({MakeMessage("a", "t", 50), MakeMessage("b", "u", 70, "x", kTestNowMs + 1)});
  REQUIRE(saved.ok());
  CHECK(saved->outcomes == Outcomes{SaveOutcome::kCreated, SaveOutcome::kCreated});
  CHECK(saved->revision == before + 1);
  CHECK(f.Position().revision == before + 1);
  CHECK(CheckStore(f.Rows()) == kSound);
  CHECK(f.mailbox.Head().message_count() == 3);
}

TEST_CASE("the identical message is UNCHANGED in every mode, and no commit is made") {
  Fixture f;
  const auto before = f.Rows();
  const storage::Position position = f.Position();
  for (const OnConflict mode : kModes) {
    const auto saved = f.Save({MakeMessage("m", "t", 100)}, mode);
    REQUIRE(saved.ok());
    CHECK(saved->outcomes == Outcomes{SaveOutcome::kUnchanged});
    CHECK(saved->revision == position.revision);
  }
  CHECK(f.Rows() == before);
  CHECK(f.Position() == position);
  CHECK(f.server.faults().commits_seen() == position.revision);
}

TEST_CASE("a difference in any field is a conflict, which the mode decides") {
  const auto spoil = GENERATE(0, 1, 2, 3);
  Fixture f;
  const auto different = [&](OnConflict mode) {
    SaveRequest request = f.Request({MakeMessage("m", "t", 100)}, mode);
    if (spoil == 0) request.messages[0].ciphertext = "another";
    if (spoil == 1) request.messages[0].expire_ms = kTestNowMs + 5;
    if (spoil == 2) request.cipher_version = 4;
    return request;
  };
  if (spoil == 3) f.mailbox.Rotate(f.me());  // the same bytes, now under another epoch
  CAPTURE(spoil);
  f.CheckRefused(different(OnConflict::kReject), Reason::kMessageConflict);
  const auto before = f.Rows();
  const auto kept = f.server.Do(different(OnConflict::kKeepExisting));
  REQUIRE(kept.ok());
  CHECK(kept->outcomes == Outcomes{SaveOutcome::kKeptExisting});
  CHECK(f.Rows() == before);
  const auto replaced = f.server.Do(different(OnConflict::kReplace));
  REQUIRE(replaced.ok());
  CHECK(replaced->outcomes == Outcomes{SaveOutcome::kReplaced});
  CHECK(CheckStore(f.Rows()) == kSound);
  CHECK(f.server.Do(different(OnConflict::kReject))->outcomes == Outcomes{SaveOutcome::kUnchanged});
}

TEST_CASE("the same id in another thread or at another time is MESSAGE_CONFLICT in every mode") {
  Fixture f;
  for (const OnConflict mode : kModes) {
    f.CheckRefused(f.Request({MakeMessage("m", "u", 100)}, mode), Reason::kMessageConflict);
    f.CheckRefused(f.Request({MakeMessage("m", "t", 101)}, mode), Reason::kMessageConflict);
  }
}

TEST_CASE("a refused batch stores nothing and names the entry") {
  Fixture f;
  const auto before = f.Rows();
  const auto conflict =
      f.Save({MakeMessage("a", "t", 1), MakeMessage("b", "v", 2), MakeMessage("m", "t", 100, "else")});
  CHECK(ReasonIn(conflict) == Reason::kMessageConflict);
  CHECK(DetailIn(conflict, "index") == "2");
  const auto expired = f.Save({MakeMessage("a", "t", 1), MakeMessage("b", "t", 2, "x", kTestNowMs)});
  CHECK(ReasonIn(expired) == Reason::kInvalidField);
  CHECK(DetailIn(expired, "field") == "messages[1].expire_ms");
  CHECK(f.Rows() == before);
}

TEST_CASE("outcomes that write nothing let the rest of the batch commit") {
  Fixture f;
  f.mailbox.MustSave(f.me(), {MakeMessage("n", "t", 101)});
  f.mailbox.MustSave(f.me(), {MakeMessage("gone", "t", 102)});
  f.Bury("gone");
  const auto saved = f.Save({MakeMessage("m", "t", 100), MakeMessage("n", "t", 101, "else"),
                             MakeMessage("gone", "t", 102), MakeMessage("new", "t", 103)},
                            OnConflict::kKeepExisting);
  REQUIRE(saved.ok());
  CHECK(saved->outcomes ==
        Outcomes{SaveOutcome::kUnchanged, SaveOutcome::kKeptExisting, SaveOutcome::kWasDeleted, SaveOutcome::kCreated});
  CHECK(f.server.RowAt(f.mailbox.partition(), keys::MessageLocation("new")).has_value());
}

TEST_CASE("a tombstone answers WAS_DELETED in every mode, wherever the message is said to belong") {
  Fixture f;
  f.Bury("m");
  const auto before = f.Rows();
  for (const OnConflict mode : kModes) {
    CHECK(f.Save({MakeMessage("m", "t", 100)}, mode)->outcomes == Outcomes{SaveOutcome::kWasDeleted});
    CHECK(f.Save({MakeMessage("m", "t", 100, "else")}, mode)->outcomes == Outcomes{SaveOutcome::kWasDeleted});
    CHECK(f.Save({MakeMessage("m", "u", 999)}, mode)->outcomes == Outcomes{SaveOutcome::kWasDeleted});
  }
  CHECK(f.Rows() == before);
}

TEST_CASE("an expired message that nothing has swept yet answers as its tombstone will") {
  Fixture f;
  f.mailbox.MustSave(f.me(), {MakeMessage("e", "t", 100, "x", kTestNowMs + 10)});
  f.server.clock().Advance(9);
  CHECK(f.Save({MakeMessage("e", "t", 100, "x", kTestNowMs + 10)})->outcomes == Outcomes{SaveOutcome::kUnchanged});
  f.server.clock().Advance(1);
  const auto before = f.Rows();
  for (const OnConflict mode : kModes) {
    CHECK(f.Save({MakeMessage("e", "t", 100, "x", kTestNowMs + 10)}, mode)->outcomes ==
          Outcomes{SaveOutcome::kWasDeleted});
    CHECK(f.Save({MakeMessage("e", "t", 100, "else")}, mode)->outcomes == Outcomes{SaveOutcome::kWasDeleted});
    CHECK(f.Save({MakeMessage("e", "u", 7)}, mode)->outcomes == Outcomes{SaveOutcome::kWasDeleted});
  }
  CHECK(f.Rows() == before);
}

TEST_CASE("what was swept as expired stays expired when the clock steps back") {
  Fixture f;
  storage_v1::MailboxHead head = f.mailbox.Head();
  head.set_expired_through_ms(kTestNowMs + 50);
  f.server.Overwrite(f.mailbox.partition(), {{keys::Head(), head.SerializeAsString()}});
  f.CheckRefused(f.Request({MakeMessage("e", "t", 1, "x", kTestNowMs + 50)}), Reason::kInvalidField);
  CHECK(f.Save({MakeMessage("e", "t", 1, "x", kTestNowMs + 51)}).ok());
}

TEST_CASE("a message that expires now is too late, one millisecond later is not") {
  Fixture f;
  f.CheckRefused(f.Request({MakeMessage("e", "t", 1, "x", kTestNowMs)}), Reason::kInvalidField);
  CHECK(f.Save({MakeMessage("e", "t", 1, "x", kTestNowMs + 1)}).ok());
}

TEST_CASE("a retry after a rotation is UNCHANGED, though its epoch is stale") {
  Fixture f;
  const SaveRequest retry = f.Request({MakeMessage("m", "t", 100)});
  f.mailbox.Rotate(f.me());
  for (const OnConflict mode : kModes) {
    SaveRequest request = retry;
    request.on_conflict = mode;
    const auto saved = f.server.Do(std::move(request));
    REQUIRE(saved.ok());
    CHECK(saved->outcomes == Outcomes{SaveOutcome::kUnchanged});
  }
  SaveRequest grown = retry;
  grown.messages.push_back(MakeMessage("new", "t", 101));
  f.CheckRefused(grown, Reason::kEpochStale);
}

TEST_CASE("EPOCH_STALE names the current epoch") {
  Fixture f;
  SaveRequest request = f.Request({MakeMessage("new", "t", 101)});
  const OpenEpochResponse opened = f.mailbox.Rotate(f.me());
  const auto saved = f.server.Do(request);
  CHECK(ReasonIn(saved) == Reason::kEpochStale);
  CHECK(DetailIn(saved, "current_epoch_id") == std::to_string(opened.epoch_id.value()));
  CHECK(DetailIn(saved, "current_sequence_id") == "1");
  request.epoch_id = EpochId(12345);  // never was
  f.CheckRefused(request, Reason::kEpochStale);
  request.epoch_id = opened.epoch_id;
  CHECK(f.server.Do(request).ok());
}

TEST_CASE("checks come in order: device, identity, mailbox state, epoch") {
  Fixture f;
  const TestDevice sponsor = f.mailbox.AddVirtualDevice(f.me());
  const TestDevice other = f.mailbox.AddDevice(sponsor);
  f.mailbox.MustSave(other, {MakeMessage("o", "t", 300)});
  f.mailbox.CutOff(other.id);
  // The device, before anything: even what would be UNCHANGED.
  f.CheckRefused(f.mailbox.Save(other, {MakeMessage("o", "t", 300)}), Reason::kDeviceRevoked);
  // Identity, before the mailbox's state.
  CHECK(f.Save({MakeMessage("m", "t", 100)})->outcomes == Outcomes{SaveOutcome::kUnchanged});
  CHECK(f.Save({MakeMessage("m", "t", 100, "else")}, OnConflict::kKeepExisting)->outcomes ==
        Outcomes{SaveOutcome::kKeptExisting});
  f.CheckRefused(f.Request({MakeMessage("new", "t", 1), MakeMessage("m", "u", 100)}), Reason::kMessageConflict);
  // The state, before the epoch and the expiry.
  SaveRequest stale = f.Request({MakeMessage("new", "t", 1, "x", 1)});
  f.CheckRefused(stale, Reason::kRotationRequired);
  stale.epoch_id = EpochId(5);
  f.CheckRefused(stale, Reason::kRotationRequired);
  f.CheckRefused(f.Request({MakeMessage("m", "t", 100, "else")}, OnConflict::kReplace), Reason::kRotationRequired);
  f.mailbox.Rotate(f.me());
  f.CheckRefused(stale, Reason::kEpochStale);
}

TEST_CASE("only a physical member of this very mailbox saves") {
  Fixture f;
  const TestDevice sponsor = f.mailbox.AddVirtualDevice(f.me());
  f.CheckRefused(f.mailbox.Save(sponsor, {MakeMessage("new", "t", 1)}), Reason::kTokenInvalid);
  TestDevice stranger = MakePhysical(f.server.random());
  stranger.id = DeviceId(99);
  f.CheckRefused(f.mailbox.Save(stranger, {MakeMessage("new", "t", 1)}), Reason::kDeviceRevoked);
  SaveRequest before = f.Request({MakeMessage("new", "t", 1)});
  before.caller.incarnation += 1;
  f.CheckRefused(before, Reason::kMailboxNotFound);
  before.caller = {f.server.policy().partition_of("nobody"), 1, f.me().id};
  CHECK(ReasonIn(f.server.Do(before)) == Reason::kMailboxNotFound);
}

TEST_CASE("the byte quota counts what would be stored, and may be used to the last byte") {
  Fixture f;
  const uint64_t used = f.mailbox.Head().used_bytes();
  f.server.policy().quota_bytes = used + 10;
  const auto refused = f.Save({MakeMessage("a", "t", 1, "12345"), MakeMessage("b", "t", 1, "123456")});
  CHECK(ReasonIn(refused) == Reason::kQuotaExceeded);
  CHECK(DetailIn(refused, "limit") == "quota_bytes");
  CHECK(DetailIn(refused, "value") == std::to_string(used + 10));
  // What is there already costs nothing.
  CHECK(
      f.Save({MakeMessage("a", "t", 1, "12345"), MakeMessage("b", "t", 1, "12345"), MakeMessage("m", "t", 100)}).ok());
  CHECK(f.mailbox.Head().used_bytes() == used + 10);
  f.CheckRefused(f.Request({MakeMessage("a", "t", 1, "123456")}, OnConflict::kReplace), Reason::kQuotaExceeded);
  CHECK(f.Save({MakeMessage("a", "t", 1, "54321")}, OnConflict::kReplace).ok());
  f.CheckRefused(f.Request({MakeMessage("c", "t", 1, "1")}), Reason::kQuotaExceeded);
  CHECK(CheckStore(f.Rows()) == kSound);
}

TEST_CASE("the message quota counts messages") {
  Fixture f;
  f.server.policy().quota_messages = 2;
  const auto refused = f.Save({MakeMessage("a", "t", 1), MakeMessage("b", "t", 1)});
  CHECK(ReasonIn(refused) == Reason::kQuotaExceeded);
  CHECK(DetailIn(refused, "limit") == "quota_messages");
  CHECK(f.Save({MakeMessage("a", "t", 1)}).ok());
  f.CheckRefused(f.Request({MakeMessage("b", "t", 1)}), Reason::kQuotaExceeded);
  CHECK(f.Save({MakeMessage("a", "t", 1, "another")}, OnConflict::kReplace).ok());
}

TEST_CASE("a mailbox's own quota counts in place of the deployment's, and one over it may shrink") {
  Fixture f;
  f.mailbox.MustSave(f.me(), {MakeMessage("a", "t", 1, std::string(100, 'a'))});
  storage_v1::MailboxHead head = f.mailbox.Head();
  head.set_quota_bytes(20);
  head.set_quota_messages(1);
  f.server.Overwrite(f.mailbox.partition(), {{keys::Head(), head.SerializeAsString()}});
  f.CheckRefused(f.Request({MakeMessage("b", "t", 1, "")}), Reason::kQuotaExceeded);
  f.CheckRefused(f.Request({MakeMessage("a", "t", 1, std::string(101, 'a'))}, OnConflict::kReplace),
                 Reason::kQuotaExceeded);
  CHECK(f.Save({MakeMessage("a", "t", 1, std::string(99, 'b'))}, OnConflict::kReplace).ok());
}

TEST_CASE("damage is reported by the call that meets it, and nothing is stored") {
  const auto which = GENERATE(0, 1, 2, 3);
  Fixture f;
  const std::string partition = f.mailbox.partition();
  const auto location = f.server.Find<storage_v1::MessageLocation>(partition, keys::MessageLocation("m")).value();
  const std::string damaged[] = {keys::Message(location.thread_number(), FromRecord(location.place())),
                                 keys::MessageLocation("m"), keys::Thread(location.thread_number()),
                                 keys::Device(f.me().id)};
  f.server.Overwrite(partition, {{damaged[which], "\xff\xff"}});
  f.CheckRefused(f.Request({MakeMessage("new", "t", 1), MakeMessage("m", "t", 100)}), Reason::kDataDamaged);
}

TEST_CASE("a location whose message is gone is damage, not a free id") {
  Fixture f;
  const auto location =
      f.server.Find<storage_v1::MessageLocation>(f.mailbox.partition(), keys::MessageLocation("m")).value();
  f.server.Overwrite(f.mailbox.partition(),
                     {{keys::Message(location.thread_number(), FromRecord(location.place())), std::nullopt}});
  f.CheckRefused(f.Request({MakeMessage("m", "t", 100)}), Reason::kDataDamaged);
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
