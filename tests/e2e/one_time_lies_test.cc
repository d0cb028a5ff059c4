// One-time codes while the server lies: what each lie comes to (protocol section 4).
#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <thread>

#include "client/convert.h"
#include "common/errors.h"
#include "crypto/labyrinth/device_secrets.h"
#include "crypto/labyrinth/one_time_messages.h"
#include "crypto/primitives/ristretto.h"
#include "proto/labyrinth/v1/enrollment.pb.h"
#include "tests/e2e/one_time_fixture.h"

namespace labyrinth::e2e {
namespace {

using google::protobuf::Message;
using Event = v1::WatchEnrollmentsResponse;

// What the new device, or the member, is told of a step is changed first.
void Change(TappedDevice& device, v1::EnrollmentStep step, std::function<void(Event&)> lie) {
  device.tap().on_receive = [=](const std::string&, Message& message) {
    auto* event = dynamic_cast<Event*>(&message);
    if (event != nullptr && event->step() == step) lie(*event);
  };
}

template <typename Reply>
void Change(TappedDevice& device, std::function<void(Reply&)> lie) {
  device.tap().on_receive = [=](const std::string&, Message& message) {
    if (auto* reply = dynamic_cast<Reply*>(&message)) lie(*reply);
  };
}

std::string Flipped(std::string bytes, std::size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  return bytes;
}

crypto::DevicePublicKeys OtherKeys(uint64_t seed) {
  crypto::SeededRandom random(seed);
  return crypto::DeviceSecrets::Generate(crypto::SubjectKind::kPhysical, crypto::OrfClientState::Generate(random),
                                         random)
      ->public_keys;
}

std::string OtherShare() {
  crypto::SeededRandom random(9);
  return crypto::HashToCurve(random.Bytes(16)).str();
}

// The lie is one that the transcript catches: the right code fails, three times, as a wrong one would, and the person
// at the member sees it. Nobody was let in.
void CheckFailsAsWrongCode(OneTimePair& pair) {
  const auto ends = pair.Meet();
  CHECK(ReasonOf(ends.joined.status()) == Reason::kEnrollmentClosed);
  CHECK(Mentions(ends.joined.status(), "wrong three times"));
  CHECK(absl::IsFailedPrecondition(ends.approved.status()));
  CHECK(pair.member.wrong == std::vector<int>{2, 1, 0});
  CHECK_FALSE(pair.phone->HasDevice());
  CHECK(pair.laptop->devices().List()->size() == 1);
}

void CheckRefused(const absl::Status& status, const std::string& text) {
  INFO(std::string(status.message()));
  CHECK(absl::IsDataLoss(status));
  CHECK(Mentions(status, text));
}

TEST_CASE("A server between the two devices makes the right code fail") {
  TestServer server;
  OneTimePair pair(server, 300);
  SECTION("another device's keys, shown to the member") {
    Change(pair.laptop, v1::ENROLLMENT_STEP_OPEN,
           [](Event& event) { client::ToProto(OtherKeys(7), *event.mutable_keys()); });
    CheckFailsAsWrongCode(pair);
    CHECK(pair.member.fingerprints[0] != pair.joiner.fingerprint);  // who compares sees it at once
  }
  SECTION("another nonce of the new device") {
    Change(pair.laptop, v1::ENROLLMENT_STEP_OPEN, [](Event& event) { event.set_payload(Flipped(event.payload(), 3)); });
    CheckFailsAsWrongCode(pair);
  }
  SECTION("another nonce of the member") {
    Change(pair.phone, v1::ENROLLMENT_STEP_CONSENT,
           [](Event& event) { event.set_payload(Flipped(event.payload(), 3)); });
    CheckFailsAsWrongCode(pair);
  }
  SECTION("another share of the new device") {
    Change(pair.laptop, v1::ENROLLMENT_STEP_START, [](Event& event) { event.set_payload(OtherShare()); });
    CheckFailsAsWrongCode(pair);
  }
  SECTION("another share of the member") {
    Change(pair.phone, v1::ENROLLMENT_STEP_ANSWER,
           [](Event& event) { event.set_payload(OtherShare() + event.payload().substr(32)); });
    CheckFailsAsWrongCode(pair);
  }
  // ADb: deviceKeyPub(32), labyrinthID(16), epochID(8), log index(8), log head(32).
  for (const std::size_t at : {16 + 32, 32 + 32, 48 + 39, 56 + 39, 64 + 32, 95 + 32}) {
    DYNAMIC_SECTION("another mailbox, epoch or log of the member, byte " << at) {
      Change(pair.phone, v1::ENROLLMENT_STEP_ANSWER,
             [at](Event& event) { event.set_payload(Flipped(event.payload(), at)); });
      CheckFailsAsWrongCode(pair);
    }
  }
  SECTION("another proof of the new device") {
    Change(pair.laptop, v1::ENROLLMENT_STEP_CONFIRM,
           [](Event& event) { event.set_payload(Flipped(event.payload(), 0)); });
    CheckFailsAsWrongCode(pair);
  }
}

TEST_CASE("The same account on another server is another code") {
  TestServer server;
  OneTimePair pair(server, 320);
  // An enrolment of another name: the id that each side works with differs.
  Change<v1::OpenEnrollmentResponse>(pair.phone, [](v1::OpenEnrollmentResponse& reply) {
    reply.set_enrollment_id(Flipped(reply.enrollment_id(), 0));
  });
  const auto joined = pair.phone->one_time_codes().Join(pair.joiner);
  CHECK(ReasonOf(joined.status()) == Reason::kEnrollmentClosed);
}

TEST_CASE("What the new device is told is held against what it knows") {
  TestServer server;
  OneTimePair pair(server, 330);
  const auto refused = [&](const std::string& text) {
    const auto ends = pair.Meet();
    CheckRefused(ends.joined.status(), text);
    CHECK_FALSE(pair.phone->HasDevice());
  };
  SECTION("a share that is no element") {
    Change(pair.phone, v1::ENROLLMENT_STEP_ANSWER,
           [](Event& event) { event.set_payload(std::string(32, '\0') + event.payload().substr(32)); });
    refused("answer");
  }
  SECTION("a grant of somebody who doesn't hold the code") {
    Change(pair.phone, v1::ENROLLMENT_STEP_GRANT, [](Event& event) { event.set_payload(Flipped(event.payload(), 5)); });
    refused("stands between");
  }
  SECTION("a bundle that was changed") {
    Change(pair.phone, v1::ENROLLMENT_STEP_GRANT,
           [](Event& event) { event.set_payload(Flipped(event.payload(), event.payload().size() - 1)); });
    refused("bundle");
  }
  SECTION("a grant that is too short for one") {
    Change(pair.phone, v1::ENROLLMENT_STEP_GRANT, [](Event& event) { event.set_payload("short"); });
    refused("grant");
  }
  SECTION("a grant instead of an answer") {
    Change(pair.phone, v1::ENROLLMENT_STEP_ANSWER, [](Event& event) { event.set_step(v1::ENROLLMENT_STEP_GRANT); });
    refused("out of order");
  }
  SECTION("another run's answer") {
    Change(pair.phone, v1::ENROLLMENT_STEP_ANSWER, [](Event& event) { event.set_run(2); });
    refused("out of order");
  }
  SECTION("another enrolment's event") {
    Change(pair.phone, v1::ENROLLMENT_STEP_CONSENT,
           [](Event& event) { event.set_enrollment_id(Flipped(event.enrollment_id(), 0)); });
    refused("nobody asked about");
  }
  SECTION("a nonce of another size") {
    Change(pair.phone, v1::ENROLLMENT_STEP_CONSENT, [](Event& event) { event.set_payload("short"); });
    refused("nonce");
  }
  SECTION("an enrolment id of another size") {
    Change<v1::OpenEnrollmentResponse>(pair.phone,
                                       [](v1::OpenEnrollmentResponse& reply) { reply.set_enrollment_id("short"); });
    refused("enrolment id");
  }
}

TEST_CASE("An old enrolment played again opens nothing") {
  TestServer server;
  OneTimePair pair(server, 340);
  std::map<int, std::string> old;  // what the phone heard, by step
  pair.phone.tap().on_receive = [&](const std::string&, Message& message) {
    if (auto* event = dynamic_cast<Event*>(&message)) old[event->step()] = event->payload();
  };
  // The first is granted, and dropped by the server before it is used.
  pair.phone.tap().on_send = [&](const std::string& method, Message&) {
    if (method == "RegisterDevice") pair.phone.Kill();
  };
  pair.Meet();
  REQUIRE(old.contains(v1::ENROLLMENT_STEP_GRANT));
  pair.phone.Restart();

  SECTION("its answer: the right code is wrong") {
    Change(pair.phone, v1::ENROLLMENT_STEP_ANSWER,
           [&](Event& event) { event.set_payload(old[v1::ENROLLMENT_STEP_ANSWER]); });
    const auto ends = pair.Meet();
    CHECK_FALSE(ends.joined.ok());
    CHECK_FALSE(pair.member.wrong.empty());
  }
  SECTION("its grant") {
    Change(pair.phone, v1::ENROLLMENT_STEP_GRANT,
           [&](Event& event) { event.set_payload(old[v1::ENROLLMENT_STEP_GRANT]); });
    CheckRefused(pair.Meet().joined.status(), "stands between");
  }
  SECTION("its request, after the device has joined: a member refuses") {
    Event request;
    pair.laptop.tap().on_receive = [&](const std::string&, Message& message) {
      auto* event = dynamic_cast<Event*>(&message);
      if (event != nullptr && event->step() == v1::ENROLLMENT_STEP_OPEN) request = *event;
    };
    REQUIRE(pair.Meet().joined.ok());
    TappedDevice tablet(server, 345);
    Change(pair.laptop, v1::ENROLLMENT_STEP_OPEN, [&](Event& event) { *event.mutable_keys() = request.keys(); });
    absl::StatusOr<client::ApproveReport> approved = absl::UnknownError("not called");
    std::thread other([&] { approved = pair.laptop->one_time_codes().Approve(pair.member); });
    std::thread joining([&] { (void)tablet->one_time_codes().Join(pair.joiner); });
    other.join();
    pair.joiner.stop = true;
    joining.join();
    CheckRefused(approved.status(), "knows already");
  }
}

TEST_CASE("A registration into another mailbox, or another log than the member's, is refused by the new device") {
  TestServer server;
  OneTimePair pair(server, 360);
  SECTION("another mailbox: nothing is kept of it, and the honest answer to a repeat is taken") {
    Change<v1::RegisterDeviceResponse>(
        pair.phone, [](v1::RegisterDeviceResponse& reply) { reply.set_mailbox_id(Flipped(reply.mailbox_id(), 0)); });
    CheckRefused(pair.Meet().joined.status(), "another mailbox");
    CHECK_FALSE(pair.phone->HasDevice());
    CheckRefused(pair.phone->one_time_codes().Join(pair.joiner).status(), "another mailbox");
    pair.phone.Restart();
    CHECK(pair.phone->one_time_codes().Join(pair.joiner).ok());
    CHECK(pair.joiner.asked.size() == 1);
  }
  SECTION("a log without the registration") {
    Change<v1::ListLogResponse>(pair.phone, [](v1::ListLogResponse& reply) {
      reply.mutable_log_entries()->RemoveLast();
      reply.set_head_index(reply.head_index() - 1);
    });
    CheckRefused(pair.Meet().joined.status(), "shorter");
    CheckRefused(pair.phone->mailbox().Info().status(), "shorter");
    CHECK(pair.phone.Kept().enrolment->sponsor_log.has_value());
  }
  SECTION("a log that names other keys") {
    Change<v1::ListLogResponse>(pair.phone, [](v1::ListLogResponse& reply) {
      v1::LogEntry& last = *reply.mutable_log_entries(reply.log_entries_size() - 1);
      last.set_entry(Flipped(last.entry(), last.entry().size() - 150));
    });
    CheckRefused(pair.Meet().joined.status(), "membership log");
  }
  SECTION("an epoch record of another id") {
    Change<v1::ListEpochsResponse>(pair.phone, [](v1::ListEpochsResponse& reply) {
      for (v1::Epoch& epoch : *reply.mutable_epochs()) epoch.set_epoch_id(epoch.epoch_id() ^ 1);
    });
    CheckRefused(pair.Meet().joined.status(), "epoch 0");
  }
  SECTION("an epoch record whose commitment is another's") {
    Change<v1::ListEpochsResponse>(pair.phone, [](v1::ListEpochsResponse& reply) {
      for (v1::Epoch& epoch : *reply.mutable_epochs()) epoch.set_commitment(Flipped(epoch.commitment(), 40));
    });
    CheckRefused(pair.Meet().joined.status(), "epoch 0");
  }
  SECTION("an epoch record without the new device") {
    Change<v1::ListEpochsResponse>(pair.phone, [](v1::ListEpochsResponse& reply) {
      for (v1::Epoch& epoch : *reply.mutable_epochs()) epoch.clear_members();
    });
    CheckRefused(pair.Meet().joined.status(), "epoch 0");
  }
}

TEST_CASE("What the member is told is held against what it knows") {
  TestServer server;
  OneTimePair pair(server, 380);
  const auto refused = [&](const std::string& text) { CheckRefused(pair.Meet().approved.status(), text); };
  SECTION("keys without a valid signature") {
    Change(pair.laptop, v1::ENROLLMENT_STEP_OPEN,
           [](Event& event) { event.mutable_keys()->set_sig_30(Flipped(event.keys().sig_30(), 0)); });
    refused("request");
  }
  SECTION("a virtual device's keys") {
    Change(pair.laptop, v1::ENROLLMENT_STEP_OPEN, [](Event& event) {
      event.mutable_keys()->clear_epoch_storage_auth_key();
      event.mutable_keys()->clear_sig_31();
    });
    refused("malformed");
  }
  SECTION("a fourth run") {
    Change(pair.laptop, v1::ENROLLMENT_STEP_START, [](Event& event) { event.set_run(4); });
    refused("out of order");
  }
  SECTION("the same run twice: a guess for nothing") {
    pair.joiner.script = {"wrong"};
    Change(pair.laptop, v1::ENROLLMENT_STEP_START, [](Event& event) { event.set_run(1); });
    refused("out of order");
    CHECK(pair.member.wrong.size() == 1);
  }
  SECTION("a registration that never was") {
    pair.joiner.on_asked = [&] { pair.joiner.stop = true; };
    pair.joiner.script = {"12"};
    Change(pair.laptop, v1::ENROLLMENT_STEP_CLOSED,
           [](Event& event) { event.set_step(v1::ENROLLMENT_STEP_REGISTERED); });
    refused("the log doesn't name it");
  }
  SECTION("the end of a registration that was: the log decides") {
    Change(pair.laptop, v1::ENROLLMENT_STEP_REGISTERED,
           [](Event& event) { event.set_step(v1::ENROLLMENT_STEP_CLOSED); });
    const auto ends = pair.Meet();
    REQUIRE(ends.approved.ok());
    CHECK(ends.approved->device.has_value());
  }
}

TEST_CASE("A member answers nobody after its own five minutes, whatever the server's clock says") {
  TestServer server;
  OneTimePair pair(server, 400);
  bool answered = false;
  pair.laptop.tap().on_send = [&](const std::string&, Message& message) {
    auto* request = dynamic_cast<v1::SendEnrollmentMessageRequest*>(&message);
    answered = answered || (request != nullptr && request->step() == v1::ENROLLMENT_STEP_ANSWER);
  };
  pair.member.on_shown = [&] { server.clock.Advance(5 * kMinuteMs); };
  const auto ends = pair.Meet();
  CHECK(ReasonOf(ends.approved.status()) == Reason::kEnrollmentClosed);
  CHECK(Mentions(ends.approved.status(), "five minutes are over"));
  CHECK_FALSE(answered);
}

}  // namespace
}  // namespace labyrinth::e2e
