#include "service/enrollment/enrollment.h"

#include <algorithm>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::enrollment {

namespace {

bool SameDevice(const mailbox::Caller& a, const mailbox::Caller& b) {
  return a.device_id == b.device_id && a.incarnation == b.incarnation && a.partition == b.partition;
}

bool NeedsPayload(Step step) { return step != Step::kRefuse && step != Step::kRenew && step != Step::kCancel; }

}  // namespace

Enrollment::Enrollment(const crypto::DevicePublicKeys& keys, const Nonce& nonce, std::string sealed_label,
                       int64_t now_ms)
    : keys_(keys),
      sealed_label_(std::move(sealed_label)),
      opened_ms_(now_ms),
      expire_ms_(now_ms + limits::kEnrollmentWaitMs) {
  held_.push_back({Side::kNewDevice, next_sequence_++, Step::kOpen, 0, nonce.str()});
  held_bytes_ = sealed_label_.size() + Nonce::kSize;
}

Progress Enrollment::progress() const { return {limits::kEnrollmentRuns - run_, expire_ms_}; }

bool Enrollment::IsRepeat(Side from, const Message& message) const {
  // Renewals may be equal and yet two: a repeat is one that nothing has answered.
  if (message.step == Step::kRenew) return held_.back().from == from && held_.back().step == Step::kRenew;
  return std::any_of(held_.begin(), held_.end(), [&](const Held& held) {
    return held.from == from && held.step == message.step && held.run == message.run && held.payload == message.payload;
  });
}

absl::Status Enrollment::CheckRun(const Message& message) const {
  if (message.step == Step::kConsent || message.step == Step::kCancel) {
    return message.run == 0 ? absl::OkStatus() : errors::InvalidField("run", "must be 0 with this step");
  }
  if (message.step == Step::kStart) {
    if (run_ == limits::kEnrollmentRuns) return errors::InvalidField("run", "no guess is left");
    return message.run == run_ + 1 ? absl::OkStatus() : errors::InvalidField("run", "not the next one");
  }
  return message.run == run_ && run_ != 0 ? absl::OkStatus() : errors::InvalidField("run", "not the current one");
}

absl::Status Enrollment::CheckPhase(bool fits) const {
  return fits ? absl::OkStatus() : errors::InvalidField("step", "not now");
}

absl::Status Enrollment::AcceptFromMember(const mailbox::Caller& member, Message& message, int64_t now_ms) {
  const bool unproven = phase_ == Phase::kStarted || phase_ == Phase::kAnswered || phase_ == Phase::kConfirmed;
  switch (message.step) {
    case Step::kConsent:
      if (auto status = CheckPhase(phase_ == Phase::kOpen); !status.ok()) return status;
      member_ = member;
      expire_ms_ = now_ms + limits::kEnrollmentTtlMs;
      phase_ = Phase::kConsented;
      return absl::OkStatus();
    case Step::kAnswer:
      if (auto status = CheckPhase(phase_ == Phase::kStarted); !status.ok()) return status;
      phase_ = Phase::kAnswered;
      return absl::OkStatus();
    case Step::kGrant:
      if (auto status = CheckPhase(phase_ == Phase::kConfirmed || phase_ == Phase::kGranted); !status.ok()) {
        return status;
      }
      // A second scalar would part from the client state that the first bundle gave to the new device.
      if (message.temporary.has_value() != (phase_ == Phase::kConfirmed)) {
        return errors::InvalidField("evolve_token", "required with the first grant, and with no other");
      }
      if (message.temporary.has_value()) temporary_ = std::move(message.temporary);
      phase_ = Phase::kGranted;
      return absl::OkStatus();
    case Step::kRefuse:
      if (auto status = CheckPhase(unproven); !status.ok()) return status;
      phase_ = Phase::kConsented;
      return absl::OkStatus();
    default:
      return errors::InvalidField("step", "not a member's");
  }
}

