#include "service/mailbox/directory_reader.h"

#include <algorithm>

#include "common/errors.h"
#include "common/limits.h"
#include "service/mailbox/paging.h"
#include "service/mailbox/records.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;
using storage::Direction;

namespace {

// Epochs of one forward page: their member rows come along, so that 32 devices' entropies stay within a page. Devices
// that join inside an epoch add rows beyond those 32.
constexpr uint32_t kEpochsPerPage = 50;
constexpr uint32_t kMemberRowsPerPage = 4096;

absl::StatusOr<std::string> NextToken(const PageTokens& tokens, const Caller& caller, const crypto::Sha256Digest& query,
                                      std::string_view last_key) {
  if (last_key.empty()) return std::string();
  return tokens.Seal(caller, query, last_key);
}

// A read without a session: it depends on the mailbox's existence alone.
storage::ReadRequest HeadRead(const std::string& partition, std::string key, absl::Time deadline) {
  storage::ReadRequest read;
  read.partition = partition;
  read.keys = {keys::Head(), std::move(key)};
  read.deadline = deadline;
  return read;
}

absl::StatusOr<MailboxId> MailboxIdOf(const std::string& head_bytes) {
  auto head = ParseHead(head_bytes);
  if (!head.ok()) return head.status();
  const auto id = MailboxId::From(head->mailbox_id());
  if (!id.has_value()) return errors::DataDamaged("MailboxHead.mailbox_id");
  return *id;
}

absl::StatusOr<SignInView> ToSignIn(const storage::ReadResult& result) {
  if (!result.values[0].has_value()) return errors::MailboxNotFound();
  if (!result.values[1].has_value()) return errors::DeviceNotFound();
  absl::StatusOr<MailboxId> mailbox_id = MailboxIdOf(*result.values[0]);
  if (!mailbox_id.ok()) return mailbox_id.status();
  auto device = ParseRecord<storage_v1::DeviceRecord>(*result.values[1]);
  if (!device.ok()) return device.status();
  if (device->revoked()) return errors::DeviceRevoked();
  return SignInView{*mailbox_id, result.position, *std::move(device)};
}

// Whether a device was revoked, or its mailbox deleted, after its secrets were read.
bool IsGone(const absl::Status& status) {
  const std::optional<Reason> reason = ReasonOf(status);
  return reason == Reason::kDeviceRevoked || reason == Reason::kDeviceNotFound || reason == Reason::kMailboxNotFound;
}

absl::StatusOr<DevicePage> ToDevicePage(const storage::Page& rows, bool show_revoked) {
  DevicePage page;
  for (const storage::Row& row : rows.items) {
    const auto id = keys::ParseDevice(row.key);
    auto device = ParseRecord<storage_v1::DeviceRecord>(row.value);
    if (!id.has_value()) return errors::DataDamaged("device key");
    if (!device.ok()) return device.status();
    if (show_revoked || !device->revoked()) page.devices.emplace_back(*id, *std::move(device));
  }
  return page;
}

absl::Status AddMemberRows(const storage::Page& rows, DeviceId recipient, std::vector<EpochView>& epochs) {
  for (const storage::Row& row : rows.items) {
    const auto key = keys::ParseMember(row.key);
    if (!key.has_value()) return errors::DataDamaged("member key");
    const auto epoch = std::find_if(epochs.begin(), epochs.end(),
                                    [&](const EpochView& e) { return e.sequence_id == key->sequence_id; });
    if (epoch == epochs.end()) continue;
    auto member = ParseRecord<storage_v1::MemberRecord>(row.value);
    if (!member.ok()) return member.status();
    if (key->device_id != recipient) member->clear_encrypted_entropy();
    epoch->members.emplace_back(key->device_id, *std::move(member));
  }
  return absl::OkStatus();
}

}  // namespace

void DirectoryReader::GetMailbox(const Caller& caller, absl::Time deadline, MemberViewCallback done) const {
  MemberRead(engine_, {caller, Access::kVirtualAsWell, {}, {}, deadline}, std::move(done));
}

void DirectoryReader::FindDevice(const std::string& partition, DeviceId id, absl::Time deadline,
                                 Reply<SignInView> done) const {
  engine_.Read(HeadRead(partition, keys::Device(id), deadline),
               [done = std::move(done)](absl::StatusOr<storage::ReadResult> result) mutable {
                 if (!result.ok()) return std::move(done)(result.status());
                 std::move(done)(ToSignIn(*result));
               });
}

