#include "storage/schema.h"

namespace labyrinth::storage::keys {
namespace {

enum Tag : char {
  kHead = 0x01,
  kRoster = 0x02,
  kDevice = 0x03,
  kOrfServer = 0x04,
  kVirtualDevice = 0x05,
  kEpoch = 0x06,
  kMember = 0x07,
  kLog = 0x08,
  kDeviceKey = 0x09,
  kThreadById = 0x10,
  kThread = 0x11,
  kThreadActivity = 0x12,
  kMessage = 0x20,
  kMailboxTime = 0x21,
  kMessageLocation = 0x22,
  kExpiry = 0x23,
  kFeed = 0x30,
  kRequest = 0x31,
  kRequestAge = 0x32,
  kVoidEntry = 0x33,
  kDeletionAge = 0x34,
};

constexpr uint64_t kMax48 = (uint64_t{1} << 48) - 1;
constexpr std::size_t kPlaceBytes = 14;

// Builds one key; sizes are of the number's low bytes, big-endian.
class KeyBuilder {
 public:
  explicit KeyBuilder(Tag tag) : key_(1, tag) {}

  KeyBuilder& Number(uint64_t value, int size_bytes) {
    for (int shift = 8 * (size_bytes - 1); shift >= 0; shift -= 8) key_.push_back(static_cast<char>(value >> shift));
    return *this;
  }
  KeyBuilder& Bytes(std::string_view bytes) {
    key_.append(bytes);
    return *this;
  }
  KeyBuilder& Complement(const Place& place) {
    return Number(kMax48 - static_cast<uint64_t>(place.timestamp_ms), 6)
        .Number(kMax48 - place.revision, 6)
        .Number(0xffff - place.ordinal, 2);
  }
  std::string Done() { return std::move(key_); }

 private:
  std::string key_;
};

// Takes one key apart; every read checks the length, and Done() that nothing is left.
class KeyParser {
 public:
  KeyParser(std::string_view key, Tag tag) : rest_(key) {
    ok_ = !rest_.empty() && rest_[0] == tag;
    if (ok_) rest_.remove_prefix(1);
  }