absl::Status Enrollment::AcceptFromNewDevice(const Message& message) {
  const bool can_start = phase_ == Phase::kConsented || phase_ == Phase::kStarted || phase_ == Phase::kAnswered ||
                         phase_ == Phase::kConfirmed;
  switch (message.step) {
    case Step::kStart:
      if (auto status = CheckPhase(can_start); !status.ok()) return status;
      run_ = message.run;  // counted here, before anyone is told of it
      phase_ = Phase::kStarted;
      return absl::OkStatus();
    case Step::kConfirm:
      if (auto status = CheckPhase(phase_ == Phase::kAnswered); !status.ok()) return status;
      phase_ = Phase::kConfirmed;
      return absl::OkStatus();
    case Step::kRenew:
      return CheckPhase(phase_ == Phase::kGranted);
    default:
      return errors::InvalidField("step", "not the new device's");
  }
}

absl::Status Enrollment::Accept(const std::optional<mailbox::Caller>& member, Message message, int64_t now_ms) {
  if (closed()) return errors::EnrollmentClosed();
  if (member.has_value() && member_.has_value() && !SameDevice(*member, *member_)) return errors::EnrollmentClosed();
  const Side from = member.has_value() ? Side::kMember : Side::kNewDevice;
  if (IsRepeat(from, message)) return absl::OkStatus();

  if (message.payload.empty() && NeedsPayload(message.step)) return errors::InvalidField("payload", "required");
  if (!message.payload.empty() && message.step == Step::kCancel) {
    return errors::InvalidField("payload", "must be empty with this step");
  }
  if (message.temporary.has_value() && message.step != Step::kGrant) {
    return errors::InvalidField("evolve_token", "must be empty with this step");
  }
  if (message.step == Step::kCancel) {
    if (auto status = CheckRun(message); !status.ok()) return status;
    Close(/*registered=*/false);
    return absl::OkStatus();
  }
  if (held_.size() >= limits::kEnrollmentMessages) {
    return errors::LimitExceeded("enrollment_id", "enrollment_messages", limits::kEnrollmentMessages);
  }
  const bool consents = member.has_value() && message.step == Step::kConsent;
  if (!member_.has_value() && !consents) return errors::InvalidField("step", "nobody has consented yet");
  if (auto status = CheckRun(message); !status.ok()) return status;
  const auto status = member.has_value() ? AcceptFromMember(*member, message, now_ms) : AcceptFromNewDevice(message);
  if (!status.ok()) return status;
  if (message.step == Step::kRefuse && run_ == limits::kEnrollmentRuns) {
    Close(/*registered=*/false);
    return absl::OkStatus();
  }
  held_bytes_ += message.payload.size();
  held_.push_back({from, next_sequence_++, message.step, message.run, std::move(message.payload)});
  return absl::OkStatus();
}

std::optional<Event> Enrollment::Next(Side side, uint32_t after) const {
  const Side from = side == Side::kMember ? Side::kNewDevice : Side::kMember;
  for (const Held& held : held_) {
    if (held.from != from || held.sequence <= after) continue;
    Event event{held.sequence, held.step, held.run, held.payload, expire_ms_, {}, {}};
    if (held.step == Step::kOpen) {
      event.keys = keys_;
      event.sealed_label = sealed_label_;
    }
    return event;
  }
  return std::nullopt;
}

absl::StatusOr<crypto::OrfServerState> Enrollment::Temporary(const crypto::DevicePublicKeys& keys) const {
  if (phase_ != Phase::kGranted) return errors::EnrollmentClosed();
  if (keys != keys_) return errors::InvalidField("keys", "not those that opened the enrolment");
  return temporary_->Clone();
}

void Enrollment::Close(bool registered) {
  phase_ = registered ? Phase::kRegistered : Phase::kClosed;
  temporary_.reset();
  for (Held& held : held_) crypto::WipeBytes(held.payload.data(), held.payload.size());
  held_.clear();
  sealed_label_.clear();
  held_bytes_ = 0;
}

}  // namespace labyrinth::enrollment
