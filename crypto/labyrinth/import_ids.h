// Ids of imported messages, which have none of their own (protocol section 6). Keyed, so that the server can't confirm
// a guess of their content; a function of the content, so that importing twice, or from two devices, doubles nothing.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_IMPORT_IDS_H_
#define LABYRINTH_CRYPTO_LABYRINTH_IMPORT_IDS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::crypto {

inline constexpr std::size_t kImportIdBytes = 16;

// Thread-compatible; move-only.
class ImportIds {
 public:
  // K = kdf(epochRootKey of epoch 0, null, "labyrinth_import_id"). Every member reaches epoch 0 by chaining backward.
  // INVALID_ARGUMENT for any other epoch.
  static absl::StatusOr<ImportIds> Create(const Epoch& first_epoch);

  // mac(lv(thread path), K)[0:16]
  std::string ThreadId(std::string_view thread_path) const;

  // mac(lv(thread path) || i64 timestamp || lv(sender) || lv(content), K)[0:16]. Two messages equal in all of these are
  // one. The timestamp is in Unix milliseconds, as in the row.
  std::string MessageId(std::string_view thread_path, int64_t timestamp_ms, std::string_view sender,
                        std::string_view content) const;

 private:
  explicit ImportIds(Secret key) : key_(std::move(key)) {}
  Secret key_;
};

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_IMPORT_IDS_H_
