// Reads of everything but messages: the mailbox, its devices, its log and its epochs.
#ifndef LABYRINTH_SERVICE_MAILBOX_DIRECTORY_READER_H_
#define LABYRINTH_SERVICE_MAILBOX_DIRECTORY_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "service/mailbox/member_read.h"
#include "service/mailbox/page_token.h"
#include "storage/engine.h"

namespace labyrinth::mailbox {

template <typename Result>
using Reply = absl::AnyInvocable<void(absl::StatusOr<Result>) &&>;

// How much a page may hold, and where it goes on.
struct PageRequest {
  uint32_t size = 0;  // 1 to limits::kPageItems
  std::string token;
};

struct SignInView {
  MailboxId mailbox_id;
  storage::Position position;
  storage_v1::DeviceRecord device;
};

struct DevicePage {
  std::vector<std::pair<DeviceId, storage_v1::DeviceRecord>> devices;
  std::string next_token;
};

struct LogPage {
  std::vector<storage_v1::LogRecord> entries;
  std::string next_token;
  storage_v1::MailboxHead head;
};

struct EpochView {
  uint32_t sequence_id = 0;
  storage_v1::EpochRecord epoch;
  storage_v1::DeviceRecord opener;
  // Forward listings alone; entropies but the recipient's are left out.
  std::vector<std::pair<DeviceId, storage_v1::MemberRecord>> members;
};

struct EpochPage {
  std::vector<EpochView> epochs;
  std::string next_token;
};

struct EpochQuery {
  bool forward = true;
  // Forward: the first sequence wanted. Backward: the first not wanted, going down.
  uint32_t bound = 0;
  DeviceId recipient;  // forward: whose entropies; invalid: the caller's
};

struct VirtualDeviceView {
  MailboxId mailbox_id;
  storage_v1::VirtualDeviceRecord secrets;
  storage_v1::DeviceRecord device;
};

// Thread-safe. Every method calls back once. Errors of MemberRead, and PAGE_TOKEN_INVALID.
class DirectoryReader {
 public:
  DirectoryReader(storage::Engine& engine, const PageTokens& tokens) : engine_(engine), tokens_(tokens) {}

  void GetMailbox(const Caller& caller, absl::Time deadline, MemberViewCallback done) const;

  // Without a session: for signing in. MAILBOX_NOT_FOUND, DEVICE_NOT_FOUND, DEVICE_REVOKED.
  void FindDevice(const std::string& partition, DeviceId id, absl::Time deadline, Reply<SignInView> done) const;
  // For a person who has nothing but a code. VIRTUAL_DEVICE_NOT_FOUND, also where there is no mailbox.
  void FindVirtualDevice(const std::string& partition, const VirtualDeviceId& id, absl::Time deadline,
                         Reply<VirtualDeviceView> done) const;
  void ListVirtualDevices(const std::string& partition, absl::Time deadline,
                          Reply<std::vector<VirtualDeviceId>> done) const;

  // Ascending by id.
  void ListDevices(const Caller& caller, bool show_revoked, PageRequest page, absl::Time deadline,
                   Reply<DevicePage> done) const;
  // Ascending from `first_index`.
  void ListLog(const Caller& caller, uint64_t first_index, PageRequest page, absl::Time deadline,
               Reply<LogPage> done) const;
  void ListEpochs(const Caller& caller, const EpochQuery& query, PageRequest page, absl::Time deadline,
                  Reply<EpochPage> done) const;

 private:
  // The second half of ListEpochs, which was `asked` for: openers and members of the epochs in `rows`, into `page`.
  void AddMembers(const Caller& caller, const EpochQuery& query, PageRequest asked, storage::Page rows, EpochPage page,
                  absl::Time deadline, Reply<EpochPage> done) const;

  storage::Engine& engine_;
  const PageTokens& tokens_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_DIRECTORY_READER_H_
