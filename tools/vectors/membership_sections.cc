#include <fmt/format.h>

#include <string>
#include <utility>
#include <vector>

#include "crypto/statements/commitment.h"
#include "crypto/statements/log_body.h"
#include "crypto/statements/log_entry.h"
#include "crypto/statements/membership.h"
#include "tools/vectors/case_random.h"
#include "tools/vectors/registry.h"

namespace labyrinth::vectors {
namespace {

using crypto::LogEntry;
using crypto::LogEntryKind;
using crypto::MembershipState;
using crypto::PublicKey;
using crypto::Sha256Digest;
using crypto::Signature;

LogEntry ReadEntry(Fields& f) {
  LogEntry entry;
  entry.kind = static_cast<LogEntryKind>(f.Integer("kind"));
  entry.index = f.Integer("index");
  entry.previous_head = f.FixedOf<crypto::LogHead>("previous_head");
  entry.server_name = f.Text("server_name");
  entry.account_id = f.Text("account_id");
  entry.time_ms = f.Signed("time_ms");
  entry.subject_kind = static_cast<crypto::SubjectKind>(f.Integer("subject_kind"));
  entry.subject_device_key = f.FixedOf<PublicKey>("subject_device_key");
  entry.subject_epoch_storage_key = f.FixedOf<PublicKey>("subject_epoch_storage_key");
  entry.subject_epoch_storage_auth_key = f.FixedOf<PublicKey>("subject_epoch_storage_auth_key");
  entry.epoch_sequence = static_cast<uint32_t>(f.Integer("epoch_sequence"));
  entry.body_hash = f.FixedOf<Sha256Digest>("body_hash");
  entry.actor_device_key = f.FixedOf<PublicKey>("actor_device_key");
  return entry;
}

// What the entry's body hash covers, by its kind.
void ExpectBodyHash(Fields& f, const LogEntry& entry) {
  if (!f.Has("body")) return f.Check(entry.body_hash.IsZero(), "body_hash: of nothing, and not zeros");
  Fields body = f.Object("body");
  crypto::DevicePublicKeys keys;
  if (entry.kind != LogEntryKind::kOpenEpoch) keys.sig_30 = body.FixedOf<Signature>("sig_30");
  if (body.Has("sig_31")) keys.sig_31 = body.FixedOf<Signature>("sig_31");
  switch (entry.kind) {
    case LogEntryKind::kCreate:
      return f.Expect("body_hash",
                      crypto::CreateBodyHash(keys, body.FixedOf<crypto::MacTag>("epoch_device_mac")).view());
    case LogEntryKind::kAddDevice:
      return f.Expect("body_hash", crypto::AddDeviceBodyHash(keys).view());
    case LogEntryKind::kAddVirtualDevice: {
      const std::vector<std::string> sealed = body.HexList("sealed");
      if (sealed.size() != 6) return body.Fail("sealed", "not six values");
      return f.Expect("body_hash", crypto::AddVirtualDeviceBodyHash(
                                       body.FixedOf<VirtualDeviceId>("vdevice_id"), keys.sig_30,
                                       {sealed[0], sealed[1], sealed[2], sealed[3], sealed[4], sealed[5]})
                                       .view());
    }
    case LogEntryKind::kOpenEpoch: {
      std::vector<crypto::EpochMemberBody> members;
      body.ForEach("members", [&members](Fields& member) {
        members.push_back({member.FixedOf<PublicKey>("device_key"), member.FixedOf<crypto::MacTag>("epoch_device_mac"),
                           member.Hex("encrypted_entropy")});
      });
      const auto hash = crypto::OpenEpochBodyHash(body.Hex("encrypted_previous_sequence"),
                                                  body.Hex("encrypted_previous_root_key"), members);
      if (f.Ok(hash, "body")) f.Expect("body_hash", hash->view());
      return;
    }
    default:
      return f.Fail("body", "an entry of this kind has none");
  }
}

// The file's log, as far as its entries follow each other.
class LogStates {
 public:
  explicit LogStates(const Section& section) {
    Outcome outcome;  // of its own: a broken log fails the cases that need it
    Fields log = section.Other("membership_log", outcome);
    log.ForEach("entries", [this](Fields& f) {
      if (states_.empty()) states_.emplace_back(crypto::LogNames{f.Text("server_name"), f.Text("account_id")});
      MembershipState next = states_.back();
      if (broken_.ok()) broken_ = next.Apply({f.Hex("entry"), f.FixedOf<Signature>("signature")}).status();
      if (broken_.ok()) states_.push_back(std::move(next));
    });
    if (states_.empty()) states_.emplace_back(crypto::LogNames{});
  }

