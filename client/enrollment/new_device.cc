#include "client/enrollment/new_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "client/convert.h"
#include "client/enrollment/counters.h"
#include "client/enrollment/event_watch.h"
#include "client/enrollment/leave.h"
#include "client/fingerprint.h"
#include "client/pending.h"
#include "client/wipe.h"
#include "common/errors.h"
#include "crypto/labyrinth/device_secrets.h"
#include "crypto/labyrinth/one_time_run.h"

namespace labyrinth::client {
namespace {

using Event = v1::WatchEnrollmentsResponse;

constexpr int kRegisterAttempts = 5;

constexpr int64_t kMinuteMs = 60'000;

absl::Status Closed(std::string_view why) {
  return errors::Make(Reason::kEnrollmentClosed, fmt::format("one-time code: {}: start again on both devices", why));
}

absl::Status OutOfOrder() { return Violation("one-time code: the server's messages are out of order"); }

absl::Status NoGuessLeft(int64_t wait_ms) {
  const int64_t minutes = (wait_ms + kMinuteMs - 1) / kMinuteMs;
  return errors::Make(Reason::kRateLimited,
                      fmt::format("one-time code: wrong three times within five minutes: start again, with a new code, "
                                  "in {} minute{}",
                                  minutes, minutes == 1 ? "" : "s"),
                      {{"limit", "one_time_guesses"}, {"retry_after_ms", fmt::format("{}", wait_ms)}});
}

// One enrolment, from its opening to the registration. Thread-compatible; borrows core and prompts.
class Enrolling {
 public:
  Enrolling(Core& core, JoinPrompts& prompts, crypto::DeviceSecrets secrets)
      : core_(core), prompts_(prompts), secrets_(std::move(secrets)) {}

  absl::Status Run() {
    if (absl::Status s = Open(); !s.ok()) return s;
    prompts_.Waiting({.fingerprint = DeviceFingerprint(core_.names(), keys()), .sealed_label = ""});
    if (absl::Status s = AwaitConsent(); !s.ok()) return s;
    absl::StatusOr<crypto::OneTimeBundle> bundle = AwaitGrant();
    if (!bundle.ok()) return bundle.status();
    return Register(*std::move(bundle));
  }

 private:
  const crypto::DevicePublicKeys& keys() const { return secrets_.public_keys; }
  int64_t NowMs() { return core_.clock().NowMs(); }

  absl::Status Open() {
    nonce_ = *crypto::OneTimeNonce::From(core_.random().Bytes(crypto::OneTimeNonce::kSize));
    v1::OpenEnrollmentRequest request;
    ToProto(keys(), *request.mutable_keys());
    request.set_nonce(nonce_.str());
    const auto response = core_.account().OpenEnrollment(request);
    if (!response.ok()) return response.status();
    const auto id = crypto::EnrollmentId::From(response->enrollment_id());
    if (!id.has_value()) return Violation("one-time code: the server's enrolment id is malformed");
    id_ = *id;
    // So that a run that is cut off can be cancelled by the next.
    const absl::Status kept = core_.Update([&](KeychainState& state) {
      state.one_time.enrollment_id = id_;
      state.one_time.guesses = 0;
    });
    if (!kept.ok()) return kept;
    until_ms_ = NowMs() + limits::kEnrollmentWaitMs;
    watch_.emplace(EventWatch::OfNewDevice(core_.connection(), id_.str()));
    return absl::OkStatus();
  }

  // The next event. Times by this device's own clock: the server's word for them isn't needed.
  absl::StatusOr<Event> Next() {
    auto event = watch_->Next(until_ms_, [this] { return prompts_.GoOn(); });
    if (!event.ok()) {
      if (ReasonOf(event.status()) != Reason::kEnrollmentClosed) return event.status();
      return Closed(consented_ ? "the other device ended it, or time is over"
                               : "the other device refused, or the server let go of the request");
    }
    if (!event->has_value()) {
      return Closed(consented_ ? "the five minutes are over" : "no other device agreed within five minutes");
    }
    return **std::move(event);
  }

  absl::Status AwaitConsent() {
    const absl::StatusOr<Event> event = Next();
    if (!event.ok()) return event.status();
    const auto nonce = crypto::OneTimeNonce::From(event->payload());
    if (event->step() != v1::ENROLLMENT_STEP_CONSENT || event->run() != 0) return OutOfOrder();
    if (!nonce.has_value()) return Violation("one-time code: the other device's nonce is malformed");
    other_nonce_ = *nonce;
    consented_ = true;
    until_ms_ = NowMs() + limits::kEnrollmentTtlMs;
    return absl::OkStatus();
  }

  int GuessesLeft() {
    const int left = LeftOf(kGuesses, core_.state().one_time.guess_ms, NowMs());
    return std::min(left, static_cast<int>(limits::kEnrollmentRuns - run_));
  }

