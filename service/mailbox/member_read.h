// Reads that are refused to whoever is no member at that very moment.
#ifndef LABYRINTH_SERVICE_MAILBOX_MEMBER_READ_H_
#define LABYRINTH_SERVICE_MAILBOX_MEMBER_READ_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/storage/v1/records.pb.h"
#include "service/mailbox/caller.h"
#include "storage/engine.h"

namespace labyrinth::mailbox {

// Who may make a read.
enum class Access {
  kDevice,         // physical devices alone
  kVirtualAsWell,  // virtual ones too: head, log and epochs
};

// One moment of a mailbox, seen by an active member.
struct MemberView {
  storage::Position position;
  storage_v1::MailboxHead head;
  storage_v1::DeviceRecord device;  // the caller's
  std::vector<std::optional<std::string>> values;
  std::vector<storage::Page> pages;
};

using MemberViewCallback = absl::AnyInvocable<void(absl::StatusOr<MemberView>) &&>;

struct MemberReadRequest {
  Caller caller;
  Access access = Access::kDevice;
  std::vector<std::string> keys;
  std::vector<storage::Scan> scans;
  absl::Time deadline = absl::InfiniteFuture();
};

// Reads `keys` and `scans` together with the caller's own record, in one moment, so that nothing is served after the
// caller's revocation was acknowledged. MAILBOX_NOT_FOUND, DEVICE_REVOKED, TOKEN_INVALID (a virtual device without
// access), DATA_DAMAGED, ENGINE_UNAVAILABLE.
void MemberRead(storage::Engine& engine, MemberReadRequest request, MemberViewCallback done);

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_MEMBER_READ_H_