void DirectoryReader::FindVirtualDevice(const std::string& partition, const VirtualDeviceId& id, absl::Time deadline,
                                        Reply<VirtualDeviceView> done) const {
  engine_.Read(
      HeadRead(partition, keys::VirtualDevice(id), deadline),
      [this, partition, deadline, done = std::move(done)](absl::StatusOr<storage::ReadResult> result) mutable {
        if (!result.ok()) return std::move(done)(result.status());
        if (!result->values[0].has_value() || !result->values[1].has_value()) {
          return std::move(done)(errors::VirtualDeviceNotFound());
        }
        auto secrets = ParseRecord<storage_v1::VirtualDeviceRecord>(*result->values[1]);
        if (!secrets.ok()) return std::move(done)(secrets.status());
        const DeviceId device_id(secrets->device_id());
        FindDevice(
            partition, device_id, deadline,
            [secrets = *std::move(secrets), done = std::move(done)](absl::StatusOr<SignInView> found) mutable {
              if (IsGone(found.status())) return std::move(done)(errors::VirtualDeviceNotFound());
              if (!found.ok()) return std::move(done)(found.status());
              std::move(done)(VirtualDeviceView{found->mailbox_id, std::move(secrets), std::move(found->device)});
            });
      });
}

void DirectoryReader::ListVirtualDevices(const std::string& partition, absl::Time deadline,
                                         Reply<std::vector<VirtualDeviceId>> done) const {
  storage::ReadRequest read;
  read.partition = partition;
  read.scans = {ScanFrom(keys::VirtualDevices(), Direction::kForward, {}, limits::kDevices)};
  read.deadline = deadline;
  engine_.Read(std::move(read), [done = std::move(done)](absl::StatusOr<storage::ReadResult> result) mutable {
    if (!result.ok()) return std::move(done)(result.status());
    std::vector<VirtualDeviceId> ids;
    for (const storage::Row& row : result->pages[0].items) {
      const auto id = keys::ParseVirtualDevice(row.key);
      if (!id.has_value()) return std::move(done)(errors::DataDamaged("virtual device key"));
      ids.push_back(*id);
    }
    std::move(done)(std::move(ids));
  });
}

void DirectoryReader::ListDevices(const Caller& caller, bool show_revoked, PageRequest page, absl::Time deadline,
                                  Reply<DevicePage> done) const {
  const crypto::Sha256Digest query = QueryHash("ListDevices").Add(uint64_t{show_revoked}).Done();
  absl::StatusOr<std::string> last_key = tokens_.Open(caller, query, page.token);
  if (!last_key.ok()) return std::move(done)(last_key.status());
  MemberReadRequest read{caller, Access::kDevice, {}, {}, deadline};
  read.scans = {ScanFrom(keys::Devices(), Direction::kForward, *last_key, page.size)};
  MemberRead(engine_, std::move(read),
             [this, caller, show_revoked, query, done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               absl::StatusOr<DevicePage> devices = ToDevicePage(view->pages[0], show_revoked);
               if (!devices.ok()) return std::move(done)(devices.status());
               auto token = NextToken(tokens_, caller, query, LastKey(view->pages[0]));
               if (!token.ok()) return std::move(done)(token.status());
               devices->next_token = *std::move(token);
               std::move(done)(std::move(devices));
             });
}

void DirectoryReader::ListLog(const Caller& caller, uint64_t first_index, PageRequest page, absl::Time deadline,
                              Reply<LogPage> done) const {
  const crypto::Sha256Digest query = QueryHash("ListLog").Add(first_index).Done();
  absl::StatusOr<std::string> last_key = tokens_.Open(caller, query, page.token);
  if (!last_key.ok()) return std::move(done)(last_key.status());
  MemberReadRequest read{caller, Access::kVirtualAsWell, {}, {}, deadline};
  read.scans = {ScanFrom(keys::LogFrom(first_index), Direction::kForward, *last_key, page.size)};
  MemberRead(engine_, std::move(read),
             [this, caller, query, done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               LogPage log;
               for (const storage::Row& row : view->pages[0].items) {
                 auto entry = ParseRecord<storage_v1::LogRecord>(row.value);
                 if (!entry.ok()) return std::move(done)(entry.status());
                 log.entries.push_back(*std::move(entry));
               }
               auto token = NextToken(tokens_, caller, query, LastKey(view->pages[0]));
               if (!token.ok()) return std::move(done)(token.status());
               log.next_token = *std::move(token);
               log.head = std::move(view->head);
               std::move(done)(std::move(log));
             });
}

