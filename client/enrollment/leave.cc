#include "client/enrollment/leave.h"

#include <optional>

namespace labyrinth::client {

void LeaveEnrollment(Core& core) {
  const std::optional<crypto::EnrollmentId> id = core.state().one_time.enrollment_id;
  if (!id.has_value()) return;
  v1::SendEnrollmentMessageRequest request;
  request.set_enrollment_id(id->str());
  request.set_step(v1::ENROLLMENT_STEP_CANCEL);
  const absl::Status status = core.HasDevice() ? core.api().SendEnrollmentMessage(request).status()
                                               : core.account().SendEnrollmentMessage(request).status();
  // Anything else is an answer, and what the server refuses to cancel is over, or isn't this profile's any more.
  if (OutcomeIsOpen(status) || absl::IsUnauthenticated(status) || absl::IsCancelled(status)) return;
  core.Update([](KeychainState& state) {
        state.one_time.enrollment_id.reset();
        state.one_time.guesses = 0;
      })
      .IgnoreError();
}

}  // namespace labyrinth::client
