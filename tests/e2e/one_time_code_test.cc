// One-time codes from end to end: two people, two clients, the real server (protocol section 4).
#include <catch2/catch.hpp>
#include <string>
#include <thread>
#include <vector>

#include "common/errors.h"
#include "proto/labyrinth/v1/enrollment.pb.h"
#include "tests/e2e/one_time_fixture.h"

namespace labyrinth::e2e {
namespace {

using client::CodeAsk;
using google::protobuf::Message;

constexpr int64_t kDayMs = 24 * 60 * kMinuteMs;

void CheckOk(const absl::Status& status) {
  INFO(std::string(status.message()));
  CHECK(status.ok());
}

void Save(TappedDevice& device, const std::string& id, const std::string& content) {
  const auto saved =
      device->history().Save({{.thread_id = "t", .message_id = id, .timestamp_ms = 1, .content = content}});
  CheckOk(saved.status());
}

std::string Read(TappedDevice& device, const std::string& id) {
  const auto got = device->history().GetMessages(std::vector<std::string>{id});
  if (!got.ok()) return std::string(got.status().message());
  if (got->messages.size() != 1 || got->messages[0].verified() == nullptr) return "(nothing verified)";
  return got->messages[0].verified()->content;
}

const v1::SendEnrollmentMessageRequest* SentStep(const Message& message, v1::EnrollmentStep step) {
  const auto* request = dynamic_cast<const v1::SendEnrollmentMessageRequest*>(&message);
  return request != nullptr && request->step() == step ? request : nullptr;
}

TEST_CASE("A device next to a member joins by six digits, reads everything and writes at once") {
  TestServer server;
  OneTimePair pair(server, 100);
  Save(pair.laptop, "before", "written before the phone was there");
  CheckOk(pair.laptop->devices().Rotate().status());
  const auto ends = pair.Meet();
  CheckOk(ends.joined.status());
  CheckOk(ends.approved.status());

  CHECK(pair.member.fingerprints == std::vector<std::string>{pair.joiner.fingerprint});
  CHECK(pair.joiner.fingerprint == *pair.phone->devices().OwnFingerprint());
  CHECK(pair.member.shown == 1);
  CHECK(pair.member.over == 1);
  CHECK(pair.member.codes_left == std::vector<int>{5});
  REQUIRE(pair.joiner.asked.size() == 1);
  CHECK(pair.joiner.asked[0].guesses_left == 3);
  REQUIRE(ends.approved->device.has_value());
  CHECK(ends.approved->device->device_id == ends.joined->device_id);
  CHECK(ends.approved->device->fingerprint == pair.joiner.fingerprint);
  CHECK(ends.joined->members.size() == 2);
  const auto devices = pair.laptop->devices().List();
  REQUIRE(devices.ok());
  for (const auto& device : *devices) {
    if (device.this_device) CHECK(device.device_id == ends.joined->sponsor);
  }

  CHECK(Read(pair.phone, "before") == "written before the phone was there");
  // No epoch of its own, unlike after a recovery code: the member said which one is the newest.
  CHECK(pair.phone->mailbox().Info()->epoch_sequence == 1);
  Save(pair.phone, "after", "written by the phone");
  CHECK(pair.phone->mailbox().Info()->epoch_sequence == 1);
  CHECK(Read(pair.laptop, "after") == "written by the phone");
  CHECK(pair.laptop->Verify()->findings.empty());
  CHECK(pair.phone->Verify()->findings.empty());

  const auto phone = pair.phone.Kept(), laptop = pair.laptop.Kept();
  CHECK_FALSE(phone.enrolment->sponsor_log.has_value());
  CHECK(phone.one_time.guess_ms.empty());
  CHECK_FALSE(laptop.one_time.enrollment_id.has_value());
  CHECK(laptop.one_time.consent_ms == std::vector<int64_t>{kStartMs});
}

TEST_CASE("The device that joined so is a member like any other: it rotates, and vouches for the next") {
  TestServer server;
  OneTimePair pair(server, 110);
  REQUIRE(pair.Meet().joined.ok());
  TappedDevice tablet(server, 112);
  absl::StatusOr<client::ApproveReport> approved = absl::UnknownError("not called");
  std::thread other([&] { approved = pair.phone->one_time_codes().Approve(pair.member); });
  const auto joined = tablet->one_time_codes().Join(pair.joiner);
  other.join();
  CheckOk(approved.status());
  CheckOk(joined.status());
  CheckOk(tablet->devices().Rotate().status());
  Save(tablet, "m", "hello");
  CHECK(Read(pair.laptop, "m") == "hello");
  CHECK(Read(pair.phone, "m") == "hello");
}

TEST_CASE("A wrong code is asked for again, and what isn't a code costs nothing") {
  TestServer server;
  OneTimePair pair(server, 120);
  pair.joiner.script = {"12345", "wrong", "twelve", "wrong", "right"};
  const auto ends = pair.Meet();
  CheckOk(ends.joined.status());
  CheckOk(ends.approved.status());
  const struct {
    CodeAsk why;
    int left;
  } expected[] = {{CodeAsk::kFirst, 3},
                  {CodeAsk::kMalformed, 3},
                  {CodeAsk::kWrong, 2},
                  {CodeAsk::kMalformed, 2},
                  {CodeAsk::kWrong, 1}};
  REQUIRE(pair.joiner.asked.size() == std::size(expected));
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    CHECK(pair.joiner.asked[i].why == expected[i].why);
    CHECK(pair.joiner.asked[i].guesses_left == expected[i].left);
  }
  CHECK(pair.member.wrong == std::vector<int>{2, 1});
}

TEST_CASE("Three wrong codes end it on both sides, and the new device waits, whatever becomes of its process") {
  TestServer server;
  OneTimePair pair(server, 130);
  pair.joiner.script = {"wrong", "wrong", "wrong"};
  const auto ends = pair.Meet();
  CHECK(ReasonOf(ends.joined.status()) == Reason::kEnrollmentClosed);
  CHECK(Mentions(ends.joined.status(), "wrong three times"));
  CHECK(absl::IsFailedPrecondition(ends.approved.status()));
  CHECK(Mentions(ends.approved.status(), "three times"));
  CHECK(pair.member.wrong == std::vector<int>{2, 1, 0});
  CHECK(pair.member.over == 1);

  pair.phone.Restart();
  const auto again = pair.phone->one_time_codes().Join(pair.joiner);
  CHECK(ReasonOf(again.status()) == Reason::kRateLimited);
  CHECK(Mentions(again.status(), "in 5 minutes"));
  CHECK(pair.joiner.asked.size() == 3);
  server.clock.Advance(5 * kMinuteMs);
  pair.joiner.script.clear();
  const auto later = pair.Meet();
  CheckOk(later.joined.status());
  CheckOk(later.approved.status());
}

TEST_CASE("Guesses of one code in several enrolments are counted together") {
  TestServer server;
  OneTimePair pair(server, 140);
  pair.joiner.script = {"wrong", "wrong"};
  pair.joiner.on_asked = [&] { pair.joiner.stop = pair.joiner.asked.size() == 3; };
  pair.joiner.script.push_back("12");  // and the person gives up
  CHECK(absl::IsCancelled(pair.Meet().joined.status()));
  pair.phone.Restart();
  pair.joiner.on_asked = nullptr;
  pair.joiner.asked.clear();
  pair.joiner.script = {"wrong"};
  const auto ends = pair.Meet();
  REQUIRE(pair.joiner.asked.size() == 1);
  CHECK(pair.joiner.asked[0].guesses_left == 1);
  CHECK(ReasonOf(ends.joined.status()) == Reason::kRateLimited);
}

TEST_CASE("Guesses and consents are on the disk before anything that they allow leaves") {
  TestServer server;
  OneTimePair pair(server, 150);
  pair.joiner.script = {"wrong", "right"};
  std::vector<std::size_t> guesses, consents;
  std::vector<uint32_t> answered;
  pair.phone.tap().on_send = [&](const std::string&, Message& message) {
    const auto* start = SentStep(message, v1::ENROLLMENT_STEP_START);
    if (start != nullptr) guesses.push_back(pair.phone.Kept().one_time.guess_ms.size());
  };
  pair.laptop.tap().on_send = [&](const std::string&, Message& message) {
    if (SentStep(message, v1::ENROLLMENT_STEP_CONSENT) != nullptr) {
      consents.push_back(pair.laptop.Kept().one_time.consent_ms.size());
    }
    if (SentStep(message, v1::ENROLLMENT_STEP_ANSWER) != nullptr) {
      answered.push_back(pair.laptop.Kept().one_time.guesses);
    }
  };
  const auto ends = pair.Meet();
  CheckOk(ends.joined.status());
  CHECK(guesses == std::vector<std::size_t>{1, 2});
  CHECK(consents == std::vector<std::size_t>{1});
  CHECK(answered == std::vector<uint32_t>{1, 2});
}

TEST_CASE("Five codes a day are shown, whatever becomes of the process") {
  TestServer server;
  OneTimePair pair(server, 160);
  pair.joiner.on_asked = [&] { pair.joiner.stop = true; };
  pair.joiner.script = std::vector<std::string>(5, "12");  // and the person gives up
  for (int i = 0; i < 5; ++i) {
    const auto ends = pair.Meet();
    CHECK(absl::IsCancelled(ends.joined.status()));
    CHECK(ReasonOf(ends.approved.status()) == Reason::kEnrollmentClosed);
    server.clock.Advance(11 * kMinuteMs);  // what the server allows an account
    pair.laptop.Restart();
  }
  CHECK(pair.member.codes_left == std::vector<int>{5, 4, 3, 2, 1});
  const auto sixth = pair.laptop->one_time_codes().Approve(pair.member);
  CHECK(ReasonOf(sixth.status()) == Reason::kRateLimited);
  CHECK(Mentions(sixth.status(), "in 24 hours"));
  CHECK(pair.member.shown == 5);
  server.clock.Advance(kDayMs - 54 * kMinuteMs);
  pair.joiner.on_asked = nullptr;
  pair.joiner.script.clear();
  pair.joiner.asked.clear();
  CheckOk(pair.Meet().joined.status());
  CHECK(pair.member.codes_left.back() == 1);
}

TEST_CASE("A person's no costs nothing and is heard") {
  TestServer server;
  OneTimePair pair(server, 170);
  pair.member.consents = false;
  const auto ends = pair.Meet();
  CheckOk(ends.approved.status());
  CHECK_FALSE(ends.approved->device.has_value());
  CHECK(ReasonOf(ends.joined.status()) == Reason::kEnrollmentClosed);
  CHECK(Mentions(ends.joined.status(), "refused"));
  CHECK(pair.member.shown == 0);
  CHECK(pair.member.over == 0);
  CHECK(pair.laptop.Kept().one_time.consent_ms.empty());
}

TEST_CASE("Nobody agrees within five minutes") {
  TestServer server;
  OneTimePair pair(server, 180);
  pair.joiner.on_waiting = [&] { server.clock.Advance(5 * kMinuteMs); };
  const auto joined = pair.phone->one_time_codes().Join(pair.joiner);
  CHECK(ReasonOf(joined.status()) == Reason::kEnrollmentClosed);
  CHECK(Mentions(joined.status(), "no other device agreed within five minutes"));
}

TEST_CASE("A code is worth nothing after five minutes, on either side") {
  TestServer server;
  OneTimePair pair(server, 190);
  pair.joiner.on_asked = [&] { server.clock.Advance(5 * kMinuteMs); };
  const auto ends = pair.Meet();
  CHECK(ReasonOf(ends.joined.status()) == Reason::kEnrollmentClosed);
  CHECK(Mentions(ends.joined.status(), "five minutes are over"));
  CHECK(ReasonOf(ends.approved.status()) == Reason::kEnrollmentClosed);
  CHECK(pair.member.over == 1);
}

TEST_CASE("Whoever gives up is let go at once, and the other side hears it") {
  TestServer server;
  SECTION("the new device, before anybody agreed") {
    OneTimePair pair(server, 200);
    pair.joiner.on_waiting = [&] { pair.joiner.stop = true; };
    CHECK(absl::IsCancelled(pair.phone->one_time_codes().Join(pair.joiner).status()));
    CHECK_FALSE(pair.phone.Kept().one_time.enrollment_id.has_value());
  }
  SECTION("the member, who has shown a code") {
    OneTimePair pair(server, 204);
    pair.member.on_shown = [&] { pair.member.stop = true; };
    const auto ends = pair.Meet();
    CHECK(absl::IsCancelled(ends.approved.status()));
    CHECK(ReasonOf(ends.joined.status()) == Reason::kEnrollmentClosed);
    CHECK(Mentions(ends.joined.status(), "ended it"));
    CHECK(pair.member.over == 1);
  }
  SECTION("the member, who waits for a request") {
    OneTimePair pair(server, 208);
    pair.member.stop = true;
    CHECK(absl::IsCancelled(pair.laptop->one_time_codes().Approve(pair.member).status()));
  }
}

TEST_CASE("Only a profile that is no device joins, only a device approves") {
  TestServer server;
  OneTimePair pair(server, 210);
  CHECK(absl::IsFailedPrecondition(pair.laptop->one_time_codes().Join(pair.joiner).status()));
  CHECK(absl::IsFailedPrecondition(pair.phone->one_time_codes().Approve(pair.member).status()));
  TappedDevice stranger(server, 212, "bob");
  CHECK(ReasonOf(stranger->one_time_codes().Join(pair.joiner).status()) == Reason::kMailboxNotFound);
}

// A third member acts at a moment of the other two's run.
struct BusyMailbox {
  BusyMailbox(TestServer& server, uint64_t seed) : pair(server, seed), tablet(server, seed + 2) {
    auto code = pair.laptop->recovery().CreateCode();
    REQUIRE(code.ok());
    REQUIRE(tablet->recovery().Join(code->code).ok());
  }
  // Before the phone's message of that method (and step) leaves, for the first `times`.
  void Interrupt(const std::string& at, v1::EnrollmentStep step, int times, std::function<absl::Status()> act) {
    pair.phone.tap().on_send = [=, this](const std::string& method, Message& message) {
      const auto* sent = dynamic_cast<const v1::SendEnrollmentMessageRequest*>(&message);
      if (method != at || (sent != nullptr && sent->step() != step) || acted == times) return;
      ++acted;
      CheckOk(act());
    };
  }

