// A mailbox whose epochs are opened. testonly.
#ifndef LABYRINTH_SERVICE_MAILBOX_TESTING_EPOCH_FIXTURE_H_
#define LABYRINTH_SERVICE_MAILBOX_TESTING_EPOCH_FIXTURE_H_

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/mailbox/open_epoch.h"
#include "service/mailbox/testing/three_devices.h"

namespace labyrinth::mailbox::testing {

struct EpochFixture : ThreeDevices {
  OpenEpochRequest Request(std::vector<DeviceId> revoked = {}) { return mailbox.OpenRequest(me(), std::move(revoked)); }
  // With the entry at `index` changed by `spoil` and signed anew.
  OpenEpochRequest Spoilt(OpenEpochRequest request, std::size_t index,
                          const std::function<void(crypto::LogEntry&)>& spoil) {
    crypto::LogEntry entry = *crypto::DecodeLogEntry(request.log_entries[index].entry);
    spoil(entry);
    request.log_entries[index] = mailbox.Sign(entry, me());
    return request;
  }
  std::string RefusedField(const OpenEpochRequest& request) {
    return DetailIn(mailbox.MustRefuse(request, Reason::kInvalidField), "field");
  }
  std::optional<storage_v1::EpochRecord> EpochAt(uint32_t sequence_id) {
    return server.Find<storage_v1::EpochRecord>(partition(), storage::keys::Epoch(sequence_id));
  }
  std::optional<storage_v1::MemberRecord> MemberAt(uint32_t sequence_id, DeviceId id) {
    return server.Find<storage_v1::MemberRecord>(partition(), storage::keys::Member(sequence_id, id));
  }
  // Exactly one epoch was opened, and it is `opened`.
  void CheckOneOpened(const OpenEpochResponse& opened) {
    CHECK(mailbox.Head().current_sequence_id() == 1);
    CHECK(mailbox.CurrentEpoch() == opened.epoch_id);
    CHECK(EpochAt(1).value().revision() == opened.revision);
    CHECK_FALSE(EpochAt(2).has_value());
    mailbox.CheckSound();
  }
};

inline std::string Text(DeviceId id) { return fmt::format("{}", id.value()); }

}  // namespace labyrinth::mailbox::testing

#endif  // LABYRINTH_SERVICE_MAILBOX_TESTING_EPOCH_FIXTURE_H_
