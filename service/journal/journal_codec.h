// The bytes of the journal of revocations (docs/STORAGE_FORMAT.md has them too). Integers are big-endian.
//
//   header = "labyrinth-revocations 1\n" || id(16) || u32 crc32c(all before)
//   entry  = u32 size of body || u32 crc32c(size || body) || body
//   body   = u64 number || kind u8 || u64 generation || i64 time_ms || ...
//     1 revoke   lv(partition) || mailbox_id(16) || u32 count || per device: u64 device_id || device_key(32)
//     2 delete   lv(partition) || mailbox_id(16)
//     3 void     u64 number of the entry that counts no more
//     4 checked  u64 number: entries up to it were compared with the store
//
// Numbers begin at 1 and have no gaps. One write and one sync an entry, by one writer: so only the last can be torn,
// and whatever has an intact entry behind it was acknowledged.
#ifndef LABYRINTH_SERVICE_JOURNAL_JOURNAL_CODEC_H_
#define LABYRINTH_SERVICE_JOURNAL_JOURNAL_CODEC_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "service/mailbox/revocation.h"

namespace labyrinth::journal {

// Random: a backup says which journal goes with it.
using JournalId = FixedBytes<16, struct JournalIdTag>;

struct JournalEntry {
  enum class Kind : uint8_t { kRevoke = 1, kDelete = 2, kVoid = 3, kChecked = 4 };
  uint64_t number = 0;
  Kind kind = Kind::kChecked;
  uint64_t generation = 0;
  mailbox::Revocation revocation = {};  // of kRevoke and kDelete; its time also of the others
  uint64_t about = 0;                   // of kVoid and kChecked
};

struct JournalContent {
  JournalId id;
  std::vector<JournalEntry> entries;
  uint64_t intact_bytes = 0;  // where the next entry goes
  bool torn = false;          // half an entry follows, which nobody was told of

  // What counts: no voided ones, and of them the revocations and deletions alone.
  std::vector<mailbox::Revocation> Revocations() const;
  // The highest that an entry was made under; 0: none.
  uint64_t HighestGeneration() const;
};

std::string EncodeJournalHeader(const JournalId& id);
std::string EncodeJournalEntry(const JournalEntry& entry);

// DATA_LOSS, in one line without the path, for anything but a journal with at most a torn tail; FAILED_PRECONDITION for
// a newer version.
absl::StatusOr<JournalContent> DecodeJournal(std::string_view bytes);

// As DecodeJournal, of a file, whose path the error begins with. NOT_FOUND; UNAVAILABLE.
absl::StatusOr<JournalContent> ReadJournal(const std::string& path);

}  // namespace labyrinth::journal

#endif  // LABYRINTH_SERVICE_JOURNAL_JOURNAL_CODEC_H_
