// What a save leaves in the store: places, threads, counters, expiry and the change feed.
#include <catch2/catch.hpp>

#include "common/limits.h"
#include "service/mailbox/save_messages.h"
#include "service/mailbox/testing/store_check.h"
#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;
using storage::Place;
using Outcomes = std::vector<SaveOutcome>;

const std::vector<std::string> kSound;

struct Fixture {
  Fixture() : mailbox(server) { mailbox.Create(); }
  TestDevice& me() { return mailbox.first(); }
  const std::string& partition() { return mailbox.partition(); }
  std::map<std::string, std::string> Rows() { return server.Rows(partition()); }
  uint64_t Save(std::vector<SaveMessage> messages, OnConflict mode = OnConflict::kReject) {
    return mailbox.MustSave(me(), std::move(messages), mode).revision;
  }
  Place PlaceOf(const std::string& id) {
    return FromRecord(server.Find<storage_v1::MessageLocation>(partition(), keys::MessageLocation(id)).value().place());
  }
  storage_v1::MessageRecord MessageOf(const std::string& id) {
    const auto at = server.Find<storage_v1::MessageLocation>(partition(), keys::MessageLocation(id)).value();
    return server
        .Find<storage_v1::MessageRecord>(partition(), keys::Message(at.thread_number(), FromRecord(at.place())))
        .value();
  }
  storage_v1::ThreadRecord ThreadOf(const std::string& id) {
    const auto number = server.Find<storage_v1::ThreadNumber>(partition(), keys::ThreadById(id)).value();
    return server.Find<storage_v1::ThreadRecord>(partition(), keys::Thread(number.number())).value();
  }
  storage_v1::FeedRecord FeedAt(uint64_t revision) {
    return server.Find<storage_v1::FeedRecord>(partition(), keys::Feed(revision)).value();
  }

  TestServer server;
  TestMailbox mailbox;
};

TEST_CASE("counters are exact") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1, "12345"), MakeMessage("b", "u", 2, "1234567")});
  f.Save({MakeMessage("c", "t", 3, "1"), MakeMessage("a", "t", 1, "12345")});
  CHECK(f.mailbox.Head().message_count() == 3);
  CHECK(f.mailbox.Head().used_bytes() == 13);
  CHECK(f.mailbox.Head().thread_count() == 2);
  CHECK(f.ThreadOf("t").message_count() == 2);
  CHECK(f.ThreadOf("u").message_count() == 1);
  CHECK(f.ThreadOf("t").used_bytes() == 6);
  CHECK(f.ThreadOf("u").used_bytes() == 7);
  f.Save({MakeMessage("b", "u", 2, "12")}, OnConflict::kReplace);
  CHECK(f.ThreadOf("u").used_bytes() == 2);
  CHECK(f.mailbox.Head().message_count() == 3);
  CHECK(f.mailbox.Head().used_bytes() == 8);
  CHECK(CheckStore(f.Rows()) == kSound);
}

TEST_CASE("threads are numbered from one, in the order of their first messages") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 1), MakeMessage("b", "u", 2), MakeMessage("c", "t", 3)});
  f.Save({MakeMessage("d", "v", 1)});
  uint32_t number = 0;
  for (const char* id : {"t", "u", "v"}) {
    CHECK(f.server.Find<storage_v1::ThreadNumber>(f.partition(), keys::ThreadById(id))->number() == ++number);
  }
}

TEST_CASE("a place is the time, the commit's revision and the ordinal in it, across the operations of one commit") {
  Fixture f;
  const uint64_t revision = f.server.PositionOf(f.partition()).revision + 1;
  Pending<SaveResponse> first, second;
  f.server.WhileBusy(f.partition(), [&] {
    first = f.server.Start(f.mailbox.Save(f.me(), {MakeMessage("a", "t", 5), MakeMessage("b", "u", 5)}));
    second = f.server.Start(f.mailbox.Save(f.me(), {MakeMessage("c", "t", 5), MakeMessage("d", "t", 4)}));
  });
  REQUIRE((*first)->ok());
  REQUIRE((*second)->ok());
  CHECK((**first)->revision == revision);
  CHECK((**second)->revision == revision);
  CHECK(f.PlaceOf("a") == Place{5, revision, 0});
  CHECK(f.PlaceOf("b") == Place{5, revision, 1});
  CHECK(f.PlaceOf("c") == Place{5, revision, 2});
  CHECK(f.PlaceOf("d") == Place{4, revision, 3});
  CHECK(CheckStore(f.Rows()) == kSound);
}

