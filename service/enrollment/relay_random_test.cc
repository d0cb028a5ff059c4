// Both sides say anything at all, in any order, while time passes and members are removed: what must hold all the same.
#include <catch2/catch.hpp>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/limits.h"
#include "crypto/primitives/seeded_random.h"
#include "crypto/statements/log_testing.h"
#include "service/enrollment/relay.h"

namespace labyrinth::enrollment {
namespace {

const std::string kMailbox = "partition";

struct Told {
  std::vector<std::string> by_new;  // as accepted, step and payload
  std::vector<std::string> by_member;
  std::optional<DeviceId> member;
  uint32_t runs = 0;
  bool granted = false;
  bool last_was_renewal = false;
  uint32_t next = 0;  // of what an honest enrolment consists of
};

class Play {
 public:
  explicit Play(uint64_t seed) : random_(seed) {
    keys_ = crypto::MakeTestDevice(crypto::SubjectKind::kPhysical, random_).keys;
  }

  // How many enrolments came to a grant.
  int Run(int steps) {
    for (int i = 0; i < steps; ++i) {
      switch (Pick(12)) {
        case 0:
          Open();
          break;
        case 1:
          Pass();
          break;
        case 2:
          Remove();
          break;
        case 3:
          Ask();
          break;
        default:
          Say();
          break;
      }
      CHECK(relay_.held_bytes() <= limits::kEnrollmentBytes);
    }
    clock_.Advance(limits::kEnrollmentWindowMs);
    relay_.Sweep();
    CHECK(relay_.held_bytes() == 0);
    return granted_;
  }

 private:
  uint32_t Pick(uint32_t below) { return static_cast<uint8_t>(random_.Bytes(1)[0]) % below; }
  mailbox::Caller Member(uint64_t id) const { return {kMailbox, 1, DeviceId(id)}; }

  void Open() {
    const auto opened = relay_.Open(kMailbox, keys_, *Nonce::From("0123456789abcdef"), "label");
    if (opened.ok()) told_[opened->id] = {};
    if (told_.size() > 2) told_.erase(told_.begin());  // so that what is said goes somewhere
  }

  void Pass() {
    clock_.Advance(static_cast<int64_t>(Pick(60)) * 1000 - 5000);
    relay_.Sweep();
  }

  void Remove() {
    if (Pick(20) != 0) return;
    const DeviceId id(1 + Pick(2));
    relay_.MemberRemoved(kMailbox, id);
    for (const auto& [eid, told] : told_) {
      if (told.member == id) CHECK_FALSE(relay_.GrantOf(kMailbox, eid, keys_).ok());
    }
  }

  // What each side reads from the start is what the other said, in order, and no more.
  void Ask() {
    for (const auto& [eid, told] : told_) {
      if (relay_.GrantOf(kMailbox, eid, keys_).ok()) CHECK(told.granted);
      std::size_t next = 0;
      for (uint32_t after = 0;;) {
        const auto view = relay_.NextForNewDevice(kMailbox, eid, after);
        if (!view.ok() || !view->has_value() || !(*view)->event.has_value()) break;
        REQUIRE(next < told.by_member.size());
        CHECK((*view)->event->payload == told.by_member[next++]);
        CHECK((*view)->event->sequence > after);
        after = (*view)->event->sequence;
      }
      for (const uint64_t id : {1, 2}) CheckMember(eid, told, DeviceId(id));
    }
  }

  void CheckMember(const EnrollmentId& eid, const Told& told, DeviceId id) {
    MemberCursor cursor;
    std::size_t next = 0;
    while (const auto event = relay_.NextForMember(Member(id.value()), cursor)) {
      const Step step = event->event.step;
      if (event->id != eid || step == Step::kOpen || step == Step::kClosed || step == Step::kRegistered) continue;
      CHECK(told.member == id);
      REQUIRE(next < told.by_new.size());
      CHECK(event->event.payload == told.by_new[next++]);
    }
  }

  void Say() {
    if (told_.empty()) return;
    auto& [eid, told] = *std::next(told_.begin(), Pick(static_cast<uint32_t>(told_.size())));
    // Half of the time what an honest side would say next, so that something comes of it.
    constexpr Step kHonest[] = {Step::kConsent, Step::kStart, Step::kAnswer,
                                Step::kConfirm, Step::kGrant, Step::kRenew};
    const bool honest = Pick(2) == 0;
    Message message;
    message.step = honest ? kHonest[told.next] : static_cast<Step>(Pick(static_cast<uint32_t>(Step::kClosed) + 1));
    if (message.step == Step::kCancel && Pick(8) != 0) return;
    const bool by_new = message.step == Step::kStart || message.step == Step::kConfirm || message.step == Step::kRenew;
    uint32_t who = Pick(3);  // 0: the new device
    if (honest) who = by_new ? 0 : static_cast<uint32_t>(told.member.value_or(DeviceId(1)).value());
    message.run = message.step == Step::kStart ? told.runs + 1 : told.runs;
    if (!honest && Pick(4) == 0) message.run = Pick(5);
    if (message.step == Step::kConsent) message.run = 0;
    message.payload = std::to_string(++said_);
    const bool scalar = message.step == Step::kGrant && (!told.granted || (!honest && Pick(4) == 0));
    if (scalar) message.temporary = crypto::OrfServerState::Generate(random_);
    const Step step = message.step;
    const std::string payload = message.payload;
    const uint32_t run = message.run;
    const auto sender = who == 0 ? std::nullopt : std::make_optional(Member(who));
    const auto progress = relay_.Send(kMailbox, eid, sender, std::move(message));
    if (!progress.ok() || step == Step::kCancel) return;
    const bool repeat = step == Step::kRenew && who == 0 && !told.by_new.empty() && told.last_was_renewal;
    if (step == Step::kStart) {
      CHECK(who == 0);
      CHECK(run == ++told.runs);
      CHECK(told.runs <= limits::kEnrollmentRuns);
    }
    CHECK(progress->guesses_left == limits::kEnrollmentRuns - told.runs);
    if (step == Step::kConsent) told.member = DeviceId(who);
    if (who != 0) CHECK(told.member == DeviceId(who));
    if (step == Step::kGrant) {
      granted_ += told.granted ? 0 : 1;
      told.granted = true;
    }
    if (step == Step::kRefuse) told.next = 1;
    for (uint32_t i = 0; i < std::size(kHonest) - 1; ++i) {
      if (step == kHonest[i]) told.next = i + 1;
    }
    if (step == Step::kRenew) told.next = 4;
    if (!repeat) (who == 0 ? told.by_new : told.by_member).push_back(payload);
    told.last_was_renewal = step == Step::kRenew;
  }

  crypto::SeededRandom random_;
  ManualClock clock_{1'700'000'000'000};
  Relay relay_{clock_, random_, [](const std::string&, bool) {}};
  crypto::DevicePublicKeys keys_;
  std::map<EnrollmentId, Told> told_;
  uint64_t said_ = 0;
  int granted_ = 0;
};

TEST_CASE("no order of messages gives a fourth guess, a grant without its steps, or another's words") {
  int granted = 0;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    INFO("seed " << seed);
    granted += Play(seed).Run(300);
  }
  CHECK(granted > 50);  // the play isn't idle
}

}  // namespace
}  // namespace labyrinth::enrollment