  OneTimePair pair;
  TappedDevice tablet;
  int acted = 0;
};

TEST_CASE("A log or an epoch that moves meanwhile is granted for anew") {
  TestServer server;
  BusyMailbox busy(server, 220);
  const auto add_code = [&] { return busy.tablet->recovery().CreateCode().status(); };
  const auto rotate = [&] { return busy.tablet->devices().Rotate().status(); };
  const auto none = v1::ENROLLMENT_STEP_UNSPECIFIED;
  const auto meets_all_the_same = [&] {
    const auto ends = busy.pair.Meet();
    CheckOk(ends.joined.status());
    CheckOk(ends.approved.status());
    CHECK(busy.acted >= 1);
    Save(busy.pair.phone, "m", "hello");
    CHECK(Read(busy.tablet, "m") == "hello");
    CHECK(busy.pair.phone->Verify()->findings.empty());
  };
  SECTION("an entry before the registration") {
    busy.Interrupt("RegisterDevice", none, 1, add_code);
    meets_all_the_same();
  }
  SECTION("an epoch before the registration") {
    busy.Interrupt("RegisterDevice", none, 1, rotate);
    meets_all_the_same();
  }
  SECTION("three epochs, each before a registration") {
    busy.Interrupt("RegisterDevice", none, 3, rotate);
    meets_all_the_same();
  }
  SECTION("an epoch between answer and grant") {
    busy.Interrupt("SendEnrollmentMessage", v1::ENROLLMENT_STEP_CONFIRM, 1, rotate);
    meets_all_the_same();
  }
  SECTION("an entry between answer and grant") {
    busy.Interrupt("SendEnrollmentMessage", v1::ENROLLMENT_STEP_CONFIRM, 1, add_code);
    meets_all_the_same();
  }
  SECTION("an epoch between registration and the log's reading") {
    busy.Interrupt("ListLog", none, 1, rotate);
    meets_all_the_same();
  }
}

TEST_CASE("A mailbox that never stands still is given up on, clearly") {
  TestServer server;
  BusyMailbox busy(server, 230);
  busy.Interrupt("RegisterDevice", v1::ENROLLMENT_STEP_UNSPECIFIED, 100,
                 [&] { return busy.tablet->recovery().CreateCode().status(); });
  const auto ends = busy.pair.Meet();
  CHECK(ReasonOf(ends.joined.status()) == Reason::kLogStale);
  CHECK(ReasonOf(ends.approved.status()) == Reason::kEnrollmentClosed);
  CHECK(busy.acted == 5);
  CHECK_FALSE(busy.pair.phone.Kept().pending.has_value());
}

TEST_CASE("A member that is removed meanwhile brings nobody in") {
  TestServer server;
  BusyMailbox busy(server, 240);
  const auto devices = busy.tablet->devices().List();
  REQUIRE(devices.ok());
  DeviceId laptop;
  for (const auto& device : *devices) {
    if (!device.this_device && !device.is_virtual()) laptop = device.device_id;
  }
  busy.Interrupt("RegisterDevice", v1::ENROLLMENT_STEP_UNSPECIFIED, 1,
                 [&] { return busy.tablet->devices().Revoke(laptop).status(); });
  const auto ends = busy.pair.Meet();
  CHECK(ReasonOf(ends.joined.status()) == Reason::kEnrollmentClosed);
  CHECK(ReasonOf(ends.approved.status()) == Reason::kDeviceRevoked);
  const auto left = busy.tablet->devices().List();
  REQUIRE(left.ok());
  for (const auto& device : *left) CHECK((device.this_device || device.is_virtual()));
}

}  // namespace
}  // namespace labyrinth::e2e
