#include <sys/mman.h>
#include <unistd.h>

#include "storage/rocksdb/log_records.h"
#include "storage/schema.h"
#include "tests/fuzz/fuzz_target.h"

namespace labyrinth::fuzz {
namespace {

// A write-ahead log after a power cut, as a file without a disk.
void RunLogRecords(std::string_view input) {
  const int file = memfd_create("log", MFD_CLOEXEC);
  Require(file >= 0 && write(file, input.data(), input.size()) == static_cast<ssize_t>(input.size()), "memfd works");
  const auto walk = storage::WalkLog("/proc/self/fd/" + std::to_string(file), [](std::string_view head, bool) {
    Require(head.size() <= storage::kLogHeadBytes, "a visitor sees a record's head");
    return true;
  });
  close(file);
  Require(walk.ok() && !walk->stopped, "a file that can be read is walked to its end");
}

// One whole record, as RocksDB frames it: masked CRC-32C, length (little-endian), type 1, then twelve bytes.
std::vector<std::string> LogRecordSeeds() {
  return {std::string("\xd0\x02\x43\xd2\x0c\x00\x01", 7) + std::string(12, '\0'), std::string(7, '\0')};
}

void RunSchemaKeys(std::string_view input) {
  using namespace storage::keys;
  if (const auto id = ParseDevice(input)) Require(Device(*id) == input, "a device's key has one form");
  if (const auto id = ParseVirtualDevice(input)) Require(VirtualDevice(*id) == input, "a virtual device's too");
  if (const auto sequence = ParseEpoch(input)) Require(Epoch(*sequence) == input, "an epoch's too");
  if (const auto key = ParseMember(input)) Require(Member(key->sequence_id, key->device_id) == input, "a member's too");
  if (const auto index = ParseLog(input)) Require(Log(*index) == input, "a log entry's too");
  if (const auto key = ParseThreadActivity(input)) {
    Require(ThreadActivity(key->newest, key->number) == input, "a thread's place too");
  }
  if (const auto key = ParseMessage(input))
    Require(Message(key->thread_number, key->place) == input, "a message's too");
  if (const auto place = ParseMailboxTime(input)) Require(MailboxTime(*place) == input, "its time's too");
  if (const auto key = ParseExpiry(input)) {
    Require(Expiry(key->expire_ms, key->thread_number, key->place) == input, "its expiry's too");
  }
  if (const auto revision = ParseFeed(input)) Require(Feed(*revision) == input, "a feed row's too");
  if (const auto key = ParseRequestAge(input)) Require(RequestAge(key->create_ms, key->id) == input, "a request's too");
  if (const auto key = ParseVoidEntry(input)) {
    Require(VoidEntry(key->void_ms, key->revision, key->place) == input, "a void entry's too");
  }
  if (const auto key = ParseDeletionAge(input)) {
    Require(DeletionAge(key->commit_ms, key->revision) == input, "a deletion's too");
  }
}

std::vector<std::string> SchemaKeySeeds() {
  using namespace storage::keys;
  const storage::Place place{1'700'000'000'000, 5, 3};
  return {Device(DeviceId(9)),
          Epoch(4),
          Member(4, DeviceId(9)),
          Log(12),
          ThreadActivity(place, 2),
          Message(2, place),
          MailboxTime(place),
          VirtualDevice({}),
          Head(),
          Feed(7),
          Expiry(1'700'000'000'000, 2, place),
          RequestAge(1'700'000'000'000, {}),
          VoidEntry(1'700'000'000'000, 7, place),
          DeletionAge(1'700'000'000'000, 7)};
}

constexpr FuzzTarget kTargets[] = {
    {"log_records", LogRecordSeeds, RunLogRecords},
    {"schema_keys", SchemaKeySeeds, RunSchemaKeys},
};

}  // namespace

std::span<const FuzzTarget> StorageTargets() { return kTargets; }

}  // namespace labyrinth::fuzz
