#include "client/delete.h"

#include <fmt/format.h>

#include <set>

#include "client/convert.h"
#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::client {
namespace {

// The API's bounds of one call.
constexpr int kMessages = 100, kAttachments = 100;

absl::Status CheckRows(std::span<const RowToDelete> rows) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string field = fmt::format("message_ids[{}]", i);
    if (rows[i].message_id.empty()) return errors::InvalidField(field, "required");
    if (rows[i].message_id.size() > limits::kMessageIdBytes) {
      return errors::LimitExceeded(field, "message_id_bytes", limits::kMessageIdBytes);
    }
  }
  return absl::OkStatus();
}

absl::Status Send(Core& core, v1::DeleteMessagesRequest& request, DeleteReport& report) {
  const auto response = core.api().DeleteMessages(request);
  if (!response.ok()) return response.status();
  if (response->deleted_count() > static_cast<uint32_t>(request.message_ids_size())) {
    return Violation("delete: the server counts more messages than were named");
  }
  report.revision = response->revision();
  report.deleted += response->deleted_count();
  request.Clear();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DeleteReport> DeleteRows(Core& core, std::span<const RowToDelete> rows) {
  if (absl::Status s = CheckRows(rows); !s.ok()) return s;
  if (absl::Status s = core.Ready(); !s.ok()) return s;
  DeleteReport report;
  std::set<std::string> named;
  v1::DeleteMessagesRequest request;
  for (const RowToDelete& row : rows) {
    if (!named.insert(row.message_id).second) continue;
    // A message goes together with its first attachments, so that those in the request belong to ids in it.
    const bool full = request.message_ids_size() == kMessages ||
                      request.attachments_size() + static_cast<int>(row.attachments.size()) > kAttachments;
    if (full && request.message_ids_size() > 0) {
      if (absl::Status s = Send(core, request, report); !s.ok()) return s;
    }
    request.add_message_ids(row.message_id);
    for (const v1::AttachmentPoint& point : row.attachments) {
      if (request.attachments_size() == kAttachments) break;
      *request.add_attachments() = point;
    }
  }
  if (request.message_ids_size() > 0) {
    if (absl::Status s = Send(core, request, report); !s.ok()) return s;
  }
  return report;
}

}  // namespace labyrinth::client
