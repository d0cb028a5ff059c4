#include "crypto/statements/commitment.h"

#include "common/errors.h"
#include "crypto/statements/codec.h"
#include "crypto/statements/domains.h"
#include "crypto/statements/epoch_sequence.h"

namespace labyrinth::crypto {
namespace {

Secret CommitmentKey(const Secret& epoch_root_key, uint64_t epoch_sequence) {
  return Kdf(epoch_root_key, std::string_view(), std::string(domains::kCommitment) + SequenceBase64(epoch_sequence));
}

}  // namespace

Sha256Digest MembersHash(const MembershipState& state) {
  std::string input;
  for (const LogMember& member : state.ActiveMembers()) {
    input.append(member.device_key.view());
    input.append(member.epoch_storage_key.view());
  }
  return Sha256(input);
}

std::string BuildCommitment(const MembershipState& state, const Secret& epoch_root_key, uint64_t epoch_sequence) {
  std::string out;
  AppendU8(out, domains::kCommitmentVersion);
  AppendU64(out, state.position().last_index());
  out.append(state.position().head.view());
  out.append(MembersHash(state).view());
  out.append(Mac(out, CommitmentKey(epoch_root_key, epoch_sequence)).view());
  return out;
}

absl::StatusOr<Commitment> OpenCommitment(std::string_view bytes, const Secret& epoch_root_key,
                                          uint64_t epoch_sequence) {
  if (bytes.size() != kCommitmentSizeBytes || bytes[0] != domains::kCommitmentVersion) {
    return errors::DataDamaged("the epoch's commitment has another form");
  }
  const std::string_view stated = bytes.substr(0, bytes.size() - MacTag::kSize);
  if (!VerifyMac(stated, CommitmentKey(epoch_root_key, epoch_sequence), bytes.substr(stated.size()))) {
    return errors::DataDamaged("the epoch's commitment was not made by a member");
  }
  ByteReader reader(stated);
  reader.U8();
  Commitment commitment;
  commitment.log_index = reader.U64();
  commitment.head = reader.Read<LogHead>();
  commitment.members_hash = reader.Read<Sha256Digest>();
  return commitment;
}

absl::Status CheckCommitment(const Commitment& commitment, const MembershipState& state, uint64_t epoch_sequence) {
  if (state.position().length == 0 || state.position().last_index() != commitment.log_index) {
    return errors::DataDamaged("the epoch's commitment names another place in the membership log");
  }
  if (state.position().head != commitment.head) {
    return errors::DataDamaged("the membership log is a fork of the one that the epoch's opener saw");
  }
  if (state.epoch_sequence() != epoch_sequence) {
    return errors::DataDamaged("the epoch's commitment stands at another epoch's entry");
  }
  if (MembersHash(state) != commitment.members_hash) {
    return errors::DataDamaged("the epoch's members are not the membership log's");
  }
  return absl::OkStatus();
}

}  // namespace labyrinth::crypto
