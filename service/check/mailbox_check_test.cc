// Every rule, broken once by hand: exactly that is found, and what is derived is put right again.
#include "service/check/mailbox_check.h"

#include <catch2/catch.hpp>
#include <functional>

#include "common/bytes.h"
#include "common/limits.h"
#include "service/check/store_check.h"
#include "service/check/testing/row_store.h"
#include "service/mailbox/records.h"
#include "service/mailbox/testing/test_mailbox.h"
#include "storage/blocking.h"

namespace labyrinth::check {
namespace {

namespace keys = storage::keys;
using mailbox::OnConflict;
using mailbox::testing::kTestNowMs;
using mailbox::testing::MakeMessage;
using mailbox::testing::TestDevice;
using mailbox::testing::TestMailbox;
using mailbox::testing::TestServer;
using testing::Rows;
using testing::RowStore;

using Names = std::vector<std::string>;

// A bit of everything: threads, an expiry, a replacement, a deletion, devices of both kinds, removals with and without
// an entry.
struct Example {
  Example() {
    TestServer server;
    TestMailbox mailbox(server);
    mailbox.Create();
    TestDevice& me = mailbox.first();
    mailbox.MustSave(me, {MakeMessage("a", "t", 1), MakeMessage("b", "u", 2, "x", kTestNowMs + 5)});
    mailbox.MustSave(me, {MakeMessage("a", "t", 1, "else"), MakeMessage("c", "t", 3)}, OnConflict::kReplace);
    const TestDevice code = mailbox.AddVirtualDevice(me);
    const TestDevice removed = mailbox.AddDevice(code);
    const TestDevice cut_off = mailbox.AddDevice(code);
    mailbox.Rotate(me, {removed.id});
    mailbox.MustSave(me, {MakeMessage("d", "t", 4), MakeMessage("e", "t", 5)});
    REQUIRE(server.Do(mailbox::DeleteRequest{mailbox.CallerOf(me), {"d"}}).ok());
    mailbox.CutOff(cut_off.id);
    rows = server.Rows(mailbox.partition());
    first = me.id;
    virtual_device = code.id;
    virtual_id = code.virtual_device_id;
  }

  Rows rows;
  DeviceId first, virtual_device;
  VirtualDeviceId virtual_id;