  absl::StatusOr<crypto::OneTimeCode> AskCode(CodeAsk why) {
    for (;;) {
      if (!prompts_.GoOn()) return absl::CancelledError("interrupted");
      const absl::StatusOr<crypto::Secret> typed =
          prompts_.TypeCode({.why = why, .guesses_left = GuessesLeft(), .expire_ms = until_ms_});
      if (NowMs() >= until_ms_) return Closed("the five minutes are over");
      if (!typed.ok()) return typed.status();
      auto code = crypto::OneTimeCode::Parse(*typed);
      if (code.ok()) return code;
      why = CodeAsk::kMalformed;
    }
  }

  absl::StatusOr<crypto::OneTimeBundle> AwaitGrant() {
    for (CodeAsk why = CodeAsk::kFirst; GuessesLeft() > 0; why = CodeAsk::kWrong) {
      const absl::StatusOr<crypto::OneTimeCode> code = AskCode(why);
      if (!code.ok()) return code.status();
      auto bundle = Guess(*code);
      if (!bundle.ok()) return bundle.status();
      if (bundle->has_value()) return **std::move(bundle);
    }
    return NoGuessLeft(WaitMs(kGuesses, core_.state().one_time.guess_ms, NowMs()));
  }

  // One run; nullopt: the other device refused it.
  absl::StatusOr<std::optional<crypto::OneTimeBundle>> Guess(const crypto::OneTimeCode& code) {
    // Counted before anything of the run leaves: what is sent from here on is a guess, whatever happens to this
    // process.
    const absl::Status counted = core_.Update([&](KeychainState& state) {
      Count(kGuesses, state.one_time.guess_ms, NowMs());
      state.one_time.guesses = run_ + 1;
    });
    if (!counted.ok()) return counted;
    ++run_;
    const crypto::OneTimeRunInputs inputs{.server_name = core_.state().server_name,
                                          .account_id = core_.state().account_id,
                                          .enrollment_id = id_,
                                          .attempt = run_,
                                          .new_device_nonce = nonce_,
                                          .old_device_nonce = other_nonce_};
    auto device = crypto::OneTimeNewDevice::Create(code, inputs, keys(), core_.random());
    if (!device.ok()) return device.status();
    device_.emplace(*std::move(device));

    if (absl::Status s = Send(v1::ENROLLMENT_STEP_START, device_->StartPayload()); !s.ok()) return s;
    auto answer = Await(v1::ENROLLMENT_STEP_ANSWER);
    if (!answer.ok()) return answer.status();
    if (!answer->has_value()) return std::nullopt;
    const absl::StatusOr<std::string> confirm = device_->Confirm(**answer);
    if (!confirm.ok()) return Violation("one-time code: the other device's answer", confirm.status());
    if (absl::Status s = Send(v1::ENROLLMENT_STEP_CONFIRM, *confirm); !s.ok()) return s;
    auto grant = Await(v1::ENROLLMENT_STEP_GRANT);
    if (!grant.ok()) return grant.status();
    if (!grant->has_value()) return std::nullopt;
    return OpenGrant(**grant);
  }

  // The payload of that step of this run; nullopt: the other device refused the run.
  absl::StatusOr<std::optional<std::string>> Await(v1::EnrollmentStep step) {
    absl::StatusOr<Event> event = Next();
    if (!event.ok()) {
      // The third refusal closes the enrolment: that is all that is heard of it.
      const bool last = run_ == limits::kEnrollmentRuns && step == v1::ENROLLMENT_STEP_GRANT && !granted_;
      const bool closed = ReasonOf(event.status()) == Reason::kEnrollmentClosed && NowMs() < until_ms_;
      return last && closed ? Closed("wrong three times, or ended by the other device") : event.status();
    }
    if (event->run() != run_) return OutOfOrder();
    if (event->step() == v1::ENROLLMENT_STEP_REFUSE && !granted_) return std::nullopt;
    if (event->step() != step) return OutOfOrder();
    return std::move(*event->mutable_payload());
  }

  absl::StatusOr<crypto::OneTimeBundle> OpenGrant(std::string_view payload) {
    auto bundle = device_->OpenGrant(payload);
    // An honest member grants to whoever holds its code, and would have refused anybody else.
    if (absl::IsPermissionDenied(bundle.status())) {
      return Violation(
          "one-time code: whoever granted doesn't hold it: the server, or somebody else, stands between the two "
          "devices");
    }
    if (!bundle.ok()) return Violation("one-time code: the other device's grant", bundle.status());
    granted_ = true;
    return bundle;
  }

  absl::Status Send(v1::EnrollmentStep step, std::string_view payload) {
    v1::SendEnrollmentMessageRequest request;
    request.set_enrollment_id(id_.str());
    request.set_step(step);
    request.set_run(run_);
    request.set_payload(std::string(payload));
    const absl::Status status = core_.account().SendEnrollmentMessage(request).status();
    if (ReasonOf(status) == Reason::kEnrollmentClosed) return Closed("the other device ended it, or time is over");
    return status;
  }

