#include "crypto/labyrinth/import_ids.h"

#include "crypto/primitives/hash.h"
#include "crypto/statements/codec.h"
#include "crypto/statements/domains.h"

namespace labyrinth::crypto {

absl::StatusOr<ImportIds> ImportIds::Create(const Epoch& first_epoch) {
  if (first_epoch.sequence_id != 0 || first_epoch.root_key.size() != kEpochRootKeyBytes) {
    return absl::InvalidArgumentError("import ids are keyed by the first epoch");
  }
  return ImportIds(Kdf(first_epoch.root_key, std::string_view(), domains::kImportId));
}

std::string ImportIds::ThreadId(std::string_view thread_path) const {
  return Mac(Lv(thread_path), key_).str().substr(0, kImportIdBytes);
}

std::string ImportIds::MessageId(std::string_view thread_path, int64_t timestamp_ms, std::string_view sender,
                                 std::string_view content) const {
  std::string input = Lv(thread_path);
  AppendI64(input, timestamp_ms);
  AppendLv(input, sender);
  AppendLv(input, content);
  return Mac(input, key_).str().substr(0, kImportIdBytes);
}

}  // namespace labyrinth::crypto
