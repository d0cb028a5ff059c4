#include "service/mailbox/testing/test_mailbox.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "crypto/statements/log_body.h"
#include "service/mailbox/testing/store_check.h"
#include "storage/schema.h"

namespace labyrinth::mailbox::testing {

namespace keys = storage::keys;
using crypto::LogEntry;
using crypto::LogEntryKind;
using crypto::SignatureUse;
using crypto::SignedLogEntry;
using crypto::SubjectKind;

namespace {

template <typename Result>
Result Must(absl::StatusOr<Result> result) {
  INFO(result.status().ToString());
  REQUIRE(result.ok());
  return *std::move(result);
}

// client_evolve (protocol section 1): `added` gets k * t, and t is the token.
crypto::Secret Evolve(const TestDevice& from, TestDevice& added, RandomSource& random) {
  crypto::Scalar token = crypto::Scalar::Random(random);
  added.orf_client_scalar = from.orf_client_scalar.Times(token);
  return token.bytes().Clone();
}

}  // namespace

TestDevice MakeDevice(SubjectKind kind, RandomSource& random) {
  TestDevice device{crypto::KeyPair::Generate(random), {}, {}, {}, crypto::Scalar::Random(random)};
  const crypto::Secret& signer = device.device_key.private_key;
  device.keys.device_key = device.device_key.public_key;
  device.keys.epoch_storage_key = crypto::KeyPair::Generate(random).public_key;
  device.keys.sig_30 =
      *crypto::Sign(signer, SignatureUse::kEpochStorageKey, device.keys.epoch_storage_key.view(), random);
  if (kind == SubjectKind::kVirtual) {
    random.Fill({device.virtual_device_id.data(), VirtualDeviceId::kSize});
    return device;
  }
  device.keys.epoch_storage_auth_key = crypto::KeyPair::Generate(random).public_key;
  device.keys.sig_31 =
      *crypto::Sign(signer, SignatureUse::kEpochStorageAuthKey, device.keys.epoch_storage_auth_key->view(), random);
  return device;
}

SaveMessage MakeMessage(std::string_view id, std::string_view thread, int64_t timestamp_ms, std::string_view ciphertext,
                        int64_t expire_ms) {
  return {std::string(id), std::string(thread), timestamp_ms, std::string(ciphertext), expire_ms};
}

TestMailbox::TestMailbox(TestServer& server, std::string account_id)
    : server_(server),
      account_id_(std::move(account_id)),
      partition_(server.policy().partition_of(account_id_)),
      first_(MakePhysical(server.random())) {}

Caller TestMailbox::CallerOf(const TestDevice& device) const {
  return {partition_, server_.PositionOf(partition_).incarnation, device.id};
}

storage_v1::MailboxHead TestMailbox::Head() const {
  return server_.Find<storage_v1::MailboxHead>(partition_, keys::Head()).value_or(storage_v1::MailboxHead());
}

storage_v1::Roster TestMailbox::Roster() const {
  return server_.Find<storage_v1::Roster>(partition_, keys::Roster()).value_or(storage_v1::Roster());
}

crypto::DevicePublicKeys TestMailbox::KeysOfDevice(DeviceId id) const {
  const auto record = server_.Find<storage_v1::DeviceRecord>(partition_, keys::Device(id));
  REQUIRE(record.has_value());
  return Must(KeysOf(*record));
}

RequestKey TestMailbox::NewRequest() const {
  return {*RequestId::From(server_.random().Bytes(RequestId::kSize)), crypto::Sha256(server_.random().Bytes(32))};
}

crypto::MacTag TestMailbox::MacOf(const crypto::DevicePublicKeys& keys, uint32_t sequence_id) {
  return crypto::MacWithPublicKey(keys.device_key.view(), fmt::format("epoch {}", sequence_id));
}

LogEntry TestMailbox::NextEntry(LogEntryKind kind, const TestDevice& actor) const {
  const storage_v1::MailboxHead head = Head();
  LogEntry entry;
  entry.kind = kind;
  // A create is the first entry even where it comes too late: another one couldn't be encoded.
  if (kind != LogEntryKind::kCreate) entry.index = head.log_count();
  if (entry.index > 0) entry.previous_head = *crypto::LogHead::From(head.log_head());
  entry.server_name = server_.policy().server_name;
  entry.account_id = account_id_;
  entry.time_ms = server_.clock().NowMs();
  if (kind != LogEntryKind::kCreate)
    entry.epoch_sequence = head.current_sequence_id() + (kind == LogEntryKind::kOpenEpoch ? 1 : 0);
  entry.actor_device_key = actor.keys.device_key;
  return entry;
}

SignedLogEntry TestMailbox::Sign(const LogEntry& entry, const TestDevice& signer) const {
  // Not SignLogEntry, which refuses to sign as somebody else.
  const std::string bytes = Must(crypto::EncodeLogEntry(entry));
  return {bytes, Must(crypto::Sign(signer.device_key.private_key, SignatureUse::kLogEntry, bytes, server_.random()))};
}

LogEntry TestMailbox::RemoveEntry(DeviceId subject, const TestDevice& actor) const {
  LogEntry entry = NextEntry(LogEntryKind::kRemove, actor);
  crypto::SetSubject(entry, KeysOfDevice(subject));
  return entry;
}

SignedLogEntry TestMailbox::SignedAdd(LogEntryKind kind, const TestDevice& actor, const TestDevice& subject,
                                      const crypto::Sha256Digest& body) const {
  LogEntry entry = NextEntry(kind, actor);
  crypto::SetSubject(entry, subject.keys);
  entry.body_hash = body;
  return Sign(entry, actor);
}

CreateMailboxRequest TestMailbox::CreateRequest(const TestDevice& first) const {
  CreateMailboxRequest request;
  request.partition = partition_;
  request.request = NewRequest();
  request.keys = first.keys;
  request.epoch_device_mac = MacOf(first.keys, 0);
  request.commitment = "commitment 0";
  request.sealed_label = "label";
  const auto body = crypto::CreateBodyHash(first.keys, request.epoch_device_mac);
  request.log_entry = SignedAdd(LogEntryKind::kCreate, first, first, body);
  return request;
}

DeleteMailboxRequest TestMailbox::DeleteRequest(const TestDevice& actor) const {
  return {CallerOf(actor), Sign(NextEntry(LogEntryKind::kCloseMailbox, actor), actor)};
}

CreateVirtualDeviceRequest TestMailbox::VirtualDeviceRequest(const TestDevice& creator, TestDevice& added) const {
  CreateVirtualDeviceRequest request;
  request.caller = CallerOf(creator);
  request.request = NewRequest();
  request.virtual_device_id = added.virtual_device_id;
  request.keys = added.keys;
  request.secrets = {"sealed 1", "sealed 2", "sealed 3", "sealed 4", "sealed 5", "sealed 6"};
  request.evolve_token = Evolve(creator, added, server_.random());
  request.epoch_id = CurrentEpoch();
  request.epoch_device_mac = MacOf(added.keys, Head().current_sequence_id());
  const auto body = crypto::AddVirtualDeviceBodyHash(added.virtual_device_id, added.keys.sig_30, request.secrets);
  request.log_entry = SignedAdd(LogEntryKind::kAddVirtualDevice, creator, added, body);
  return request;
}

RegisterDeviceRequest TestMailbox::RegisterRequest(const TestDevice& sponsor, TestDevice& added) const {
  RegisterDeviceRequest request;
  request.partition = partition_;
  request.request = NewRequest();
  request.sponsor = sponsor.virtual_device_id;
  request.keys = added.keys;
  request.evolve_token = Evolve(sponsor, added, server_.random());
  request.epoch_id = CurrentEpoch();
  request.epoch_device_mac = MacOf(added.keys, Head().current_sequence_id());
  request.sealed_label = "label";
  request.log_entry = SignedAdd(LogEntryKind::kAddDevice, sponsor, added, crypto::AddDeviceBodyHash(added.keys));
  return request;
}

RegisterDeviceRequest TestMailbox::RegisterByMember(const TestDevice& member, TestDevice& added) const {
  TestDevice temporary = MakePhysical(server_.random());
  const crypto::Secret token = Evolve(member, temporary, server_.random());
  RegisterDeviceRequest request = RegisterRequest(member, added);
  request.evolve_token = Evolve(temporary, added, server_.random());
  const auto record = server_.Find<storage_v1::OrfServerRecord>(partition_, keys::OrfServer(member.id)).value();
  const auto state = Must(crypto::OrfServerState::Parse(crypto::Secret::CopyOf(record.scalar())));
  request.sponsor = MemberGrant{CallerOf(member), Must(state.Evolve(token.RevealSecret()))};
  return request;
}

RevokeDeviceRequest TestMailbox::RevokeRequest(const TestDevice& actor, DeviceId subject) const {
  return {partition_, NewRequest(), subject, CallerOf(actor), Sign(RemoveEntry(subject, actor), actor)};
}

RevokeDeviceRequest TestMailbox::CutOffRequest(DeviceId subject) const {
  return {partition_, NewRequest(), subject, std::nullopt, std::nullopt};
}

OpenEpochRequest TestMailbox::OpenRequest(const TestDevice& opener, std::vector<DeviceId> revoked) const {
  const storage_v1::MailboxHead head = Head();
  OpenEpochRequest request;
  request.caller = CallerOf(opener);
  request.request = NewRequest();
  request.expected_epoch_id = CurrentEpoch();
  request.sequence_id = head.current_sequence_id() + 1;
  request.enc_prev_sequence = "encrypted sequence";
  request.enc_prev_root = "encrypted root";
  request.revoke_device_ids = std::move(revoked);
  request.commitment = fmt::format("commitment {}", request.sequence_id);
  request.opener_previous_mac = MacOf(opener.keys, head.current_sequence_id());
  const auto& gone = request.revoke_device_ids;
  const storage_v1::Roster roster = Roster();
  for (const uint64_t value : roster.active_device_ids()) {
    const DeviceId id(value);
    if (std::find(gone.begin(), gone.end(), id) != gone.end()) continue;
    request.members.push_back({id, MacOf(KeysOfDevice(id), request.sequence_id), fmt::format("entropy for {}", value)});
  }
  SignOpen(request, opener);
  return request;
}

void TestMailbox::SignOpen(OpenEpochRequest& request, const TestDevice& opener) const {
  request.log_entries.clear();
  std::set<uint64_t> removed;
  for (DeviceId id : request.revoke_device_ids) removed.insert(id.value());
  const storage_v1::Roster roster = Roster();
  removed.insert(roster.unsigned_removal_ids().begin(), roster.unsigned_removal_ids().end());
  const auto append = [&](LogEntry entry) {
    if (!request.log_entries.empty()) entry.previous_head = request.log_entries.back().Head();
    entry.index += request.log_entries.size();
    request.log_entries.push_back(Sign(entry, opener));
  };
  for (const uint64_t id : removed) append(RemoveEntry(DeviceId(id), opener));

  std::vector<crypto::EpochMemberBody> members;
  for (const EpochMember& member : request.members) {
    members.push_back({KeysOfDevice(member.device_id).device_key, member.epoch_device_mac, member.encrypted_entropy});
  }
  LogEntry open = NextEntry(LogEntryKind::kOpenEpoch, opener);
  open.body_hash =
      Must(crypto::OpenEpochBodyHash(request.enc_prev_sequence, request.enc_prev_root, std::move(members)));
  append(open);
}

SaveRequest TestMailbox::Save(const TestDevice& device, std::vector<SaveMessage> messages,
                              OnConflict on_conflict) const {
  return {CallerOf(device), CurrentEpoch(), 3, on_conflict, std::move(messages)};
}

void TestMailbox::Create() { first_.id = Must(server_.Do(CreateRequest(first_))).device_id; }

TestDevice TestMailbox::AddVirtualDevice(const TestDevice& creator) {
  TestDevice added = MakeVirtual(server_.random());
  added.id = Must(server_.Do(VirtualDeviceRequest(creator, added)));
  return added;
}

TestDevice TestMailbox::AddDevice(const TestDevice& sponsor) {
  TestDevice added = MakePhysical(server_.random());
  added.id = Must(server_.Do(RegisterRequest(sponsor, added))).device_id;
  return added;
}

uint64_t TestMailbox::Revoke(const TestDevice& actor, DeviceId subject) {
  return Must(server_.Do(RevokeRequest(actor, subject)));
}

uint64_t TestMailbox::CutOff(DeviceId subject) { return Must(server_.Do(CutOffRequest(subject))); }

OpenEpochResponse TestMailbox::Rotate(const TestDevice& opener, std::vector<DeviceId> revoked) {
  return Must(server_.Do(OpenRequest(opener, std::move(revoked))));
}

SaveResponse TestMailbox::MustSave(const TestDevice& device, std::vector<SaveMessage> messages,
                                   OnConflict on_conflict) {
  return Must(server_.Do(Save(device, std::move(messages), on_conflict)));
}

void TestMailbox::CheckSound() const { CHECK(CheckStore(server_.Rows(partition_)) == std::vector<std::string>{}); }

}  // namespace labyrinth::mailbox::testing