  // Where a message is.
  keys::MessageKey At(const std::string& id) const {
    storage_v1::MessageLocation location;
    REQUIRE(location.ParseFromString(rows.at(keys::MessageLocation(id))));
    return {location.thread_number(), mailbox::FromRecord(location.place())};
  }
  std::string FirstOf(const std::string& example) const {
    const auto row = rows.lower_bound(example.substr(0, 1));
    REQUIRE(row != rows.end());
    REQUIRE(row->first[0] == example[0]);
    return row->first;
  }
};

template <typename Record>
void Change(Rows& rows, const std::string& key, const std::function<void(Record&)>& change) {
  Record record;
  REQUIRE(record.ParseFromString(rows.at(key)));
  change(record);
  rows[key] = record.SerializeAsString();
}

Names NamesOf(const std::vector<Finding>& findings) {
  Names names;
  for (const Finding& finding : findings) names.emplace_back(finding.name);
  return names;
}

struct Case {
  std::string name;
  std::function<void(const Example&, Rows&)> damage;
  bool repairable = true;
  bool restored = true;  // the repair brings back the very rows
};

std::string MarkBytes() {
  storage_v1::Mark mark;
  mark.set_version(1);
  return mark.SerializeAsString();
}

std::vector<Case> Cases() {
  using storage_v1::MailboxHead;
  using storage_v1::MessageLocation;
  using storage_v1::ThreadNumber;
  using storage_v1::ThreadRecord;
  const auto erase = [](auto key_of) {
    return [=](const Example& e, Rows& rows) { REQUIRE(rows.erase(key_of(e)) == 1); };
  };
  const auto spoil = [](auto key_of) { return [=](const Example& e, Rows& rows) { rows.at(key_of(e)) = "\xff"; }; };
  std::vector<Case> cases = {
      // Indexes over messages.
      {"location_missing", erase([](const Example&) { return keys::MessageLocation("a"); })},
      {"location_wrong", spoil([](const Example&) { return keys::MessageLocation("a"); })},
      {"location_without_message",
       [](const Example&, Rows& rows) { rows[keys::MessageLocation("z")] = rows.at(keys::MessageLocation("a")); }},
      {"location_unreadable", [](const Example&, Rows& rows) { rows[keys::MessageLocation("z")] = "\xff"; }, false},
      {"two_messages_with_one_id",
       [](const Example& e, Rows& rows) {
         // A message under another's id, with all that leads to it but the id's own row.
         Change<storage_v1::MessageRecord>(rows, keys::Message(e.At("e").thread_number, e.At("e").place),
                                           [](auto& message) { message.set_message_id("a"); });
         rows.erase(keys::MessageLocation("e"));
       },
       false},
      {"time_index_missing", erase([](const Example& e) { return keys::MailboxTime(e.At("a").place); })},
      {"time_index_wrong", spoil([](const Example& e) { return keys::MailboxTime(e.At("a").place); })},
      {"time_index_stray",
       [](const Example&, Rows& rows) {
         ThreadNumber number;
         number.set_number(1);
         rows[keys::MailboxTime({7, 7, 7})] = number.SerializeAsString();
       }},
      {"expiry_mark_missing", erase([](const Example& e) { return e.FirstOf(keys::Expiry(0, 0, {})); })},
      {"expiry_mark_stray",
       [](const Example& e, Rows& rows) {
         rows[keys::Expiry(kTestNowMs + 6, e.At("b").thread_number, e.At("b").place)] = MarkBytes();
       }},
      // Messages themselves.
      {"message_unreadable",
       spoil([](const Example& e) { return keys::Message(e.At("a").thread_number, e.At("a").place); }), false},
      {"message_with_tombstone",
       [](const Example&, Rows& rows) { rows.at(keys::MessageLocation("a")) = rows.at(keys::MessageLocation("d")); },
       false},
      // Threads.
      {"thread_id_missing", erase([](const Example&) { return keys::ThreadById("t"); })},
      {"thread_id_wrong", spoil([](const Example&) { return keys::ThreadById("t"); })},
      {"thread_id_unreadable", [](const Example&, Rows& rows) { rows[keys::ThreadById("z")] = "\xff"; }, false},
      {"thread_id_stray",
       [](const Example&, Rows& rows) { rows[keys::ThreadById("z")] = rows.at(keys::ThreadById("t")); }},
      {"thread_missing", erase([](const Example& e) { return keys::Thread(e.At("a").thread_number); })},
      {"thread_unreadable", spoil([](const Example& e) { return keys::Thread(e.At("a").thread_number); })},
      {"messages_without_thread",
       [](const Example& e, Rows& rows) {
         rows.erase(keys::Thread(e.At("a").thread_number));
         rows.erase(keys::ThreadById("t"));
       },
       false},
      {"thread_without_messages",
       [](const Example&, Rows& rows) {
         ThreadRecord thread;
         thread.set_thread_id("z");
         rows[keys::Thread(3)] = thread.SerializeAsString();
         ThreadNumber number;
         number.set_number(3);
         rows[keys::ThreadById("z")] = number.SerializeAsString();
         Change<MailboxHead>(rows, keys::Head(), [](auto& head) { head.set_thread_count(3); });
       },
       true, false},
      {"thread_counters_wrong",
       [](const Example& e, Rows& rows) {
         Change<ThreadRecord>(rows, keys::Thread(e.At("a").thread_number),
                              [](auto& thread) { thread.set_used_bytes(thread.used_bytes() + 1); });
       }},
      {"thread_newest_wrong",
       [](const Example& e, Rows& rows) {
         Change<ThreadRecord>(rows, keys::Thread(e.At("a").thread_number),
                              [](auto& thread) { thread.mutable_newest()->set_timestamp_ms(99); });
       }},
      {"thread_activity_missing", erase([](const Example& e) { return e.FirstOf(keys::ThreadActivity({}, 1)); })},
      {"thread_activity_missing", spoil([](const Example& e) { return e.FirstOf(keys::ThreadActivity({}, 1)); })},
      {"thread_activity_stray",
       [](const Example&, Rows& rows) {
         rows[keys::ThreadActivity({9, 9, 9}, 1)] = MarkBytes();
       }},
      // The head.
      {"head_counters_wrong",
       [](const Example&, Rows& rows) {
         Change<MailboxHead>(rows, keys::Head(), [](auto& head) { head.set_message_count(head.message_count() + 1); });
       }},
      {"thread_count_low",
       [](const Example&, Rows& rows) {
         Change<MailboxHead>(rows, keys::Head(), [](auto& head) { head.set_thread_count(1); });
       }},
      {"wake_time_late",
       [](const Example&, Rows& rows) {
         Change<MailboxHead>(rows, keys::Head(), [](auto& head) { head.set_wake_at_ms(0); });
       },
       true, false},
      {"head_unreadable", spoil([](const Example&) { return keys::Head(); }), false},
      {"head_missing", erase([](const Example&) { return keys::Head(); }), false},
      {"current_epoch_wrong",
       [](const Example&, Rows& rows) {
         Change<MailboxHead>(rows, keys::Head(), [](auto& head) { head.set_current_epoch_id(1); });
       },
       false},
      {"log_head_wrong",
       [](const Example&, Rows& rows) {
         Change<MailboxHead>(rows, keys::Head(), [](auto& head) { head.set_log_head(std::string(32, 'x')); });
       },
       false},
      // Membership.
      {"roster_unreadable", spoil([](const Example&) { return keys::Roster(); }), false},
      {"roster_of_unknown_device",
       [](const Example&, Rows& rows) {
         Change<storage_v1::Roster>(rows, keys::Roster(), [](auto& roster) { roster.add_unsigned_removal_ids(77); });
       },
       false},
      {"device_unlike_roster",
       [](const Example& e, Rows& rows) {
         Change<storage_v1::Roster>(rows, keys::Roster(),
                                    [&](auto& roster) { roster.add_unsigned_removal_ids(e.virtual_device.value()); });
       },
       false},
      {"device_key_missing", erase([](const Example& e) { return e.FirstOf(keys::DeviceKey("")); })},
      {"device_key_wrong", spoil([](const Example& e) { return e.FirstOf(keys::DeviceKey("")); })},
      {"device_key_stray",
       [](const Example& e, Rows& rows) {
         rows[keys::DeviceKey(std::string(32, 'k'))] = rows.at(e.FirstOf(keys::DeviceKey("")));
       },
       false},
      {"orf_scalar_lost", erase([](const Example& e) { return keys::OrfServer(e.first); }), false},
      {"orf_scalar_stray",
       [](const Example& e, Rows& rows) { rows[keys::OrfServer(DeviceId(77))] = rows.at(keys::OrfServer(e.first)); },
       false},
      {"sealed_secrets_lost", erase([](const Example& e) { return keys::VirtualDevice(e.virtual_id); }), false},
      {"member_missing", erase([](const Example& e) { return keys::Member(1, e.virtual_device); }), false},
      {"member_of_no_epoch",
       [](const Example& e, Rows& rows) { rows[keys::Member(9, e.first)] = rows.at(keys::Member(1, e.first)); }, false},
      {"member_unreadable", spoil([](const Example& e) { return keys::Member(1, e.virtual_device); }), false},
      {"epoch_missing", erase([](const Example&) { return keys::Epoch(0); }), false},
      {"epoch_unreadable", spoil([](const Example&) { return keys::Epoch(1); }), false},
      {"epoch_beyond_current", [](const Example&, Rows& rows) { rows[keys::Epoch(9)] = rows.at(keys::Epoch(1)); },
       false},
      {"log_entry_missing", erase([](const Example&) { return keys::Log(1); }), false},
      {"log_entry_unreadable", spoil([](const Example&) { return keys::Log(1); }), false},
      {"log_entry_invalid", [](const Example&, Rows& rows) { rows.at(keys::Log(1)) = rows.at(keys::Log(0)); }, false},
      {"log_entry_beyond_head", [](const Example&, Rows& rows) { rows[keys::Log(99)] = rows.at(keys::Log(0)); }, false},
      // The feed.
      {"feed_row_unreadable", [](const Example&, Rows& rows) { rows[keys::Feed(1000)] = "\xff"; }, false},
      {"feed_row_incomplete",
       [](const Example& e, Rows& rows) {
         Change<storage_v1::FeedRecord>(rows, e.FirstOf(keys::Feed(0)), [](auto& feed) { feed.clear_writer_node(); });
       },
       false},
      {"feed_lacks_message",
       [](const Example& e, Rows& rows) {
         const std::string key = keys::Feed(e.At("e").place.revision);
         Change<storage_v1::FeedRecord>(rows, key, [](auto& feed) { feed.mutable_changes()->RemoveLast(); });
       },
       false},
      {"feed_lacks_membership",
       [](const Example& e, Rows& rows) {
         Change<storage_v1::FeedRecord>(rows, e.FirstOf(keys::Feed(0)),
                                        [](auto& feed) { feed.mutable_changes()->RemoveLast(); });
       },
       false},
      {"tombstone_missing", erase([](const Example&) { return keys::MessageLocation("d"); })},
      {"tombstone_without_deletion",
       [](const Example&, Rows& rows) { rows[keys::MessageLocation("z")] = rows.at(keys::MessageLocation("d")); },
       false},
      {"deletion_mark_missing", erase([](const Example& e) { return e.FirstOf(keys::DeletionAge(0, 0)); })},
      {"deletion_mark_stray",
       [](const Example&, Rows& rows) { rows[keys::DeletionAge(kTestNowMs + 1, 1)] = MarkBytes(); }},
      {"void_mark_missing", erase([](const Example& e) { return e.FirstOf(keys::VoidEntry(0, 0, {})); })},
      {"void_mark_unreadable", spoil([](const Example& e) { return e.FirstOf(keys::VoidEntry(0, 0, {})); })},
      {"void_mark_stray",  // it would take out what is true
       [](const Example& e, Rows& rows) {
         rows[keys::VoidEntry(kTestNowMs + limits::kFeedSettleMs, e.At("e").place.revision, e.At("e").place)] =
             MarkBytes();
       }},
      // Requests.
      {"request_unreadable", [](const Example&, Rows& rows) { rows[keys::Request({})] = "\xff"; }, false},
      {"request_age_missing", erase([](const Example& e) { return e.FirstOf(keys::RequestAge(0, {})); })},
      {"request_age_stray",
       [](const Example&, Rows& rows) { rows[keys::RequestAge(kTestNowMs + 1, {})] = MarkBytes(); }},
      {"row_of_no_table", [](const Example&, Rows& rows) { rows["\x50stray"] = "x"; }, false},
  };
  return cases;
}

TEST_CASE("a sound mailbox has no findings") { CHECK(NamesOf(RowStore(Example().rows).Check()) == Names{}); }

TEST_CASE(
    "each rule, broken by hand, is exactly what is found; a repair puts it right, and a dry run changes nothing") {
  const Example example;
  for (const Case& one : Cases()) {
    INFO(one.name);
    Rows damaged = example.rows;
    one.damage(example, damaged);
    RowStore store(damaged);
    const std::vector<Finding> found = store.Check();
    CHECK(NamesOf(found) == Names{one.name});
    CHECK((found.empty() || (found[0].kind == FindingKind::kDerived) == one.repairable));
    CHECK((found.empty() || found[0].state == FindingState::kReported));
    CHECK_FALSE(Explain(one.name).empty());

    const uint64_t revision = store.Entry().position.revision;
    const std::vector<Finding> dry = store.Check({.repair = true, .dry_run = true});
    CHECK(NamesOf(dry) == Names{one.name});
    CHECK((dry.empty() || (dry[0].state == FindingState::kWouldRepair) == one.repairable));
    CHECK(store.Entry().position.revision == revision);

    const std::vector<Finding> repaired = store.Check({.repair = true});
    CHECK(NamesOf(repaired) == Names{one.name});
    CHECK((repaired.empty() || (repaired[0].state == FindingState::kRepaired) == one.repairable));
    const Names left = NamesOf(store.Check());
    CHECK(left == (one.repairable ? Names{} : Names{one.name}));
    if (one.repairable && one.restored) CHECK(store.Read() == example.rows);
    if (!one.repairable) CHECK(store.Entry().position.revision == revision);
  }
}

TEST_CASE("everything derived, lost at once, is written anew from the messages") {
  const Example example;
  Rows damaged = example.rows;
  for (const std::string& table : {keys::ThreadActivity({}, 1), keys::MailboxTime({}), keys::Expiry(0, 0, {}),
                                   keys::RequestAge(0, {}), keys::DeletionAge(0, 0), keys::DeviceKey("")}) {
    std::erase_if(damaged, [&](const auto& row) { return row.first[0] == table[0]; });
  }
  for (const std::string id : {"a", "b", "c", "e"}) damaged.erase(keys::MessageLocation(id));
  for (uint32_t number = 1; number <= 2; ++number) {
    Change<storage_v1::ThreadRecord>(damaged, keys::Thread(number), [](auto& thread) {
      thread.set_message_count(7);
      thread.set_used_bytes(1);
    });
  }
  Change<storage_v1::MailboxHead>(damaged, keys::Head(), [](auto& head) {
    head.set_message_count(0);
    head.set_used_bytes(0);
    head.set_thread_count(0);
    head.set_wake_at_ms(0);
  });
  RowStore store(damaged);
  CHECK(store.Check().size() > 15);
  store.Check({.repair = true});
  CHECK(NamesOf(store.Check()) == Names{});
  Rows expected = example.rows;
  Rows read = store.Read();
  // The wake time may be earlier than it was.
  expected.erase(keys::Head());
  read.erase(keys::Head());
  CHECK(read == expected);
  storage_v1::MailboxHead head;
  REQUIRE(head.ParseFromString(store.Read().at(keys::Head())));
  CHECK(static_cast<uint64_t>(store.Entry().wake_at_ms) == static_cast<uint64_t>(head.wake_at_ms()));
}

TEST_CASE("an interrupted check stops, and says so") {
  RowStore store(Example().rows);
  testing::Findings findings;
  findings.cancel = true;
  CHECK(absl::IsCancelled(CheckOneMailbox(store.engine(), store.partition(), {}, findings, kTestNowMs).status()));
}

TEST_CASE("a mailbox that isn't there is not found") {
  RowStore store({});
  testing::Findings findings;
  CHECK(absl::IsNotFound(CheckOneMailbox(store.engine(), store.partition(), {}, findings, kTestNowMs).status()));
}

}  // namespace
}  // namespace labyrinth::check