  uint64_t Number(int size_bytes) {
    const std::string_view bytes = Bytes(size_bytes);
    uint64_t value = 0;
    for (unsigned char c : bytes) value = value << 8 | c;
    return value;
  }
  std::string_view Bytes(std::size_t size) {
    if (!ok_ || rest_.size() < size) {
      ok_ = false;
      return {};
    }
    const std::string_view out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return out;
  }
  Place ComplementedPlace() {
    Place place;
    place.timestamp_ms = static_cast<int64_t>(kMax48 - Number(6));
    place.revision = kMax48 - Number(6);
    place.ordinal = static_cast<uint32_t>(0xffff - Number(2));
    return place;
  }
  bool Done() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_;
};

Range WholeTable(Tag tag) { return {std::string(1, tag), std::string(1, static_cast<char>(tag + 1))}; }

// Times descend in keys: the range begins at the newest wanted millisecond and ends before the first too old one.
Range TimeRange(const KeyBuilder& prefix, int64_t start_ms, int64_t end_ms) {
  KeyBuilder begin = prefix;
  KeyBuilder end = prefix;
  begin.Number(kMax48 - static_cast<uint64_t>(end_ms - 1), 6);
  end.Number(kMax48 - static_cast<uint64_t>(start_ms) + 1, 6);
  Range range{begin.Done(), end.Done()};
  if (start_ms == 0) {
    // 2^48 doesn't fit six bytes: the end is the first key after every row with this prefix.
    KeyBuilder all = prefix;
    range.end = all.Number(kMax48, 6).Bytes(std::string(kPlaceBytes, '\xff')).Done();
  }
  return range;
}

}  // namespace

bool IsReadOften(std::string_view key) {
  return !key.empty() && (key[0] == kHead || key[0] == kDevice || key[0] == kThreadById || key[0] == kThread);
}

std::string Head() { return KeyBuilder(kHead).Done(); }
std::string Roster() { return KeyBuilder(kRoster).Done(); }
std::string Device(DeviceId id) { return KeyBuilder(kDevice).Number(id.value(), 8).Done(); }
std::string OrfServer(DeviceId id) { return KeyBuilder(kOrfServer).Number(id.value(), 8).Done(); }
std::string VirtualDevice(const VirtualDeviceId& id) { return KeyBuilder(kVirtualDevice).Bytes(id.view()).Done(); }
std::string Epoch(uint32_t sequence_id) { return KeyBuilder(kEpoch).Number(sequence_id, 4).Done(); }
std::string Member(uint32_t sequence_id, DeviceId id) {
  return KeyBuilder(kMember).Number(sequence_id, 4).Number(id.value(), 8).Done();
}
std::string Log(uint64_t index) { return KeyBuilder(kLog).Number(index, 8).Done(); }
std::string DeviceKey(std::string_view device_key) { return KeyBuilder(kDeviceKey).Bytes(device_key).Done(); }
std::string ThreadById(std::string_view thread_id) { return KeyBuilder(kThreadById).Bytes(thread_id).Done(); }
std::string Thread(uint32_t number) { return KeyBuilder(kThread).Number(number, 4).Done(); }
std::string ThreadActivity(const Place& newest, uint32_t number) {
  return KeyBuilder(kThreadActivity).Complement(newest).Number(number, 4).Done();
}
std::string Message(uint32_t thread_number, const Place& place) {
  return KeyBuilder(kMessage).Number(thread_number, 4).Complement(place).Done();
}
std::string MailboxTime(const Place& place) { return KeyBuilder(kMailboxTime).Complement(place).Done(); }
std::string MessageLocation(std::string_view message_id) {
  return KeyBuilder(kMessageLocation).Bytes(message_id).Done();
}
std::string Expiry(int64_t expire_ms, uint32_t thread_number, const Place& place) {
  return KeyBuilder(kExpiry)
      .Number(static_cast<uint64_t>(expire_ms), 6)
      .Number(thread_number, 4)
      .Complement(place)
      .Done();
}
std::string Feed(uint64_t revision) { return KeyBuilder(kFeed).Number(revision, 8).Done(); }
std::string Request(const RequestId& id) { return KeyBuilder(kRequest).Bytes(id.view()).Done(); }
std::string RequestAge(int64_t create_ms, const RequestId& id) {
  return KeyBuilder(kRequestAge).Number(static_cast<uint64_t>(create_ms), 6).Bytes(id.view()).Done();
}
std::string VoidEntry(int64_t void_ms, uint64_t revision, const Place& place) {
  return KeyBuilder(kVoidEntry).Number(static_cast<uint64_t>(void_ms), 6).Number(revision, 8).Complement(place).Done();
}
std::string DeletionAge(int64_t commit_ms, uint64_t revision) {
  return KeyBuilder(kDeletionAge).Number(static_cast<uint64_t>(commit_ms), 6).Number(revision, 8).Done();
}

Range Devices() { return WholeTable(kDevice); }
Range VirtualDevices() { return WholeTable(kVirtualDevice); }
Range Epochs(uint32_t first, uint32_t last) { return {Epoch(first), Epoch(last)}; }
Range Members(uint32_t first_sequence, uint32_t last_sequence) {
  return {KeyBuilder(kMember).Number(first_sequence, 4).Done(), KeyBuilder(kMember).Number(last_sequence, 4).Done()};
}
Range LogFrom(uint64_t first_index) { return {Log(first_index), WholeTable(kLog).end}; }
Range ThreadActivities() { return WholeTable(kThreadActivity); }
Range ThreadsFrom(uint32_t number) { return {Thread(number), WholeTable(kThread).end}; }
Range Messages() { return WholeTable(kMessage); }
Range ThreadMessages(uint32_t thread_number, int64_t start_ms, int64_t end_ms) {
  return TimeRange(KeyBuilder(kMessage).Number(thread_number, 4), start_ms, end_ms);
}
Range MailboxMessages(int64_t start_ms, int64_t end_ms) {
  return TimeRange(KeyBuilder(kMailboxTime), start_ms, end_ms);
}
Range FeedRows(uint64_t first, uint64_t last) { return {Feed(first), Feed(last)}; }
Range Expiries() { return WholeTable(kExpiry); }
Range RequestAges() { return WholeTable(kRequestAge); }
Range VoidEntries() { return WholeTable(kVoidEntry); }
Range DeletionAges() { return WholeTable(kDeletionAge); }
// The first key beyond the revision's own, also beyond the highest there can be.
Range FeedAfter(uint64_t revision) { return {Feed(revision) + '\0', WholeTable(kFeed).end}; }

std::optional<DeviceId> ParseDevice(std::string_view key) {
  KeyParser parser(key, kDevice);
  const DeviceId id(parser.Number(8));
  return parser.Done() ? std::optional(id) : std::nullopt;
}

std::optional<VirtualDeviceId> ParseVirtualDevice(std::string_view key) {
  KeyParser parser(key, kVirtualDevice);
  const auto id = VirtualDeviceId::From(parser.Bytes(VirtualDeviceId::kSize));
  return parser.Done() ? id : std::nullopt;
}

std::optional<uint32_t> ParseEpoch(std::string_view key) {
  KeyParser parser(key, kEpoch);
  const auto sequence_id = static_cast<uint32_t>(parser.Number(4));
  return parser.Done() ? std::optional(sequence_id) : std::nullopt;
}

std::optional<MemberKey> ParseMember(std::string_view key) {
  KeyParser parser(key, kMember);
  const auto sequence_id = static_cast<uint32_t>(parser.Number(4));
  const DeviceId device_id(parser.Number(8));
  return parser.Done() ? std::optional(MemberKey{sequence_id, device_id}) : std::nullopt;
}

std::optional<uint64_t> ParseLog(std::string_view key) {
  KeyParser parser(key, kLog);
  const uint64_t index = parser.Number(8);
  return parser.Done() ? std::optional(index) : std::nullopt;
}

std::optional<ThreadActivityKey> ParseThreadActivity(std::string_view key) {
  KeyParser parser(key, kThreadActivity);
  const Place newest = parser.ComplementedPlace();
  const auto number = static_cast<uint32_t>(parser.Number(4));
  return parser.Done() ? std::optional(ThreadActivityKey{newest, number}) : std::nullopt;
}

std::optional<MessageKey> ParseMessage(std::string_view key) {
  KeyParser parser(key, kMessage);
  const auto thread_number = static_cast<uint32_t>(parser.Number(4));
  const Place place = parser.ComplementedPlace();
  return parser.Done() ? std::optional(MessageKey{thread_number, place}) : std::nullopt;
}

std::optional<Place> ParseMailboxTime(std::string_view key) {
  KeyParser parser(key, kMailboxTime);
  const Place place = parser.ComplementedPlace();
  return parser.Done() ? std::optional(place) : std::nullopt;
}

std::optional<uint32_t> ParseThread(std::string_view key) {
  KeyParser parser(key, kThread);
  const auto number = static_cast<uint32_t>(parser.Number(4));
  return parser.Done() ? std::optional(number) : std::nullopt;
}

std::optional<ExpiryKey> ParseExpiry(std::string_view key) {
  KeyParser parser(key, kExpiry);
  const auto expire_ms = static_cast<int64_t>(parser.Number(6));
  const auto thread_number = static_cast<uint32_t>(parser.Number(4));
  const Place place = parser.ComplementedPlace();
  return parser.Done() ? std::optional(ExpiryKey{expire_ms, thread_number, place}) : std::nullopt;
}

std::optional<uint64_t> ParseFeed(std::string_view key) {
  KeyParser parser(key, kFeed);
  const uint64_t revision = parser.Number(8);
  return parser.Done() ? std::optional(revision) : std::nullopt;
}

std::optional<RequestAgeKey> ParseRequestAge(std::string_view key) {
  KeyParser parser(key, kRequestAge);
  const auto create_ms = static_cast<int64_t>(parser.Number(6));
  const auto id = RequestId::From(parser.Bytes(RequestId::kSize));
  return parser.Done() ? std::optional(RequestAgeKey{create_ms, *id}) : std::nullopt;
}

std::optional<VoidEntryKey> ParseVoidEntry(std::string_view key) {
  KeyParser parser(key, kVoidEntry);
  const auto void_ms = static_cast<int64_t>(parser.Number(6));
  const uint64_t revision = parser.Number(8);
  const Place place = parser.ComplementedPlace();
  return parser.Done() ? std::optional(VoidEntryKey{void_ms, revision, place}) : std::nullopt;
}

std::optional<DeletionAgeKey> ParseDeletionAge(std::string_view key) {
  KeyParser parser(key, kDeletionAge);
  const auto commit_ms = static_cast<int64_t>(parser.Number(6));
  const uint64_t revision = parser.Number(8);
  return parser.Done() ? std::optional(DeletionAgeKey{commit_ms, revision}) : std::nullopt;
}

}  // namespace labyrinth::storage::keys