  absl::StatusOr<PendingRegisterDevice> Prepare(const crypto::OneTimeBundle& bundle) {
    const auto entry = crypto::DecodeLogEntry(bundle.add_entry.entry);
    if (!entry.ok()) return entry.status();
    auto evolution = bundle.orf.Evolve(core_.random());
    Wiped<v1::RegisterDeviceRequest> request;
    request->set_request_id(core_.random().Bytes(RequestId::kSize));
    request->set_enrollment_id(id_.str());
    ToProto(keys(), *request->mutable_keys());
    request->set_evolve_token(std::string(evolution.token.bytes().RevealSecret()));
    request->set_epoch_id(bundle.epoch.id.value());
    request->set_epoch_device_mac(crypto::EpochDeviceMac(bundle.epoch, keys().device_key).str());
    ToProto(bundle.add_entry, *request->mutable_log_entry());

    auto secrets = crypto::DeviceSecrets::FromParts(
        secrets_.device_key.private_key.Clone(), secrets_.epoch_storage_key.private_key.Clone(),
        secrets_.epoch_storage_auth_key->private_key.Clone(), std::move(evolution.state), keys());
    if (!secrets.ok()) return secrets.status();
    const crypto::OldDeviceData& sponsor = device_->old_device();
    return PendingRegisterDevice{
        .request = SerializeSecret(*request),
        .enrolment = {.mailbox_id = sponsor.mailbox_id,
                      .device_id = {},
                      .secrets = *std::move(secrets),
                      .mailbox_root_salt = bundle.mailbox_root_salt.Clone(),
                      .epochs = KnownEpochs(bundle.epoch.Clone()),
                      // Where the registration leaves the log, whatever the server shows later.
                      .log = crypto::Advance({.length = entry->index, .head = entry->previous_head}, bundle.add_entry),
                      .sponsor_log = crypto::LogPosition{.length = sponsor.log_index + 1, .head = sponsor.log_head}}};
  }

  absl::Status Register(crypto::OneTimeBundle bundle) {
    for (int attempt = 1;; ++attempt) {
      auto pending = Prepare(bundle);
      if (!pending.ok()) return pending.status();
      const absl::Status kept = core_.Update([&](KeychainState& state) { state.pending = *std::move(pending); });
      if (!kept.ok()) return kept;
      const absl::Status status = SettlePending(core_);
      const auto reason = ReasonOf(status);
      if (reason == Reason::kEnrollmentClosed) return Closed("the other device ended it, or time is over");
      const bool lost_race = reason == Reason::kEpochStale || reason == Reason::kLogStale;
      if (!lost_race || attempt >= kRegisterAttempts) return status;
      // The member signs again for the log, and hands over the epoch, as they are now.
      if (absl::Status s = Send(v1::ENROLLMENT_STEP_RENEW, ""); !s.ok()) return s;
      auto grant = Await(v1::ENROLLMENT_STEP_GRANT);
      if (!grant.ok()) return grant.status();
      auto renewed = OpenGrant(**grant);
      if (!renewed.ok()) return renewed.status();
      bundle = *std::move(renewed);
    }
  }

  Core& core_;
  JoinPrompts& prompts_;
  const crypto::DeviceSecrets secrets_;  // but for the ORF state, which comes with a grant
  crypto::EnrollmentId id_;
  crypto::OneTimeNonce nonce_, other_nonce_;
  std::optional<EventWatch> watch_;
  int64_t until_ms_ = 0;
  bool consented_ = false;
  bool granted_ = false;
  uint32_t run_ = 0;                                // begun so far
  std::optional<crypto::OneTimeNewDevice> device_;  // of the current run
};

}  // namespace

absl::Status EnrolByCode(Core& core, JoinPrompts& prompts) {
  LeaveEnrollment(core);
  if (const int64_t wait_ms = WaitMs(kGuesses, core.state().one_time.guess_ms, core.clock().NowMs()); wait_ms > 0) {
    return NoGuessLeft(wait_ms);
  }
  RandomSource& random = core.random();
  auto secrets =
      crypto::DeviceSecrets::Generate(crypto::SubjectKind::kPhysical, crypto::OrfClientState::Generate(random), random);
  if (!secrets.ok()) return secrets.status();
  const absl::Status status = Enrolling(core, prompts, *std::move(secrets)).Run();
  // A registration that may have happened isn't cancelled: the next Join finds out.
  const bool over = core.HasDevice() || core.state().pending.has_value();
  if (!over && !OutcomeIsOpen(status)) LeaveEnrollment(core);
  return status;
}

}  // namespace labyrinth::client