  // After the first `length` entries. Fails the case if there are fewer that follow each other.
  MembershipState After(uint64_t length, Fields& f) const {
    if (length < states_.size()) return states_[length];
    f.Fail("", fmt::format("membership_log: {} entries don't follow each other: {}", length,
                           std::string(broken_.message())));
    return states_.back();
  }

 private:
  std::vector<MembershipState> states_;
  absl::Status broken_;
};

void RunEntry(const LogStates& log, Fields& f) {
  const LogEntry entry = ReadEntry(f);
  ExpectBodyHash(f, entry);
  f.Expect("entry", crypto::EncodeLogEntry(entry));
  const auto decoded = crypto::DecodeLogEntry(f.Hex("entry"));
  if (f.Ok(decoded, "entry")) f.Check(*decoded == entry, "entry: decodes to something else");

  const auto actor = crypto::KeyPair::FromPrivate(f.SecretOf("actor_device_key_priv"));
  if (!f.Ok(actor, "actor_device_key_priv")) return;
  f.Expect("actor_device_key", actor->public_key.view());
  CaseRandom random(f.Hex("Z"), f.outcome());
  const auto signed_entry = crypto::SignLogEntry(entry, actor->private_key, random);
  if (!f.Ok(signed_entry, "entry")) return;
  f.Expect("signature", signed_entry->signature.view());
  f.Expect("head", signed_entry->Head().view());
  const MembershipState state = log.After(entry.index + 1, f);
  f.Check(state.position().head.view() == f.Hex("head"), "head: the log stands elsewhere");
}

void RunUnfollowing(const LogStates& log, Fields& f) {
  MembershipState state = log.After(f.Integer("after"), f);
  f.ExpectRefusedAs(state.Apply({f.Hex("entry"), f.FixedOf<Signature>("signature")}).status());
}

void RunCommitment(const LogStates& log, Fields& f) {
  const MembershipState state = log.After(f.Integer("log_length"), f);
  const crypto::Secret key = f.SecretOf("epoch_root_key");
  const uint64_t sequence = f.Integer("epoch_sequence");
  f.Expect("members_hash", crypto::MembersHash(state).view());
  f.Expect("commitment", crypto::BuildCommitment(state, key, sequence));
  const auto opened = crypto::OpenCommitment(f.Hex("commitment"), key, sequence);
  if (!f.Ok(opened, "commitment")) return;
  f.ExpectInteger("log_index", opened->log_index);
  f.Expect("head", opened->head.view());
  f.Ok(crypto::CheckCommitment(*opened, state, sequence), "commitment");
}

void RunRefusedCommitment(const LogStates& log, Fields& f) {
  const MembershipState state = log.After(f.Integer("log_length"), f);
  const uint64_t sequence = f.Integer("epoch_sequence");
  const auto opened = crypto::OpenCommitment(f.Hex("commitment"), f.SecretOf("epoch_root_key"), sequence);
  f.ExpectRefusedAs(opened.ok() ? crypto::CheckCommitment(*opened, state, sequence) : opened.status());
}

}  // namespace

void RunMembershipLog(Section& section) {
  const LogStates log(section);
  section.ForEach("entries", [&log](Fields& f) { RunEntry(log, f); });
  section.ForEach("reject_entries",
                  [](Fields& f) { f.ExpectRefusedAs(crypto::DecodeLogEntry(f.Hex("entry")).status()); });
  section.ForEach("must_not_follow", [&log](Fields& f) { RunUnfollowing(log, f); });
}

void RunEpochCommitments(Section& section) {
  const LogStates log(section);
  section.ForEach("vectors", [&log](Fields& f) { RunCommitment(log, f); });
  section.ForEach("must_fail", [&log](Fields& f) { RunRefusedCommitment(log, f); });
}

}  // namespace labyrinth::vectors
