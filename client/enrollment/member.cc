#include "client/enrollment/member.h"

#include <fmt/format.h>

#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "client/convert.h"
#include "client/enrollment/counters.h"
#include "client/enrollment/event_watch.h"
#include "client/enrollment/leave.h"
#include "client/fingerprint.h"
#include "client/log_signer.h"
#include "client/wipe.h"
#include "common/errors.h"
#include "crypto/labyrinth/one_time_run.h"
#include "crypto/statements/log_body.h"

namespace labyrinth::client {
namespace {

using Event = v1::WatchEnrollmentsResponse;

// What the relay has room for, and more races than anybody has.
constexpr int kMaxGrants = 10;

constexpr int64_t kHourMs = int64_t{3600} * 1000;

absl::Status Closed(std::string_view why) {
  return errors::Make(Reason::kEnrollmentClosed, fmt::format("one-time code: {}: start again on both devices", why));
}

absl::Status OutOfOrder() { return Violation("one-time code: the server's messages are out of order"); }

absl::Status NoCodeLeft(int64_t wait_ms) {
  const int64_t hours = (wait_ms + kHourMs - 1) / kHourMs;
  return errors::Make(Reason::kRateLimited,
                      fmt::format("one-time code: {} were shown within a day: the next one in {} hour{}",
                                  kConsents.count, hours, hours == 1 ? "" : "s"),
                      {{"limit", "one_time_consents"}, {"retry_after_ms", fmt::format("{}", wait_ms)}});
}

// One request, from its showing to the device's registration. Thread-compatible; borrows core and prompts.
class Approving {
 public:
  Approving(Core& core, ApprovePrompts& prompts)
      : core_(core), prompts_(prompts), watch_(EventWatch::OfMember(core.connection(), core.api().session())) {}
  ~Approving() {
    if (shown_) prompts_.CodeOver();
  }

  absl::StatusOr<Approved> Run() {
    if (absl::Status s = AwaitRequest(); !s.ok()) return s;
    const int left = LeftOf(kConsents, core_.state().one_time.consent_ms, NowMs());
    if (left == 0) return NoCodeLeft(WaitMs(kConsents, core_.state().one_time.consent_ms, NowMs()));
    if (!prompts_.Consent(request_, left)) {
      if (absl::Status s = Send(v1::ENROLLMENT_STEP_CANCEL, 0, ""); !s.ok()) return s;
      return Approved{.request = request_, .device_key = std::nullopt};
    }
    if (absl::Status s = Consent(); !s.ok()) return s;
    if (absl::Status s = AwaitEnd(); !s.ok()) return s;
    return Approved{.request = request_, .device_key = keys_.device_key};
  }

 private:
  int64_t NowMs() { return core_.clock().NowMs(); }

  absl::StatusOr<std::optional<Event>> Next(int64_t until_ms) {
    return watch_.Next(until_ms, [this] { return prompts_.GoOn(); });
  }

  absl::Status AwaitRequest() {
    for (;;) {
      const auto event = Next(std::numeric_limits<int64_t>::max());
      if (!event.ok()) return event.status();
      // What is told of enrolments that were never opened to this call, their ends above all, is of no interest.
      if ((*event)->step() == v1::ENROLLMENT_STEP_OPEN) return TakeRequest(**event);
    }
  }

  absl::Status TakeRequest(const Event& event) {
    const auto id = crypto::EnrollmentId::From(event.enrollment_id());
    const auto nonce = crypto::OneTimeNonce::From(event.payload());
    auto keys = FromProto(event.keys());
    if (!keys.ok()) return Violation("one-time code: the request", keys.status());
    if (!id.has_value() || !nonce.has_value() || keys->kind() != crypto::SubjectKind::kPhysical) {
      return Violation("one-time code: the request is malformed");
    }
    if (absl::Status s = crypto::VerifyDeviceSignatures(*keys); !s.ok()) {
      return Violation("one-time code: the request", s);
    }
    if (core_.log().state().Find(keys->device_key) != nullptr) {
      return Violation("one-time code: the request is for a device that the membership log knows already");
    }
    id_ = *id;
    other_nonce_ = *nonce;
    keys_ = *std::move(keys);
    request_ = {.fingerprint = DeviceFingerprint(core_.names(), keys_), .sealed_label = event.sealed_label()};
    return absl::OkStatus();
  }