void DirectoryReader::ListEpochs(const Caller& caller, const EpochQuery& query, PageRequest page, absl::Time deadline,
                                 Reply<EpochPage> done) const {
  const crypto::Sha256Digest hash =
      QueryHash("ListEpochs").Add(query.forward).Add(query.bound).Add(query.recipient.value()).Done();
  absl::StatusOr<std::string> last_key = tokens_.Open(caller, hash, page.token);
  if (!last_key.ok()) return std::move(done)(last_key.status());
  const uint32_t first = query.forward ? query.bound : 0;
  const uint32_t end = query.forward ? limits::kEpochSequence + 1 : query.bound;
  if (first >= end) return std::move(done)(EpochPage());
  page.size = std::min(page.size, kEpochsPerPage);
  MemberReadRequest read{caller, Access::kVirtualAsWell, {}, {}, deadline};
  read.scans = {ScanFrom(keys::Epochs(first, end), query.forward ? Direction::kForward : Direction::kBackward,
                         *last_key, page.size)};
  MemberRead(engine_, std::move(read),
             [this, caller, query, hash, asked = std::move(page), deadline,
              done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               auto token = NextToken(tokens_, caller, hash, LastKey(view->pages[0]));
               if (!token.ok()) return std::move(done)(token.status());
               EpochPage page;
               page.next_token = *std::move(token);
               AddMembers(caller, query, std::move(asked), std::move(view->pages[0]), std::move(page), deadline,
                          std::move(done));
             });
}

void DirectoryReader::AddMembers(const Caller& caller, const EpochQuery& query, PageRequest asked, storage::Page rows,
                                 EpochPage page, absl::Time deadline, Reply<EpochPage> done) const {
  MemberReadRequest read{caller, Access::kVirtualAsWell, {}, {}, deadline};
  for (const storage::Row& row : rows.items) {
    const auto sequence_id = keys::ParseEpoch(row.key);
    auto epoch = ParseRecord<storage_v1::EpochRecord>(row.value);
    if (!sequence_id.has_value()) return std::move(done)(errors::DataDamaged("epoch key"));
    if (!epoch.ok()) return std::move(done)(epoch.status());
    read.keys.push_back(keys::Device(DeviceId(epoch->opener_device_id())));
    page.epochs.push_back({*sequence_id, *std::move(epoch), {}, {}});
  }
  if (page.epochs.empty()) return std::move(done)(std::move(page));
  if (query.forward) {
    auto members = keys::Members(page.epochs.front().sequence_id, page.epochs.back().sequence_id + 1);
    read.scans = {ScanFrom(std::move(members), Direction::kForward, {}, kMemberRowsPerPage)};
  }
  const DeviceId recipient = query.recipient.valid() ? query.recipient : caller.device_id;
  MemberRead(engine_, std::move(read),
             [this, caller, query, asked = std::move(asked), deadline, recipient, page = std::move(page),
              done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               if (!view->pages.empty() && view->pages[0].more) {
                 // Very many joined inside these epochs: half as many epochs.
                 if (asked.size == 1) {
                   return std::move(done)(errors::LimitExceeded("range", "epoch_members", kMemberRowsPerPage));
                 }
                 asked.size /= 2;
                 return ListEpochs(caller, query, std::move(asked), deadline, std::move(done));
               }
               for (std::size_t i = 0; i < page.epochs.size(); ++i) {
                 if (!view->values[i].has_value()) return std::move(done)(errors::DataDamaged("an epoch's opener"));
                 auto opener = ParseRecord<storage_v1::DeviceRecord>(*view->values[i]);
                 if (!opener.ok()) return std::move(done)(opener.status());
                 page.epochs[i].opener = *std::move(opener);
               }
               if (!view->pages.empty()) {
                 const absl::Status status = AddMemberRows(view->pages[0], recipient, page.epochs);
                 if (!status.ok()) return std::move(done)(status);
               }
               std::move(done)(std::move(page));
             });
}

}  // namespace labyrinth::mailbox
