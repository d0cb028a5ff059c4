#include <algorithm>
#include <utility>

#include "tests/model/mailbox_model.h"

namespace labyrinth::mailbox::testing {

namespace {

constexpr std::size_t kMostMembers = 4;

}  // namespace

void MailboxModel::ChangeMembership() {
  membership_changed_ = true;
  switch (Random(rotation_required_ ? 6 : 4)) {
    case 0:
      if (active_.size() < kMostMembers) AddDevice();
      break;
    case 1:
      if (active_.size() > 1) RemoveDevice();
      break;
    default:
      Rotate();
  }
}

// Allowed also while a rotation is due.
void MailboxModel::AddDevice() {
  made_.push_back(mailbox_.AddDevice(*recovery_));
  active_.push_back(&made_.back());
}

void MailboxModel::RemoveDevice() {
  TestDevice& by = AnyMember();
  TestDevice* goes = &by;
  while (goes == &by) goes = &AnyMember();
  const RevokeDeviceRequest request =
      OneIn(2) ? mailbox_.RevokeRequest(by, goes->id) : mailbox_.CutOffRequest(goes->id);
  const auto revision = server_.Do(request);
  INFO(revision.status().ToString());
  REQUIRE(revision.ok());
  TakeOut(goes->id);
  rotation_required_ = true;
  // The reply was lost: the first answer again.
  const uint64_t head = server_.PositionOf(mailbox_.partition()).revision;
  CHECK(server_.Do(request).value() == *revision);
  CHECK(server_.PositionOf(mailbox_.partition()).revision == head);
}

void MailboxModel::Rotate() {
  TestDevice& opener = AnyMember();
  std::vector<DeviceId> revoked;
  for (const TestDevice* device : active_) {
    if (device != &opener && OneIn(4)) revoked.push_back(device->id);
  }
  const OpenEpochRequest request = mailbox_.OpenRequest(opener, revoked);
  const auto opened = server_.Do(request);
  INFO(opened.status().ToString());
  REQUIRE(opened.ok());
  const uint64_t head = server_.PositionOf(mailbox_.partition()).revision;
  CHECK(opened->revision == head);
  // The reply was lost; and somebody else lost the race.
  CHECK(server_.Do(request).value().epoch_id == opened->epoch_id);
  OpenEpochRequest loser = request;
  loser.request = mailbox_.NewRequest();
  CHECK(ReasonIn(server_.Do(std::move(loser))) == Reason::kEpochStale);
  CHECK(server_.PositionOf(mailbox_.partition()).revision == head);
  for (const DeviceId id : revoked) TakeOut(id);
  epochs_.push_back(opened->epoch_id);
  rotation_required_ = false;
  ++seen_.epochs;
}

void MailboxModel::TakeOut(DeviceId id) {
  const auto gone = std::find_if(active_.begin(), active_.end(), [&](const TestDevice* one) { return one->id == id; });
  removed_.push_back(*gone);
  active_.erase(gone);
  ++seen_.removals;
}

// Whoever was removed gets nothing, whatever it asks.
void MailboxModel::TryAsRemoved() {
  if (removed_.empty()) return;
  const TestDevice& device = *removed_[Random(removed_.size())];
  const Caller caller = mailbox_.CallerOf(device);
  CHECK(ReasonIn(server_.Do(mailbox_.Save(device, RandomBatch(), OnConflict::kReplace))) == Reason::kDeviceRevoked);
  CHECK(ReasonIn(server_.Do(DeleteRequest{caller, {RandomId()}})) == Reason::kDeviceRevoked);
  const auto page = server_.Ask<MessagePage>([&](auto done) {
    server_.history().ListThreads(caller, {500, ""}, absl::InfiniteFuture(), std::move(done));
  });
  CHECK(ReasonIn(page) == Reason::kDeviceRevoked);
}

}  // namespace labyrinth::mailbox::testing
