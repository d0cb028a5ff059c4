// What an operator may see of one mailbox: counters and devices, no content.
#ifndef LABYRINTH_SERVICE_ADMIN_MAILBOX_STATS_H_
#define LABYRINTH_SERVICE_ADMIN_MAILBOX_STATS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/ids.h"
#include "proto/labyrinth/v1/admin.pb.h"
#include "proto/storage/v1/records.pb.h"
#include "service/log/pseudonym.h"
#include "service/mailbox/rules.h"
#include "storage/engine.h"

namespace labyrinth::service {

struct MailboxOverview {
  storage::Position position;
  storage_v1::MailboxHead head;
  std::vector<std::pair<DeviceId, storage_v1::DeviceRecord>> devices;  // of all time
};

// Reads in one moment; blocks. MAILBOX_NOT_FOUND; DATA_DAMAGED; ENGINE_UNAVAILABLE.
absl::StatusOr<MailboxOverview> ReadOverview(storage::Engine& engine, const std::string& partition,
                                             absl::Time deadline);

// `reveal`: raw ids as well.
void ToProto(const MailboxOverview& overview, const std::string& partition, const Pseudonyms& pseudonyms,
             const mailbox::Policy& policy, bool reveal, v1::GetMailboxStatsResponse& response);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_ADMIN_MAILBOX_STATS_H_