TEST_CASE("the feed tells each commit's changes in order") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 5)});
  const Place place = f.PlaceOf("a");
  const uint64_t revision = f.Save(
      {MakeMessage("b", "u", 6), MakeMessage("a", "t", 5, "else"), MakeMessage("c", "t", 7)}, OnConflict::kReplace);
  const storage_v1::FeedRecord feed = f.FeedAt(revision);
  REQUIRE(feed.changes_size() == 3);
  CHECK(feed.changes(0).kind() == storage_v1::CHANGE_KIND_SAVED);
  CHECK(feed.changes(0).thread_number() == 2);
  CHECK(feed.changes(0).place().timestamp_ms() == 6);
  CHECK(feed.changes(1).kind() == storage_v1::CHANGE_KIND_REPLACED);
  CHECK(feed.changes(1).thread_number() == 1);
  CHECK(FromRecord(feed.changes(1).place()) == place);
  CHECK(feed.changes(2).kind() == storage_v1::CHANGE_KIND_SAVED);
  CHECK(feed.changes(2).thread_number() == 1);
  CHECK(feed.changes(2).place().timestamp_ms() == 7);
}

TEST_CASE("a thread stands where its newest message does, in the list of threads") {
  Fixture f;
  f.Save({MakeMessage("a", "t", 100)});
  f.Save({MakeMessage("old", "t", 50)});
  CHECK(FromRecord(f.ThreadOf("t").newest()) == f.PlaceOf("a"));
  f.Save({MakeMessage("same", "t", 100)});  // a later commit stands behind at the same time
  CHECK(FromRecord(f.ThreadOf("t").newest()) == f.PlaceOf("same"));
  f.Save({MakeMessage("x", "t", 300), MakeMessage("y", "t", 200), MakeMessage("z", "t", 300)});
  CHECK(FromRecord(f.ThreadOf("t").newest()) == f.PlaceOf("z"));
  CHECK(CheckStore(f.Rows()) == kSound);  // no mark of an earlier place is left
}

TEST_CASE("a replaced message keeps its place and tells the revision of its new content") {
  Fixture f;
  const uint64_t saved = f.Save({MakeMessage("a", "t", 100, "first")});
  f.Save({MakeMessage("b", "t", 100)});
  const Place place = f.PlaceOf("a");
  CHECK(f.MessageOf("a").replace_revision() == 0);
  const uint64_t replaced = f.Save({MakeMessage("a", "t", 100, "second")}, OnConflict::kReplace);
  CHECK(f.PlaceOf("a") == place);
  CHECK(place.revision == saved);
  CHECK(f.MessageOf("a").replace_revision() == replaced);
  CHECK(f.MessageOf("a").ciphertext() == "second");
  CHECK(f.ThreadOf("t").message_count() == 2);
}

