#include "client/history.h"

#include <catch2/catch.hpp>
#include <functional>

#include "client/testing/mailbox_fixture.h"
#include "common/limits.h"
#include "crypto/labyrinth/message.h"

namespace labyrinth::client {
namespace {

using testing::MailboxFixture;
using testing::Text;

struct HistoryFixture : MailboxFixture {
  HistoryFixture() {
    std::vector<NewMessage> messages;
    for (int i = 0; i < 8; ++i) {
      const std::string n = std::to_string(i);
      messages.push_back(Text(i % 2 == 0 ? "even" : "odd", "m" + n, 1000 + i, "content " + n));
    }
    REQUIRE(laptop->history().SaveAll(messages).ok());
  }

  std::vector<HistoryMessage> All(MessageQuery query) {
    std::vector<HistoryMessage> all;
    auto reader = laptop->history().ListMessages(std::move(query));
    while (!reader.done()) {
      const auto page = reader.NextPage();
      REQUIRE(page.ok());
      all.insert(all.end(), page->begin(), page->end());
    }
    return all;
  }

  // The one tampered row of a walk over everything.
  Tampering OnlyTampering() {
    std::vector<Tampering> found;
    for (const HistoryMessage& message : All({})) {
      if (message.tampered() != nullptr) found.push_back(message.tampered()->kind);
    }
    REQUIRE(found.size() == 1);
    return found[0];
  }
};

TEST_CASE("What is saved comes back verified, newest first") {
  HistoryFixture f;
  const auto all = f.All({});
  REQUIRE(all.size() == 8);
  for (int i = 0; i < 8; ++i) {
    REQUIRE(all[i].verified() != nullptr);
    CHECK(all[i].foreign() == nullptr);
    CHECK(all[i].tampered() == nullptr);
    CHECK(all[i].verified()->content == "content " + std::to_string(7 - i));
    CHECK(all[i].row().timestamp_ms == 1007 - i);
  }
  CHECK(all[0].verified()->change_number == 8);
}

TEST_CASE("Ranges, threads and orders are what was asked for") {
  HistoryFixture f;
  CHECK(f.All({.thread_id = "even"}).size() == 4);
  CHECK(f.All({.start_ms = 1002, .end_ms = 1004}).size() == 2);
  const auto oldest = f.All({.thread_id = "odd", .oldest_first = true});
  REQUIRE(oldest.size() == 4);
  CHECK(oldest[0].row().message_id == "m1");
  CHECK(f.All({.thread_id = "none"}).empty());
}

TEST_CASE("Threads come with their newest message") {
  HistoryFixture f;
  auto reader = f.laptop->history().ListThreads();
  const auto page = reader.NextPage();
  REQUIRE(page.ok());
  REQUIRE(page->size() == 2);
  CHECK(page->at(0).row().message_id == "m7");
  CHECK(page->at(1).row().message_id == "m6");
  CHECK(reader.done());
}

TEST_CASE("Messages are fetched by id, however many fit a reply") {
  HistoryFixture f;
  const std::vector<std::string> ids = {"m0", "m1", "m2", "m3", "m4", "m4", "gone", "m5"};
  const auto result = f.laptop->history().GetMessages(ids);
  REQUIRE(result.ok());
  CHECK(result->messages.size() == 6);
  for (const HistoryMessage& message : result->messages) CHECK(message.verified() != nullptr);
  CHECK(result->missing_message_ids == std::vector<std::string>{"gone"});
}

TEST_CASE("Every field of a row that a server could change is caught") {
  using Tamper = std::function<void(v1::Message&)>;
  const std::vector<std::pair<Tampering, Tamper>> cases = {
      {Tampering::kUndecryptable, [](v1::Message& m) { m.mutable_ciphertext()->back() ^= 1; }},
      {Tampering::kUndecryptable, [](v1::Message& m) { m.mutable_ciphertext()->front() ^= 1; }},
      {Tampering::kUndecryptable, [](v1::Message& m) { m.clear_ciphertext(); }},
      {Tampering::kUndecryptable, [](v1::Message& m) { m.set_thread_id("odd"); }},
      {Tampering::kUndecryptable, [](v1::Message& m) { m.set_cipher_version(4); }},
      {Tampering::kUnreadableVersion, [](v1::Message& m) { m.set_cipher_version(1); }},
      {Tampering::kUnreadableVersion, [](v1::Message& m) { m.set_cipher_version(77); }},
      {Tampering::kDiffersFromEnvelope, [](v1::Message& m) { m.set_message_id("other"); }},
      {Tampering::kDiffersFromEnvelope, [](v1::Message& m) { m.set_expire_ms(99999); }},
      {Tampering::kUnknownEpoch, [](v1::Message& m) { m.set_epoch_id(4242); }},
      {Tampering::kUnknownEpoch, [](v1::Message& m) { m.set_epoch_id(0); }},
      {Tampering::kMalformedRow, [](v1::Message& m) { m.clear_message_id(); }},
      {Tampering::kMalformedRow, [](v1::Message& m) { m.clear_thread_id(); }},
      {Tampering::kMalformedRow, [](v1::Message& m) { m.set_message_id(std::string(65, 'x')); }},
      {Tampering::kMalformedRow, [](v1::Message& m) { m.set_expire_ms(-1); }},
  };
  HistoryFixture f;
  for (const auto& [kind, tamper] : cases) {
    INFO(std::string(Describe(kind)));
    f.server.on_list_messages = [&, tamper = tamper](const v1::ListMessagesRequest&,
                                                     v1::ListMessagesResponse& response) {
      for (v1::Message& message : *response.mutable_messages()) {
        if (message.message_id() == "m4") tamper(message);
      }
    };
    CHECK(f.OnlyTampering() == kind);
  }
}

TEST_CASE("A time that was changed in place is caught") {
  HistoryFixture f;
  // Its neighbour's time, so that the order can't tell, but the envelope can.
  f.server.on_list_messages = [](const v1::ListMessagesRequest&, v1::ListMessagesResponse& response) {
    for (v1::Message& message : *response.mutable_messages()) {
      if (message.message_id() == "m4") message.set_timestamp_ms(1005);
    }
  };
  CHECK(f.OnlyTampering() == Tampering::kDiffersFromEnvelope);
}

TEST_CASE("Rows that are swapped, repeated, out of range or of another thread are caught in their place") {
  HistoryFixture f;
  SECTION("another row's ciphertext, of the same thread") {
    const std::string m6 = f.server.store.messages[6].ciphertext();
    f.server.on_list_messages = [&](const v1::ListMessagesRequest&, v1::ListMessagesResponse& response) {
      for (v1::Message& message : *response.mutable_messages()) {
        if (message.message_id() == "m4") message.set_ciphertext(m6);
      }
    };
    CHECK(f.OnlyTampering() == Tampering::kDiffersFromEnvelope);
  }
  SECTION("repeated") {
    f.server.on_list_messages = [](const v1::ListMessagesRequest&, v1::ListMessagesResponse& response) {
      const v1::Message last = response.messages(response.messages_size() - 1);
      if (last.message_id() == "m5") *response.add_messages() = last;
    };
    CHECK(f.OnlyTampering() == Tampering::kDuplicate);
  }
  SECTION("out of order") {
    f.server.on_list_messages = [](const v1::ListMessagesRequest&, v1::ListMessagesResponse& response) {
      if (response.messages(0).message_id() == "m7") response.mutable_messages()->SwapElements(0, 1);
    };
    CHECK(f.OnlyTampering() == Tampering::kOutOfOrder);
  }
  SECTION("out of range") {
    f.server.on_list_messages = [&](const v1::ListMessagesRequest&, v1::ListMessagesResponse& response) {
      response.Clear();
      *response.add_messages() = f.server.store.messages[0];
    };
    const auto all = f.All({.start_ms = 1003});
    REQUIRE(all.size() == 1);
    REQUIRE(all[0].tampered() != nullptr);
    CHECK(all[0].tampered()->kind == Tampering::kOutsideOfQuery);
    const auto thread = f.All({.thread_id = "odd"});
    REQUIRE(thread.size() == 1);
    REQUIRE(thread[0].tampered() != nullptr);
  }
  SECTION("by id: unasked and repeated") {
    f.server.on_batch_get = [&](v1::BatchGetMessagesResponse& response) {
      *response.add_messages() = f.server.store.messages[7];
      *response.add_messages() = f.server.store.messages[0];
    };
    const auto result = f.laptop->history().GetMessages(std::vector<std::string>{"m0"});
    REQUIRE(result.ok());
    REQUIRE(result->messages.size() == 3);
    CHECK(result->messages[0].verified() != nullptr);
    CHECK(result->messages[1].tampered()->kind == Tampering::kOutsideOfQuery);
    CHECK(result->messages[2].tampered()->kind == Tampering::kDuplicate);
  }
  SECTION("threads: listed twice") {
    f.server.on_list_threads = [](v1::ListThreadsResponse& response) {
      *response.add_newest_messages() = v1::Message(response.newest_messages(0));
    };
    auto reader = f.laptop->history().ListThreads();
    const auto page = reader.NextPage();
    REQUIRE(page.ok());
    CHECK(page->back().tampered()->kind == Tampering::kDuplicate);
  }
}

TEST_CASE("A walk that never ends is an error") {
  HistoryFixture f;
  f.server.on_list_messages = [](const v1::ListMessagesRequest&, v1::ListMessagesResponse& response) {
    response.set_next_page_token("3");
  };
  auto reader = f.laptop->history().ListMessages({});
  absl::Status status;
  for (int i = 0; i < 10 && status.ok(); ++i) status = reader.NextPage().status();
  CHECK(absl::IsDataLoss(status));
}

TEST_CASE("Data that others saved without an envelope is readable and marked") {
  HistoryFixture f;
  auto phone = f.Join(2);  // so that there are two epochs
  // Seal without envelope under the newest epoch's key, which the test takes from a copy of the profile.
  f.laptop.Close();
  auto keychain = Keychain::Open(f.laptop.profile(), testing::kServerName, testing::kAccount);
  REQUIRE(keychain.ok());
  const crypto::Epoch epoch = (*keychain)->state().enrolment->epochs.newest().Clone();
  keychain->reset();
  f.laptop.Open();
  crypto::SeededRandom random(5);
  v1::Message foreign;
  foreign.set_message_id("foreign");
  foreign.set_thread_id("even");
  foreign.set_timestamp_ms(2000);
  foreign.set_epoch_id(epoch.id.value());
  foreign.set_cipher_version(crypto::kCipherVersion);
  foreign.set_ciphertext(*crypto::EncryptMessage(epoch, "even", "plain words", random));
  f.server.store.messages.push_back(foreign);
  const auto all = f.All({});
  REQUIRE(all.size() == 9);
  CHECK(all[0].verified() == nullptr);
  REQUIRE(all[0].foreign() != nullptr);
  CHECK(all[0].foreign()->unverified_content == "plain words");
}

TEST_CASE("A save under a stale epoch chains, encrypts again and succeeds") {
  HistoryFixture f;
  auto phone = f.Join(2);
  REQUIRE(f.laptop->mailbox().Info().ok());
  REQUIRE((*phone)->devices().Rotate().ok());
  const int saves = f.server.calls["SaveMessages"];
  REQUIRE(f.laptop->history().Save({Text("t", "new", 3000, "x")}).ok());
  CHECK(f.server.calls["SaveMessages"] == saves + 2);
  CHECK(f.server.store.messages.back().epoch_id() == f.server.store.epoch().epoch_id());
  // And the phone, which never saw the laptop's keys, reads it.
  auto reader = (*phone)->history().ListMessages({.thread_id = "t"});
  CHECK(reader.NextPage()->front().verified()->content == "x");
}

TEST_CASE("A reader that meets a new epoch or a new writer looks again before it calls a row tampered with") {
  HistoryFixture f;
  REQUIRE(f.laptop->mailbox().Info().ok());
  auto phone = f.Join(2);
  REQUIRE((*phone)->history().Save({Text("even", "theirs", 5000, "hello")}).ok());
  const auto all = f.All({});
  REQUIRE(all.size() == 9);
  CHECK(all[0].verified() != nullptr);
}

TEST_CASE("A server that always says stale doesn't loop for ever") {
  HistoryFixture f;
  for (const absl::Status& stale : {errors::EpochStale(EpochId(1), 1), errors::RotationRequired()}) {
    f.server.before = [&](const std::string& method) { return method == "SaveMessages" ? stale : absl::OkStatus(); };
    f.server.calls.clear();
    CHECK(ReasonOf(f.laptop->history().Save({Text("t", "x", 1, "x")}).status()) == ReasonOf(stale));
    CHECK(f.server.calls["SaveMessages"] == 5);
  }
}

TEST_CASE("A repeated save changes nothing") {
  HistoryFixture f;
  const auto again = f.laptop->history().Save({Text("even", "m0", 1000, "content 0")});
  REQUIRE(again.ok());
  CHECK(again->outcomes == std::vector<SaveOutcome>{SaveOutcome::kKeptExisting});
}

TEST_CASE("Change numbers are never used twice, also after a crash") {
  HistoryFixture f;
  f.laptop.Open();
  REQUIRE(f.laptop->history().Save({Text("even", "m8", 1008, "x")}).ok());
  const auto all = f.All({});
  CHECK(all[0].verified()->change_number > all[1].verified()->change_number);
}

TEST_CASE("A batch that the server would refuse anyway isn't sent") {
  HistoryFixture f;
  f.server.calls.clear();
  const auto refused = [&](const std::vector<NewMessage>& messages, Reason reason) {
    const absl::Status status = f.laptop->history().Save(messages).status();
    INFO(std::string(status.message()));
    CHECK(ReasonOf(status) == reason);
  };
  refused({}, Reason::kInvalidField);
  refused({Text("", "m", 1, "x")}, Reason::kInvalidField);
  refused({Text("t", "", 1, "x")}, Reason::kInvalidField);
  refused({Text("t", "m", -1, "x")}, Reason::kInvalidField);
  refused({Text("t", "m", limits::kTimestampMs + 1, "x")}, Reason::kInvalidField);
  refused({Text("t", "m", 1, "x"), Text("t", "m", 2, "y")}, Reason::kInvalidField);
  refused({Text(std::string(129, 't'), "m", 1, "x")}, Reason::kLimitExceeded);
  refused({Text("t", std::string(65, 'm'), 1, "x")}, Reason::kLimitExceeded);
  refused({Text("t", "m", 1, std::string(limits::kMessageBytes, 'x'))}, Reason::kLimitExceeded);
  std::vector<NewMessage> many;
  for (int i = 0; i < 101; ++i) many.push_back(Text("t", "n" + std::to_string(i), 1, "x"));
  refused(many, Reason::kLimitExceeded);
  std::vector<NewMessage> large;
  for (int i = 0; i < 20; ++i) large.push_back(Text("t", "n" + std::to_string(i), 1, std::string(200'000, 'x')));
  refused(large, Reason::kLimitExceeded);
  CHECK(f.server.calls["SaveMessages"] == 0);
  // Split into batches, both are fine.
  CHECK(f.laptop->history().SaveAll(many)->outcomes.size() == 101);
  CHECK(f.server.calls["SaveMessages"] == 2);
}

TEST_CASE("Import ids agree between devices") {
  HistoryFixture f;
  auto phone = f.Join(2);
  const auto laptop_ids = f.laptop->history().ImportIds();
  const auto phone_ids = (*phone)->history().ImportIds();
  REQUIRE(laptop_ids.ok());
  REQUIRE(phone_ids.ok());
  CHECK(laptop_ids->MessageId("inbox/x", 1, "Bob", "hi") == phone_ids->MessageId("inbox/x", 1, "Bob", "hi"));
  CHECK(laptop_ids->ThreadId("inbox/x") == phone_ids->ThreadId("inbox/x"));
}

TEST_CASE("A malformed answer to a save is named") {
  HistoryFixture f;
  f.server.on_save = [](v1::SaveMessagesResponse& response) { response.clear_results(); };
  CHECK(absl::IsDataLoss(f.laptop->history().Save({Text("t", "a", 1, "x")}).status()));
  f.server.on_save = [](v1::SaveMessagesResponse& response) {
    response.mutable_results(0)->set_outcome(v1::SAVE_OUTCOME_UNSPECIFIED);
  };
  CHECK(absl::IsDataLoss(f.laptop->history().Save({Text("t", "b", 1, "x")}).status()));
}

}  // namespace
}  // namespace labyrinth::client