  // Counts the consent, gives it, and shows the code.
  absl::Status Consent() {
    const absl::Status counted = core_.Update([&](KeychainState& state) {
      Count(kConsents, state.one_time.consent_ms, NowMs());
      state.one_time.enrollment_id = id_;
      state.one_time.guesses = 0;
    });
    if (!counted.ok()) return counted;
    code_ = crypto::OneTimeCode::Generate(core_.random());
    nonce_ = *crypto::OneTimeNonce::From(core_.random().Bytes(crypto::OneTimeNonce::kSize));
    until_ms_ = NowMs() + limits::kEnrollmentTtlMs;
    if (absl::Status s = Send(v1::ENROLLMENT_STEP_CONSENT, 0, nonce_.view()); !s.ok()) return s;
    shown_ = true;
    prompts_.ShowCode(request_, code_->Formatted(), until_ms_);
    return absl::OkStatus();
  }

  absl::Status AwaitEnd() {
    for (;;) {
      auto event = Next(until_ms_);
      if (!event.ok()) return event.status();
      if (!event->has_value()) return Closed("the five minutes are over");
      if ((*event)->enrollment_id() != id_.view()) continue;
      const bool over =
          (*event)->step() == v1::ENROLLMENT_STEP_REGISTERED || (*event)->step() == v1::ENROLLMENT_STEP_CLOSED;
      if (over) return CheckEnd((*event)->step() == v1::ENROLLMENT_STEP_REGISTERED);
      if (absl::Status s = Take(**event); !s.ok()) return s;
    }
  }

  // The membership log says whether the device is a member, whatever the server calls the enrolment's end.
  absl::Status CheckEnd(bool registered) {
    if (absl::Status s = core_.Refresh(); !s.ok()) return s;
    if (core_.log().state().Find(keys_.device_key) != nullptr) return absl::OkStatus();
    if (registered)
      return Violation("one-time code: the server calls the new device registered, the log doesn't name it");
    return Closed("the new device gave up, or time is over");
  }

  absl::Status Take(const Event& event) {
    switch (event.step()) {
      case v1::ENROLLMENT_STEP_START:
        return TakeStart(event);
      case v1::ENROLLMENT_STEP_CONFIRM:
        return TakeConfirm(event);
      case v1::ENROLLMENT_STEP_RENEW:
        return event.run() == run_ && grants_ > 0 ? Grant() : OutOfOrder();
      default:
        return OutOfOrder();
    }
  }

  absl::Status TakeStart(const Event& event) {
    if (event.run() != run_ + 1 || event.run() > limits::kEnrollmentRuns || grants_ > 0) return OutOfOrder();
    // Counted before it is answered: the answer is what a guess is checked with.
    const uint32_t run = event.run();
    const absl::Status counted = core_.Update([&](KeychainState& state) { state.one_time.guesses = run; });
    if (!counted.ok()) return counted;
    run_ = run;
    if (absl::Status s = core_.Refresh(); !s.ok()) return s;
    const crypto::LogPosition& log = core_.log().position();
    const crypto::OldDeviceData self{.device_key = core_.device_key(),
                                     .mailbox_id = core_.enrolment().mailbox_id,
                                     .epoch_id = core_.enrolment().epochs.newest().id,
                                     .log_index = log.last_index(),
                                     .log_head = log.head};
    const crypto::OneTimeRunInputs inputs{.server_name = core_.state().server_name,
                                          .account_id = core_.state().account_id,
                                          .enrollment_id = id_,
                                          .attempt = run_,
                                          .new_device_nonce = other_nonce_,
                                          .old_device_nonce = nonce_};
    auto run_of = crypto::OneTimeOldDevice::Create(*code_, inputs, keys_, self, core_.random());
    if (!run_of.ok()) return run_of.status();
    device_.emplace(*std::move(run_of));
    const absl::StatusOr<std::string> answer = device_->Answer(event.payload());
    if (!answer.ok()) return Refuse();
    return Send(v1::ENROLLMENT_STEP_ANSWER, run_, *answer);
  }