TEST_CASE("the expiry index follows a message through replacements, and the mailbox wakes for the earliest") {
  Fixture f;
  const auto expiring = [&](const std::string& id, int64_t expire_ms, const std::string& text) {
    f.Save({MakeMessage(id, "t", 1, text, expire_ms)}, OnConflict::kReplace);
    CHECK(CheckStore(f.Rows()) == kSound);
    return f.Rows().contains(keys::Expiry(expire_ms, 1, f.PlaceOf(id)));
  };
  // Hours apart, since wake times are rounded up.
  constexpr int64_t kHourMs = 3600 * 1000;
  const auto wakes_for = [&](int64_t ms) {
    const int64_t wake_at_ms = f.mailbox.Head().wake_at_ms();
    return ms <= wake_at_ms && wake_at_ms < ms + limits::kExpirySlackMs;
  };
  CHECK(expiring("a", kTestNowMs + 5 * kHourMs, "1"));
  CHECK(wakes_for(kTestNowMs + 5 * kHourMs));
  CHECK(expiring("b", kTestNowMs + 9 * kHourMs, "1"));
  CHECK(wakes_for(kTestNowMs + 5 * kHourMs));
  CHECK(expiring("b", kTestNowMs + 1 * kHourMs, "2"));
  CHECK(wakes_for(kTestNowMs + 1 * kHourMs));
  CHECK(expiring("b", kTestNowMs + 1 * kHourMs, "3"));
  CHECK_FALSE(expiring("b", 0, "4"));
  CHECK_FALSE(f.Rows().contains(keys::Expiry(kTestNowMs + 1 * kHourMs, 1, f.PlaceOf("b"))));
  CHECK(expiring("b", kTestNowMs + 1000, "5"));
  CHECK(wakes_for(kTestNowMs + 1000));

  const int64_t wake_at_ms = f.mailbox.Head().wake_at_ms();
  std::vector<storage::DuePartition> due;
  f.server.store().Due(wake_at_ms, 10, [&](auto result) { due = *std::move(result); });
  REQUIRE(due.size() == 1);
  CHECK(due[0].partition == f.partition());
  CHECK(due[0].wake_at_ms == wake_at_ms);
}

TEST_CASE("an operation sees what those before it in its batch have saved") {
  Fixture f;
  f.server.policy().quota_messages = 3;
  std::vector<Pending<SaveResponse>> saves;
  const auto start = [&](SaveMessage message, OnConflict mode = OnConflict::kReject) {
    saves.push_back(f.server.Start(f.mailbox.Save(f.me(), {std::move(message)}, mode)));
  };
  f.server.WhileBusy(f.partition(), [&] {
    start(MakeMessage("a", "t", 5));
    start(MakeMessage("a", "t", 5));
    start(MakeMessage("a", "u", 5));
    start(MakeMessage("a", "t", 5, "else"));
    start(MakeMessage("a", "t", 5, "else"), OnConflict::kKeepExisting);
    start(MakeMessage("a", "t", 5, "else"), OnConflict::kReplace);
    start(MakeMessage("a", "t", 5, "else"));
    start(MakeMessage("b", "t", 6));
    start(MakeMessage("c", "u", 7));
    start(MakeMessage("d", "u", 8));
  });
  CHECK(f.server.faults().commits_seen() == 2);  // the mailbox's creation, and all of these
  const auto outcome = [&](int i) { return (**saves[i])->outcomes; };
  CHECK(outcome(0) == Outcomes{SaveOutcome::kCreated});
  CHECK(outcome(1) == Outcomes{SaveOutcome::kUnchanged});
  CHECK(ReasonIn(**saves[2]) == Reason::kMessageConflict);
  CHECK(ReasonIn(**saves[3]) == Reason::kMessageConflict);
  CHECK(outcome(4) == Outcomes{SaveOutcome::kKeptExisting});
  CHECK(outcome(5) == Outcomes{SaveOutcome::kReplaced});
  CHECK(outcome(6) == Outcomes{SaveOutcome::kUnchanged});
  CHECK(outcome(7) == Outcomes{SaveOutcome::kCreated});
  CHECK(outcome(8) == Outcomes{SaveOutcome::kCreated});
  CHECK(ReasonIn(**saves[9]) == Reason::kQuotaExceeded);
  CHECK(CheckStore(f.Rows()) == kSound);
  // Its first commit is its last one so far, and tells of it once.
  CHECK(f.MessageOf("a").replace_revision() == 0);
  CHECK(f.MessageOf("a").ciphertext() == "else");
}

TEST_CASE("an operation says how much it adds, so that commits stay within bounds") {
  const Policy policy;
  SaveRequest request;
  request.messages = {MakeMessage("a", "t", 1, std::string(1000, 'x')),
                      MakeMessage("b", "t", 1, std::string(2000, 'x'))};
  const SaveMessagesOperation save(policy, request, [](const absl::StatusOr<SaveResponse>&) {});
  CHECK(save.size_bytes() >= 3000);
  CHECK(save.size_bytes() <= 4000);
  CHECK_FALSE(save.alone());
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
