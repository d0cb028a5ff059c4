#include "crypto/statements/log_testing.h"

namespace labyrinth::crypto {

TestDevice MakeTestDevice(SubjectKind kind, RandomSource& random) {
  TestDevice out{KeyPair::Generate(random), KeyPair::Generate(random), std::nullopt, {}};
  const Secret& signer = out.device_key.private_key;
  out.keys.device_key = out.device_key.public_key;
  out.keys.epoch_storage_key = out.epoch_storage_key.public_key;
  out.keys.sig_30 = *Sign(signer, SignatureUse::kEpochStorageKey, out.keys.epoch_storage_key.view(), random);
  if (kind == SubjectKind::kPhysical) {
    out.epoch_storage_auth_key = KeyPair::Generate(random);
    out.keys.epoch_storage_auth_key = out.epoch_storage_auth_key->public_key;
    out.keys.sig_31 =
        *Sign(signer, SignatureUse::kEpochStorageAuthKey, out.keys.epoch_storage_auth_key->view(), random);
  }
  return out;
}

LogNames TestNames() { return {"labyrinth.test", "account-1"}; }

LogEntry NextEntry(const MembershipState& state, LogEntryKind kind, const TestDevice& actor,
                   const TestDevice* subject) {
  LogEntry entry;
  entry.kind = kind;
  entry.index = state.position().length;
  entry.previous_head = state.position().head;
  entry.server_name = state.names().server_name;
  entry.account_id = state.names().account_id;
  entry.time_ms = 1'700'000'000'000 + static_cast<int64_t>(entry.index);
  if (subject != nullptr) SetSubject(entry, subject->keys);
  entry.epoch_sequence = state.epoch_sequence() + (kind == LogEntryKind::kOpenEpoch ? 1 : 0);
  if (kind != LogEntryKind::kRemove && kind != LogEntryKind::kCloseMailbox) entry.body_hash = Sha256("a body");
  entry.actor_device_key = actor.id();
  return entry;
}

SignedLogEntry SignAs(const LogEntry& entry, const TestDevice& signer, RandomSource& random) {
  const std::string bytes = EncodeLogEntry(entry).value();
  return {bytes, Sign(signer.device_key.private_key, SignatureUse::kLogEntry, bytes, random).value()};
}

void Extend(MembershipState& state, LogEntryKind kind, const TestDevice& actor, const TestDevice* subject,
            RandomSource& random) {
  state.Apply(SignAs(NextEntry(state, kind, actor, subject), actor, random)).value();
}

}  // namespace labyrinth::crypto