  absl::Status TakeConfirm(const Event& event) {
    if (event.run() != run_ || !device_.has_value() || grants_ > 0) return OutOfOrder();
    if (!device_->CheckConfirm(event.payload()).ok()) return Refuse();
    temporary_.emplace(core_.enrolment().secrets.orf.Evolve(core_.random()));
    return Grant();
  }

  // This run is over. An error if it was the last.
  absl::Status Refuse() {
    device_.reset();
    const int left = static_cast<int>(limits::kEnrollmentRuns - run_);
    prompts_.WrongCode(left);
    const absl::Status sent = Send(v1::ENROLLMENT_STEP_REFUSE, run_, "");
    if (left > 0) return sent;
    return absl::FailedPreconditionError(
        "one-time code: the other device held a wrong one three times: this code is worth nothing any more");
  }

  // Signs the new device's entry at the log's end, and hands over the newest epoch: both as they are now.
  absl::Status Grant() {
    if (grants_ >= kMaxGrants) return absl::FailedPreconditionError("one-time code: the mailbox changes too often");
    if (absl::Status s = core_.Refresh(); !s.ok()) return s;
    if (core_.log().state().Find(keys_.device_key) != nullptr) {
      return Violation("one-time code: the membership log has the new device already, and it is said to ask again");
    }
    const Enrolment& enrolment = core_.enrolment();
    const crypto::Epoch& epoch = enrolment.epochs.newest();
    LogSigner signer(core_.log().state(), enrolment.secrets.device_key, core_.clock(), core_.random());
    auto entry =
        signer.Sign(crypto::LogEntryKind::kAddDevice, {.subject = keys_,
                                                       .epoch_sequence = static_cast<uint32_t>(epoch.sequence_id),
                                                       .hash = crypto::AddDeviceBodyHash(keys_)});
    if (!entry.ok()) return entry.status();
    const crypto::OneTimeBundle bundle{.orf = temporary_->state.Clone(),
                                       .mailbox_root_salt = enrolment.mailbox_root_salt.Clone(),
                                       .epoch = epoch.Clone(),
                                       .add_entry = *std::move(entry)};
    const absl::StatusOr<std::string> grant = device_->Grant(bundle, core_.random());
    if (!grant.ok()) return grant.status();
    const bool first = grants_++ == 0;
    return Send(v1::ENROLLMENT_STEP_GRANT, run_, *grant, first);
  }

  // `with_token`: the server derives the temporary scalar, once.
  absl::Status Send(v1::EnrollmentStep step, uint32_t run, std::string_view payload, bool with_token = false) {
    Wiped<v1::SendEnrollmentMessageRequest> request;
    request->set_enrollment_id(id_.str());
    request->set_step(step);
    request->set_run(run);
    request->set_payload(std::string(payload));
    if (with_token) request->set_evolve_token(std::string(temporary_->token.bytes().RevealSecret()));
    const absl::Status status = core_.api().SendEnrollmentMessage(*request).status();
    if (ReasonOf(status) == Reason::kEnrollmentClosed) return Closed("the new device gave up, or time is over");
    return status;
  }

  Core& core_;
  ApprovePrompts& prompts_;
  EventWatch watch_;
  crypto::EnrollmentId id_;
  crypto::OneTimeNonce nonce_, other_nonce_;
  crypto::DevicePublicKeys keys_;  // the new device's
  JoinRequest request_;
  std::optional<crypto::OneTimeCode> code_;
  int64_t until_ms_ = 0;
  bool shown_ = false;
  uint32_t run_ = 0;
  std::optional<crypto::OneTimeOldDevice> device_;              // of the current run
  std::optional<crypto::OrfClientState::Evolution> temporary_;  // of the granted run
  int grants_ = 0;
};

}  // namespace

absl::StatusOr<Approved> ApproveNext(Core& core, ApprovePrompts& prompts) {
  LeaveEnrollment(core);
  if (const int64_t wait_ms = WaitMs(kConsents, core.state().one_time.consent_ms, core.clock().NowMs()); wait_ms > 0) {
    return NoCodeLeft(wait_ms);
  }
  auto approved = Approving(core, prompts).Run();
  // Where its end isn't known, the next call cancels it.
  if (!OutcomeIsOpen(approved.status())) LeaveEnrollment(core);
  return approved;
}

}  // namespace labyrinth::client
