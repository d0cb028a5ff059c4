#include "service/attachments/locate.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/errors.h"
#include "crypto/orf_server/orf_server.h"
#include "crypto/statements/codec.h"
#include "crypto/statements/domains.h"
#include "service/mailbox/member_read.h"
#include "service/mailbox/records.h"
#include "storage/schema.h"

namespace labyrinth::attachments {

namespace keys = storage::keys;
using mailbox::MemberView;
using mailbox::ParseRecord;

namespace {

// Keys of a member read: the scalar, then two rows a claim.
constexpr std::size_t kScalar = 0;
constexpr std::size_t FirstOf(std::size_t claim) { return 1 + 2 * claim; }

std::vector<std::string> KeysOf(const mailbox::Caller& caller, const std::vector<Claim>& claims) {
  std::vector<std::string> out = {keys::OrfServer(caller.device_id)};
  for (const Claim& claim : claims) {
    out.push_back(keys::MessageLocation(claim.message_id));
    out.push_back(keys::ThreadById(claim.thread_id));
  }
  return out;
}

// Where the claimed message stands; nullopt if it isn't there, or not in that thread.
absl::StatusOr<std::optional<storage_v1::MessageLocation>> FindMessage(const MemberView& view, std::size_t claim) {
  const auto& location_row = view.values[FirstOf(claim)];
  const auto& thread_row = view.values[FirstOf(claim) + 1];
  std::optional<storage_v1::MessageLocation> none;
  if (!location_row.has_value() || !thread_row.has_value()) return none;
  auto location = ParseRecord<storage_v1::MessageLocation>(*location_row);
  if (!location.ok()) return location.status();
  const auto thread = ParseRecord<storage_v1::ThreadNumber>(*thread_row);
  if (!thread.ok()) return thread.status();
  if (location->deleted_ms() != 0 || location->thread_number() != thread->number()) return none;
  return std::optional(*std::move(location));
}

absl::StatusOr<crypto::OrfServerState> ScalarOf(const MemberView& view) {
  const auto& row = view.values[kScalar];
  // Revocation deletes it in the commit that marks the device.
  if (!row.has_value()) return errors::DataDamaged("OrfServerRecord");
  auto record = ParseRecord<storage_v1::OrfServerRecord>(*row);
  if (!record.ok()) return record.status();
  const crypto::Secret bytes = crypto::Secret::TakeAndWipe(std::move(*record->mutable_scalar()));
  auto scalar = crypto::OrfServerState::Parse(bytes);
  if (!scalar.ok()) return errors::DataDamaged("OrfServerRecord.scalar");
  return scalar;
}

absl::StatusOr<Located> Map(const crypto::OrfServerState& scalar, const Claim& claim) {
  const auto index = scalar.Map(crypto::domains::kAttachmentIndex, claim.point.view());
  if (!index.ok()) return errors::InvalidField("attachment.point", "not a point");
  const auto mac_key = scalar.Map(crypto::domains::kAttachmentMac, claim.mac_point.view());
  if (!mac_key.ok()) return errors::InvalidField("attachment.mac_point", "not a point");
  Located out;
  out.index = *storage::AttachmentIndex::From(index->view());
  std::string message;
  crypto::AppendLv(message, claim.thread_id);
  crypto::AppendLv(message, claim.message_id);
  out.tag = crypto::Mac(message, crypto::Secret::CopyOf(mac_key->view()));
  return out;
}

absl::StatusOr<Located> MapAlive(const Clock& clock, const MemberView& view, const Claim& claim,
                                 const storage::Place& read_place) {
  const auto scalar = ScalarOf(view);
  if (!scalar.ok()) return scalar.status();
  absl::StatusOr<Located> out = Map(*scalar, claim);
  if (!out.ok()) return out;
  const auto location = FindMessage(view, 0);
  if (!location.ok()) return location.status();
  const auto& row = view.values.back();
  if (!location->has_value() || !row.has_value()) return out;
  if (mailbox::FromRecord((*location)->place()) != read_place) return out;
  const auto message = ParseRecord<storage_v1::MessageRecord>(*row);
  if (!message.ok()) return message.status();
  out->message_expire_ms = message->expire_ms();
  out->message_alive =
      message->expire_ms() == 0 || message->expire_ms() > std::max(clock.NowMs(), view.head.expired_through_ms());
  return out;
}

}  // namespace

void Locate(storage::Engine& engine, const Clock& clock, const mailbox::Caller& caller, Claim claim,
            absl::Time deadline, Reply<Located> done) {
  std::vector<Claim> claims = {std::move(claim)};
  mailbox::MemberReadRequest lookup{caller, mailbox::Access::kDevice, KeysOf(caller, claims), {}, deadline};
  mailbox::MemberRead(
      engine, std::move(lookup),
      [&engine, &clock, caller, claims = std::move(claims), deadline,
       done = std::move(done)](absl::StatusOr<MemberView> found) mutable {
        if (!found.ok()) return std::move(done)(found.status());
        const auto location = FindMessage(*found, 0);
        if (!location.ok()) return std::move(done)(location.status());
        // The index leads to the row, so it takes a second read; a missing message gets one as well.
        const storage::Place place =
            location->has_value() ? mailbox::FromRecord((*location)->place()) : storage::Place();
        const uint32_t thread = location->has_value() ? (*location)->thread_number() : 0;
        mailbox::MemberReadRequest read{caller, mailbox::Access::kDevice, KeysOf(caller, claims), {}, deadline};
        read.keys.push_back(keys::Message(thread, place));
        mailbox::MemberRead(engine, std::move(read),
                            [&clock, claims = std::move(claims), place,
                             done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
                              if (!view.ok()) return std::move(done)(view.status());
                              std::move(done)(MapAlive(clock, *view, claims[0], place));
                            });
      });
}

void LocateAll(storage::Engine& engine, const mailbox::Caller& caller, std::vector<Claim> claims, absl::Time deadline,
               Reply<std::vector<Located>> done) {
  mailbox::MemberReadRequest read{caller, mailbox::Access::kDevice, KeysOf(caller, claims), {}, deadline};
  mailbox::MemberRead(engine, std::move(read),
                      [claims = std::move(claims), done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
                        if (!view.ok()) return std::move(done)(view.status());
                        const auto scalar = ScalarOf(*view);
                        if (!scalar.ok()) return std::move(done)(scalar.status());
                        std::vector<Located> all;
                        for (std::size_t i = 0; i < claims.size(); ++i) {
                          auto located = Map(*scalar, claims[i]);
                          if (!located.ok()) return std::move(done)(located.status());
                          const auto location = FindMessage(*view, i);
                          if (!location.ok()) return std::move(done)(location.status());
                          located->message_alive = location->has_value();
                          all.push_back(*std::move(located));
                        }
                        std::move(done)(std::move(all));
                      });
}

}  // namespace labyrinth::attachments
