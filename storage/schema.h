// The keys of a mailbox's partition, byte by byte (docs/STORAGE_FORMAT.md). One tag byte names the table; the rest
// orders its rows. Numbers are big-endian; a complemented number orders descending, so that a forward scan meets the
// newest first. Values are the records of proto/storage/v1.
//
//   tag  rest                                                     value
//   01                                                            MailboxHead
//   02                                                            Roster
//   03   device id u64                                            DeviceRecord
//   04   device id u64                                            OrfServerRecord (deleted by revocation)
//   05   virtual device id [16]                                   VirtualDeviceRecord (deleted by revocation)
//   06   epoch sequence u32                                       EpochRecord
//   07   epoch sequence u32, device id u64                        MemberRecord
//   08   log index u64                                            LogRecord
//   09   device key [32]                                          DeviceKeyRecord
//   10   thread id [1..128]                                       ThreadNumber
//   11   thread number u32, from 1                                ThreadRecord
//   12   newest place ~[14], thread number u32                    Mark: threads, newest first
//   20   thread number u32, place ~[14]                           MessageRecord
//   21   place ~[14]                                              ThreadNumber: the mailbox, newest first
//   22   message id [1..64]                                       MessageLocation
//   23   expire ms u48, thread number u32, place ~[14]            Mark
//   30   revision u64                                             FeedRecord
//   31   request id [16]                                          RequestRecord
//   32   create ms u48, request id [16]                           Mark: which to forget first
//   33   time ms u48, revision u64, place ~[14]                   Mark: from when on a feed row's entry is void
//   34   time ms u48, revision u64                                Mark: feed rows with deletions, oldest first
//
// A place is (timestamp ms u48, revision u48, ordinal u16), complemented: timestamps end in the year 9999 and revisions
// at 2^48, which both fit.
#ifndef LABYRINTH_STORAGE_SCHEMA_H_
#define LABYRINTH_STORAGE_SCHEMA_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/ids.h"

namespace labyrinth::storage {

// Version 1 of the records and keys; MailboxHead.version says which a partition has.
inline constexpr uint32_t kSchemaVersion = 1;

// The total order of messages: by time, then by the revision of the first save, then by the place in that commit.
struct Place {
  int64_t timestamp_ms = 0;
  uint64_t revision = 0;
  uint32_t ordinal = 0;
  friend bool operator==(const Place&, const Place&) = default;
  friend std::strong_ordering operator<=>(const Place&, const Place&) = default;
};

namespace keys {

std::string Head();
std::string Roster();
std::string Device(DeviceId id);
std::string OrfServer(DeviceId id);
std::string VirtualDevice(const VirtualDeviceId& id);
std::string Epoch(uint32_t sequence_id);
std::string Member(uint32_t sequence_id, DeviceId id);
std::string Log(uint64_t index);
std::string DeviceKey(std::string_view device_key);
std::string ThreadById(std::string_view thread_id);
std::string Thread(uint32_t number);
std::string ThreadActivity(const Place& newest, uint32_t number);
std::string Message(uint32_t thread_number, const Place& place);
std::string MailboxTime(const Place& place);
std::string MessageLocation(std::string_view message_id);
std::string Expiry(int64_t expire_ms, uint32_t thread_number, const Place& place);
std::string Feed(uint64_t revision);
std::string Request(const RequestId& id);
std::string RequestAge(int64_t create_ms, const RequestId& id);
std::string VoidEntry(int64_t void_ms, uint64_t revision, const Place& place);
std::string DeletionAge(int64_t commit_ms, uint64_t revision);

// Of the small rows that nearly every call reads, and of which a mailbox has few: what a row_cache.h is for.
bool IsReadOften(std::string_view key);

// Half-open ranges [begin, end) over whole tables or parts of them.
struct Range {
  std::string begin;
  std::string end;
};
Range Devices();
Range VirtualDevices();
// Epochs with first <= sequence < last.
Range Epochs(uint32_t first, uint32_t last);
Range Members(uint32_t first_sequence, uint32_t last_sequence);
Range LogFrom(uint64_t first_index);
Range ThreadActivities();
// Threads from this number on, by number.
Range ThreadsFrom(uint32_t number);
// All messages, thread by thread.
Range Messages();
// Messages of a thread, or of the mailbox, with start_ms <= timestamp < end_ms (0 <= start_ms < end_ms <= 2^48).
Range ThreadMessages(uint32_t thread_number, int64_t start_ms, int64_t end_ms);
Range MailboxMessages(int64_t start_ms, int64_t end_ms);
// The change feed beyond `revision`.
Range FeedAfter(uint64_t revision);
// Feed rows with first <= revision < last.
Range FeedRows(uint64_t first, uint64_t last);
// Tables in the order of time: what is due stands first.
Range Expiries();
Range RequestAges();
Range VoidEntries();
Range DeletionAges();

// Inverses, for scans. nullopt for a key that isn't of that table.
std::optional<DeviceId> ParseDevice(std::string_view key);
std::optional<VirtualDeviceId> ParseVirtualDevice(std::string_view key);
std::optional<uint32_t> ParseEpoch(std::string_view key);
struct MemberKey {
  uint32_t sequence_id;
  DeviceId device_id;
};
std::optional<MemberKey> ParseMember(std::string_view key);
std::optional<uint64_t> ParseLog(std::string_view key);
struct ThreadActivityKey {
  Place newest;
  uint32_t number;
};
std::optional<ThreadActivityKey> ParseThreadActivity(std::string_view key);
struct MessageKey {
  uint32_t thread_number;
  Place place;
};
std::optional<MessageKey> ParseMessage(std::string_view key);
std::optional<Place> ParseMailboxTime(std::string_view key);
std::optional<uint32_t> ParseThread(std::string_view key);
struct ExpiryKey {
  int64_t expire_ms;
  uint32_t thread_number;
  Place place;
};
std::optional<ExpiryKey> ParseExpiry(std::string_view key);
std::optional<uint64_t> ParseFeed(std::string_view key);
struct RequestAgeKey {
  int64_t create_ms;
  RequestId id;
};
std::optional<RequestAgeKey> ParseRequestAge(std::string_view key);
struct VoidEntryKey {
  int64_t void_ms;
  uint64_t revision;
  Place place;
};
std::optional<VoidEntryKey> ParseVoidEntry(std::string_view key);
struct DeletionAgeKey {
  int64_t commit_ms;
  uint64_t revision;
};
std::optional<DeletionAgeKey> ParseDeletionAge(std::string_view key);

}  // namespace keys
}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_SCHEMA_H_
